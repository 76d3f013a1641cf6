import assert from 'node:assert/strict';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {place} from '../../src/placement/place.ts';
import type {PlacementRequest, Plan} from '../../src/placement/plan.ts';
import {
  allocationOf,
  countByWorker,
  makeAllocation,
  makeRequest,
  makeRequests,
  makeWorker,
  makeWorkers,
  snapshotOf,
  tableOf,
} from './builders.ts';
import {SPREAD_SIZES} from './spreadQuality.ts';

describe('without a chosen key', () => {
  test.each(SPREAD_SIZES)('$requests equal requests share $workers workers evenly', (size) => {
    const workers = makeWorkers(size.workers);
    const plan = place(makeRequests(size.requests), snapshotOf(workers));
    const counts = [...countByWorker(plan.assigned, workers).values()];
    expect(new Set(counts)).toEqual(new Set([size.requests / size.workers]));
  });

  test('the load is level after every single decision, however the stream is cut into batches', () => {
    const streams = fc.record({
      workers: fc.integer({min: 1, max: 40}),
      batches: fc.array(fc.integer({min: 1, max: 60}), {minLength: 1, maxLength: 8}),
      cpuMillis: fc.integer({min: 0, max: 333}),
      memoryBytes: fc.integer({min: 0, max: 77_777_777}),
      images: fc.integer({min: 1, max: 5}),
    });
    fc.assert(
      fc.property(streams, ({batches, images, ...options}) => {
        const workers = makeWorkers(options.workers, {
          cpuMillis: 200_000,
          memoryBytes: 2 ** 37,
          containers: 1000,
        });
        const table = tableOf(workers);
        const counts = countByWorker([], workers);
        for (const [number, size] of batches.entries()) {
          const batch = Array.from({length: size}, (_, index) => {
            const {cpuMillis, memoryBytes} = options;
            const affinityKey = `image-${(number + index) % images}`;
            return makeRequest({cpuMillis, memoryBytes, affinityKey, affinityExplicit: false});
          });
          const plan = place(batch, table.snapshot());
          assert.equal(plan.unplaced.length, 0);
          for (const one of plan.assigned) {
            table.take(allocationOf(one));
            counts.set(one.workerName, counts.get(one.workerName)! + 1);
            const all = [...counts.values()];
            assert(Math.max(...all) - Math.min(...all) <= 1, `uneven: ${all.join()}`);
          }
        }
      }),
      {numRuns: 100},
    );
  });

  test('batches of 37, 33 and 30 on 20 workers end with 5 each', () => {
    const workers = makeWorkers(20);
    const table = tableOf(workers);
    const assigned = [37, 33, 30].flatMap((size) => {
      const plan = place(makeRequests(size), table.snapshot());
      for (const one of plan.assigned) table.take(allocationOf(one));
      return plan.assigned;
    });
    expect(new Set(countByWorker(assigned, workers).values())).toEqual(new Set([5]));
  });

  test('a worker twice the size takes twice as many', () => {
    const workers = [
      makeWorker({name: 'large', cpuMillis: 8000, memoryBytes: 2 ** 34, containers: 500}),
      ...makeWorkers(2, {cpuMillis: 4000, memoryBytes: 2 ** 33}),
    ];
    const plan = place(makeRequests(40), snapshotOf(workers));
    expect(countByWorker(plan.assigned, workers).get('large')).toBe(20);
  });

  test('an image goes to its own worker first, as long as no other one is emptier', () => {
    const workers = makeWorkers(20);
    const image = {affinityKey: 'image', affinityExplicit: false};
    const plan = place(makeRequests(2, image), snapshotOf(workers));
    expect(plan.assigned.map(({affinity}) => affinity)).toEqual(['Warm', 'Near']);
  });

  test('an image that finds no worker empty enough does not close them to the next image', () => {
    const image = (affinityKey: string) => ({affinityKey, affinityExplicit: false});
    const batch = [...makeRequests(10, image('first')), makeRequest(image('second'))];
    const {assigned} = place(batch, snapshotOf(makeWorkers(200)));
    expect(assigned.map(({affinity}) => affinity)).toEqual([
      'Warm',
      ...Array<string>(7).fill('Near'),
      'None',
      'None',
      'Warm',
    ]);
  });

  test('requests are levelled also where they ask nothing of the fullest resource', () => {
    const workers = makeWorkers(4);
    const table = tableOf(workers);
    for (const {name} of workers) {
      table.take(makeAllocation({uid: name, workerName: name, memoryBytes: 7 * 2 ** 30}));
    }
    const plan = place(makeRequests(20, {memoryBytes: 0}), table.snapshot());
    expect(new Set(countByWorker(plan.assigned, workers).values())).toEqual(new Set([5]));
  });

  test('loads that differ already are levelled', () => {
    const workers = makeWorkers(4);
    const table = tableOf(workers);
    for (const {workerName, ...rest} of place(makeRequests(4), table.snapshot()).assigned) {
      if (workerName !== 'w-3') table.take(allocationOf({workerName, ...rest}));
    }
    const plan = place(makeRequests(5), table.snapshot());
    expect(countByWorker(plan.assigned, workers).get('w-3')).toBe(2);
  });
});

