import {describe, expect, it} from 'vitest';
import type {BurstFigures, PerfFigures} from '../../../src/cli/perf/figures.ts';
import {perfAsJson, perfReport} from '../../../src/cli/perf/report.ts';
import {makeBurst, makeOldBurst, makePerf, unseen} from './figures.ts';

const text = (figures: Partial<PerfFigures> = {}) => perfReport(makePerf(figures)).join('\n');
const ofOurs = (...bursts: Partial<BurstFigures>[]) =>
  text({rounds: bursts.map((one) => ({floorMs: 320, ours: makeBurst(one), old: undefined}))});

describe('the report of a measurement', () => {
  it('begins with the server, the burst and the ratio to the floor', () => {
    expect(text().trimStart().split('\n').slice(0, 4)).toEqual([
      'On the API server v1.36.3 at https://server',
      '100 ContainerRequests on 20 Workers, kubernetes ledger, operator in this process',
      '',
      'Total / floor: 1.25',
    ]);
  });

  it('says every figure of the guide', () => {
    for (const line of [
      /total: +400\.0 ms/,
      /floor: +320\.0 ms/,
      /average per request: +4\.0 ms/,
      /creates: +200\.0 ms/,
      /create -> placed, p50: +90\.0 ms/,
      /create -> placed, p99: +180\.0 ms/,
      /decisions, summed: +2\.0 ms/,
      /ledger commits, summed: +30\.0 ms/,
      /event-loop delay, p99: +3\.0 ms/,
      /event-loop delay, most: +8\.0 ms/,
      /creates still arriving: +180\.0 ms, 45\.0 %/,
      /on the way to the operator: +4\.0 ms, 1\.0 %/,
      /waiting for a batch: +50\.0 ms/,
      /snapshot: +0\.5 ms/,
      /decision: +2\.0 ms, 0\.5 %/,
      /assume: +0\.5 ms/,
      /ledger commit: +30\.0 ms, 7\.5 %/,
      /status writes under way: +120\.0 ms, 30\.0 %/,
      /seen by the watcher: +4\.0 ms/,
      /sum: +98\.0 %/,
      /requests placed: +100/,
      /workers used: +20/,
      /batches: +2, last round: 40, 60/,
      /lock acquisitions: +2, 0\.020 per request, one per ledger commit/,
      /capacity updates: +2, 0\.020 per request, counted by the ledger server/,
      /worker sums in them: +40/,
      /rejected by the ledger: +0/,
      /status writes: +100, 1\.000 per request, counted by the API server/,
      /hits: +100 /,
      /misses: +1, the cold first read included/,
      /hit rate: +99\.0 %/,
      /invalidations: +2/,
      /staleness at decision: +12\.0 ms at most/,
      /worker-20: 5 \(5\.0 %\)/,
      /revisions: +240/,
      /violations: +0/,
      /Versions: berth 0\.1\.0, node v24\.0\.0/,
    ]) {
      expect(text()).toMatch(line);
    }
    expect(text().match(/^ {2}✓ /gm)).toHaveLength(10);
    expect(text()).not.toMatch(/✗|NaN|undefined|Infinity/);
  });

  it('compares old with new, figure by figure', () => {
    for (const line of [
      /total +1600\.0 ms +400\.0 ms +4\.00 x/,
      /total \/ floor +5\.00 +1\.25 +4\.00 x/,
      /create -> placed, p99 +1500\.0 ms +180\.0 ms +8\.33 x/,
      /lock acquisitions +100 +2 +50 x/,
      /capacity updates +100 +2 +50 x/,
      /calls for capacity +400 +2 +200 x/,
      /cache hit rate +0\.0 % +99\.0 % +-/,
      /cache invalidations +100 +2 +50 x/,
    ]) {
      expect(text()).toMatch(line);
    }
    expect(ofOurs({})).not.toMatch(/Old against new/);
  });

  it('gives the median of several rounds, with the least and the most', () => {
    const lines = ofOurs({totalMs: 400}, {totalMs: 480}, {totalMs: 320});
    expect(lines).toMatch(/, 3 rounds: median \(least\.\.most\)\n/);
    expect(lines).toMatch(/Total \/ floor: 1\.25 \(1\.00\.\.1\.50\)\n/);
    expect(lines).toMatch(/total: +400\.0 ms \(320\.0 ms\.\.480\.0 ms\)\n/);
  });

  it('says that something else ran where the floors differ', () => {
    const round = makePerf().rounds[0]!;
    const withFloors = (...floors: number[]) =>
      text({rounds: floors.map((floorMs) => ({...round, floorMs}))});
    expect(withFloors(300, 600)).toMatch(
      /The slowest floor took 2\.0 times as long as the fastest: something else ran here\n/,
    );
    expect(withFloors(300, 380)).not.toMatch(/something else/);
  });

  it('has no total where one round did not place all, and says who waits and why', () => {
    const waiting = {'ours-2-7': 'Unplaceable: 0/20 workers fit'};
    const lines = ofOurs({}, {placed: 99, totalMs: undefined, waiting});
    expect(lines).toMatch(/Total \/ floor: -\n/);
    expect(lines).toMatch(/ours-2-7 waits: Unplaceable: 0\/20 workers fit/);
    expect(lines).toMatch(/✗ all 100 requests placed: 99 \(1 of 2 rounds\)/);
    expect(lines).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('says that the operator counted where nobody else did', () => {
    const lines = text({
      rounds: [{floorMs: 320, ours: makeBurst({outside: unseen}), old: makeOldBurst()}],
    });
    expect(lines).toMatch(/capacity updates: .*, counted by the operator itself/);
    expect(lines).toMatch(/calls for capacity +400 +- +-/);
    expect(lines).toMatch(/status writes: +-/);
  });

  it('names the cause of what does not hold, and what to change', () => {
    expect(text()).not.toMatch(/Diagnosis/);
    expect(ofOurs({cacheHits: 90, cacheMisses: 10})).toMatch(
      /\nDiagnosis\n {2}cache misses: 10 reads .*\n {4}to change: watch\.silenceMs and .*\n/,
    );
  });

  it('names each violation', () => {
    expect(ofOurs({violations: ['overcommitted at revision 7: worker-1']})).toMatch(
      /violations: +1\n {2}overcommitted at revision 7: worker-1/,
    );
  });

  it('sums up the distribution over many workers', () => {
    const distribution = {'worker-1': 2, 'worker-2': 3, 'worker-3': 2};
    const rounds = [{floorMs: 320, ours: makeBurst({distribution}), old: undefined}];
    expect(text({workers: 41, rounds})).toMatch(
      /Worker distribution.*\n {2}2 workers with 2 each\n {2}1 workers with 3 each/,
    );
  });

  it('is the same in JSON, with each round and the verdict', () => {
    const parsed: unknown = JSON.parse(JSON.stringify(perfAsJson(makePerf())));
    expect(parsed).toMatchObject({
      ledger: 'kubernetes',
      summary: {
        totalMs: {median: 400, least: 400, most: 400},
        floorMs: {median: 320},
        totalPerFloor: {median: 1.25},
      },
      rounds: [{floorMs: 320, ours: {batchSizes: [40, 60]}, old: {locks: 100}}],
    });
    expect(parsed).toHaveProperty('criteria.length', 10);
    expect(parsed).toHaveProperty('diagnosis', []);
    expect(parsed).toHaveProperty('oldAgainstNew.length', 9);
  });
});
