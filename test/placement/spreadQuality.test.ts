import {describe, expect, test} from 'vitest';
import {place} from '../../src/placement/place.ts';
import type {Keying} from './bench/keys.ts';
import {countByWorker, makeRequest, makeRequests, makeWorkers, snapshotOf} from './builders.ts';
import {SPREAD_SIZES, spreadQuality} from './spreadQuality.ts';

/** Draws of the keys; 10,000 requests are draws enough by themselves. */
const seedsFor = (requests: number) => (requests > 1_000 ? 2 : 20);

/**
 * Deterministic, so that the bounds stand close to what was measured (README.md): mean warm share,
 * and how much more often a request meets its key than with the least loaded worker for each. The
 * fullest worker is bound by the load bound of 1.25 itself, in whole requests.
 */
const bounds: readonly {
  readonly keying: Keying;
  readonly workers: number;
  readonly warm: number;
  readonly met: number;
}[] = [
  {keying: 'uniform keys', workers: 20, warm: 0.79, met: 0.7},
  {keying: 'uniform keys', workers: 40, warm: 0.78, met: 0.7},
  {keying: 'uniform keys', workers: 10, warm: 0.84, met: 0.79},
  {keying: 'uniform keys', workers: 1_000, warm: 0.85, met: 0.79},
  {keying: 'Zipf 1.1 keys', workers: 20, warm: 0.64, met: 0.7},
  {keying: 'Zipf 1.1 keys', workers: 40, warm: 0.54, met: 0.7},
  {keying: 'Zipf 1.1 keys', workers: 10, warm: 0.74, met: 0.81},
  {keying: 'Zipf 1.1 keys', workers: 1_000, warm: 0.26, met: 0.62},
];

describe('requests with keys', () => {
  test.each(bounds)(
    '$keying on $workers workers: at least $warm warm and $met met, none above the load bound',
    ({keying, workers, warm, met}) => {
      const {requests} = SPREAD_SIZES.find((size) => size.workers === workers)!;
      const quality = spreadQuality({workers, requests, keying}, seedsFor(requests));
      const mostOverMean = Math.floor((1.25 * requests) / workers) / (requests / workers);
      expect(quality.unplaced).toBe(0);
      expect(quality.worstMaxOverMean).toBeLessThanOrEqual(mostOverMean);
      expect(quality.warmShare).toBeGreaterThanOrEqual(warm);
      expect(quality.metShare).toBeGreaterThanOrEqual(met);
      expect(quality.metShare).toBeGreaterThan(2 * quality.leastLoadedMetShare);
    },
  );

  test('a larger load bound buys warm requests with uneven workers', () => {
    const at = (loadBound: number) =>
      spreadQuality({workers: 40, requests: 200, keying: 'uniform keys', loadBound}, 20);
    const [tight, usual, loose] = [at(1.05), at(1.25), at(2)];
    expect(tight.warmShare).toBeLessThan(usual.warmShare - 0.03);
    expect(usual.warmShare).toBeLessThan(loose.warmShare - 0.03);
    expect(tight.worstMaxOverMean).toBeLessThan(usual.worstMaxOverMean);
    expect(usual.worstMaxOverMean).toBeLessThan(loose.worstMaxOverMean);
  });

  test.each(SPREAD_SIZES)(
    'one key for half of $requests requests stays within the load bound of $workers workers',
    ({workers: count, requests}) => {
      const workers = makeWorkers(count, {cpuMillis: 64_000, memoryBytes: 2 ** 38});
      const batch = [
        ...makeRequests(requests / 2, {affinityKey: 'hot'}),
        ...Array.from({length: requests / 2}, (_, index) =>
          makeRequest({affinityKey: `model-${index}`}),
        ),
      ];
      const {assigned} = place(batch, snapshotOf(workers));
      const counts = [...countByWorker(assigned, workers).values()];
      expect(assigned).toHaveLength(requests);
      expect(Math.max(...counts)).toBeLessThanOrEqual((1.25 * requests) / count);
    },
  );
});