describe('with chosen keys', () => {
  test.each([1, 1.25, 2])('a load bound of %d holds when all want the same worker', (loadBound) => {
    const workers = makeWorkers(20);
    const table = tableOf(workers);
    table.upsertPool({name: 'default', strategy: undefined, loadBound});
    const plan = place(makeRequests(100, {affinityKey: 'hot'}), table.snapshot());
    const counts = countByWorker(plan.assigned, workers).values();
    expect(Math.max(...counts)).toBe(Math.floor(5 * loadBound));
  });

  test('what was there before the batch counts towards the mean', () => {
    const table = tableOf(makeWorkers(20));
    for (const one of place(makeRequests(100), table.snapshot()).assigned) {
      table.take(allocationOf(one));
    }
    expect(shareOf(place(uniformKeys(20), table.snapshot()), 'Warm')).toBeGreaterThan(0.6);
  });

  test('fewer requests than workers are on their first choice, not on the least loaded', () => {
    const plan = place(uniformKeys(10), snapshotOf(makeWorkers(200)));
    expect(shareOf(plan, 'Warm')).toBeGreaterThan(0.8);
  });

  test('requests with one key meet on one worker, also when they come one by one', () => {
    const table = tableOf(makeWorkers(50));
    table.upsertPool({name: 'default', strategy: undefined, loadBound: 1000});
    const names = Array.from({length: 5}, () => {
      const [one] = place([makeRequest({affinityKey: 'model'})], table.snapshot()).assigned;
      assert(one);
      table.take(allocationOf(one));
      return [one.workerName, one.affinity];
    });
    expect(new Set(names.map(String)).size).toBe(1);
    expect(names[0]![1]).toBe('Warm');
  });
});

test('the largest requests are placed first, so that the small ones level what they leave', () => {
  const workers = makeWorkers(4);
  const batch = [
    ...makeRequests(4, {cpuMillis: 100}),
    ...makeRequests(4, {cpuMillis: 3000}),
    ...makeRequests(2, {cpuMillis: 1000, priority: 1}),
  ];
  const order = place(batch, snapshotOf(workers)).assigned.map(({request}) =>
    batch.indexOf(request),
  );
  expect(order).toEqual([8, 9, 4, 5, 6, 7, 0, 1, 2, 3]);
});

function uniformKeys(count: number, options = {}): PlacementRequest[] {
  return Array.from({length: count}, (_, index) =>
    makeRequest({affinityKey: `model-${index}`, ...options}),
  );
}

function shareOf({assigned}: Plan, affinity: 'Warm' | 'Near' | 'None'): number {
  return assigned.filter((one) => one.affinity === affinity).length / assigned.length;
}
