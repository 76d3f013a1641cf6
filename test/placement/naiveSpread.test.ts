import assert from 'node:assert/strict';
import fc from 'fast-check';
import {test} from 'vitest';
import {place} from '../../src/placement/place.ts';
import {allocationOf, makeRequest, makeWorker, tableOf} from './builders.ts';
import {NaiveSpread} from './naiveSpread.ts';

/** Three sizes, of which two are of one group; the third has a pool with a bound of its own. */
const SIZES = [
  {cpuMillis: 4_000, memoryBytes: 8_000, containers: 40},
  {cpuMillis: 5_000, memoryBytes: 6_000, containers: 9},
  {cpuMillis: 20_000, memoryBytes: 50_000, containers: 100, poolName: 'large'},
];

const worlds = fc.record({
  workers: fc.array(fc.nat({max: 2}), {minLength: 1, maxLength: 40}),
  gpuCount: fc.constantFrom(0, 0, 2),
  bounds: fc.tuple(fc.constantFrom(1, 1.25, 2), fc.constantFrom(1, 1.5)),
  batches: fc.array(
    fc.array(
      fc.record({
        kind: fc.nat({max: 3}),
        key: fc.oneof({weight: 2, arbitrary: fc.nat({max: 3})}, fc.nat({max: 60})),
        isChosen: fc.boolean(),
      }),
      {minLength: 1, maxLength: 80},
    ),
    {minLength: 1, maxLength: 3},
  ),
});

test('requests spread just as they would if every decision looked at every worker', () => {
  fc.assert(
    fc.property(worlds, ({workers: sizes, gpuCount, bounds, batches}) => {
      const workers = sizes.map((size, index) =>
        makeWorker({name: `w-${index}`, gpuCount, ...SIZES[size]!}),
      );
      const pools = ['default', 'large'].map((name, index) => ({
        name,
        strategy: 'Spread' as const,
        loadBound: bounds[index]!,
      }));
      const kinds = [
        {cpuMillis: 100, memoryBytes: 100},
        {cpuMillis: 700, memoryBytes: 0},
        {cpuMillis: 0, memoryBytes: 900},
        gpuCount > 0
          ? {cpuMillis: 0, memoryBytes: 0, gpuCount: 1, gpuMillis: 300}
          : {cpuMillis: 0, memoryBytes: 0},
      ];
      const table = tableOf(workers);
      for (const pool of pools) table.upsertPool(pool);
      const naive = new NaiveSpread(workers, pools);
      for (const drawn of batches) {
        const batch = drawn.map(({kind, key, isChosen}) =>
          makeRequest({...kinds[kind]!, affinityKey: `key-${key}`, affinityExplicit: isChosen}),
        );
        const {assigned, unplaced} = place(batch, table.snapshot());
        for (const one of assigned) table.take(allocationOf(one));
        const decided = naive.place(batch);
        assert.deepEqual(
          assigned.map(({request: {uid}, workerName, affinity}) => ({uid, workerName, affinity})),
          decided.filter(({workerName}) => workerName !== undefined),
        );
        assert.equal(unplaced.length, decided.length - assigned.length);
      }
    }),
    {numRuns: 300},
  );
});
