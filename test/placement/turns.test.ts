import assert from 'node:assert/strict';
import fc from 'fast-check';
import {test} from 'vitest';
import type {Allocation} from '../../src/api/resources.ts';
import {hashString} from '../../src/lib/hash.ts';
import {place} from '../../src/placement/place.ts';
import type {PlacementRequest, PlacementWorker} from '../../src/placement/plan.ts';
import {allocationOf, makeAllocation, makeRequest, makeWorker, tableOf} from './builders.ts';
import {whyNot} from './oracle.ts';

const GIBIBYTE = 2 ** 30;

const workers = fc
  .array(
    fc.record({
      gpuCount: fc.integer({min: 2, max: 5}),
      cpuMillis: fc.constantFrom(3_000, 8_000, 20_000),
      memoryBytes: fc.constantFrom(4 * GIBIBYTE, 16 * GIBIBYTE),
      containers: fc.constantFrom(2, 20),
    }),
    {minLength: 1, maxLength: 4},
  )
  .map((list) => list.map((one, index) => makeWorker({name: `w-${index}`, ...one})));

/** All of one kind: then requests of one priority are decided in the order of the batch. */
const kinds = [
  [{gpuCount: 2}, {gpuCount: 3}],
  [
    {gpuCount: 1, gpuMillis: 250},
    {gpuCount: 1, gpuMillis: 600},
  ],
] as const;
const batches = fc.constantFrom(...kinds).chain((kind) =>
  fc.array(
    fc
      .record({
        gpu: fc.constantFrom(...kind),
        cpuMillis: fc.constantFrom(0, 500, 2_500),
        memoryBytes: fc.constantFrom(0, GIBIBYTE, 5 * GIBIBYTE),
        priority: fc.constantFrom(0, 1, 2),
      })
      .map(({gpu, ...rest}) => makeRequest({...rest, ...gpu})),
    {minLength: 5, maxLength: 30},
  ),
);

/** The largest part of what is asked for that the worker lacks. */
function lackOf(
  {demand}: PlacementRequest,
  {name, capacity}: PlacementWorker,
  held: readonly Allocation[],
): number {
  const mine = held.filter(({workerName}) => workerName === name);
  const free = (total: number, of: (one: Allocation) => number) =>
    mine.reduce((left, one) => left - of(one), total);
  const part = (wanted: number, left: number) => Math.max(0, wanted - left) / Math.max(1, wanted);
  const devices = Array.from({length: capacity.gpuCount}, (_, device) =>
    free(1000, ({gpuDevices, gpuMillis}) => (gpuDevices.includes(device) ? gpuMillis : 0)),
  );
  const {gpuCount, gpuMillis} = demand;
  const fitting = devices.filter((left) => left >= gpuMillis).length;
  const milli = devices.reduce((sum, left) => sum + left, 0);
  return Math.max(
    part(
      demand.cpuMillis,
      free(capacity.cpuMillis, ({cpuMillis}) => cpuMillis),
    ),
    part(
      demand.memoryBytes,
      free(capacity.memoryBytes, ({memoryBytes}) => memoryBytes),
    ),
    part(
      1,
      free(capacity.containers, () => 1),
    ),
    fitting >= gpuCount ? 0 : Math.max(part(gpuCount * gpuMillis, milli), 1 / (gpuCount + 1)),
  );
}

test('a class is judged by what was taken in its turn: outranked, or short, and who is nearest', () => {
  fc.assert(
    fc.property(workers, batches, (all, batch) => {
      const table = tableOf(all);
      // Somebody is there already, on a part of a device.
      const bound = makeAllocation({
        uid: 'bound',
        workerName: 'w-0',
        gpuDevices: [1],
        gpuMillis: 300,
      });
      table.take(bound);
      const {assigned, unplaced} = place(batch, table.snapshot());
      const decided = batch.toSorted((one, other) => other.priority - one.priority);
      const seen = new Set<string>();
      for (const {request, verdict} of unplaced) {
        if (seen.has(request.classKey)) continue;
        seen.add(request.classKey);
        const earlier = new Set(decided.slice(0, decided.indexOf(request)));
        const before = assigned.filter((one) => earlier.has(one.request));
        const held = [bound, ...before.map(allocationOf)];
        const equal = before.filter((one) => one.request.priority === request.priority);
        const ofEqual = [bound, ...equal.map(allocationOf)];
        const counts: Record<string, number> = {};
        for (const worker of all) {
          const isOutranked = whyNot(request, worker, ofEqual) === undefined;
          const reason = isOutranked ? 'Outranked' : whyNot(request, worker, held)!;
          counts[reason] = (counts[reason] ?? 0) + 1;
        }
        assert.deepEqual(
          Object.fromEntries(verdict.counts.map(({reason, workers: count}) => [reason, count])),
          counts,
        );
        const [nearest] = all
          .map((worker) => ({worker, lack: lackOf(request, worker, held)}))
          .toSorted(
            (one, other) =>
              (Math.abs(one.lack - other.lack) < 1e-9 ? 0 : one.lack - other.lack) ||
              hashString(one.worker.name) - hashString(other.worker.name),
          );
        assert.equal(verdict.nearest?.workerName, nearest!.worker.name);
      }
    }),
    {numRuns: 300},
  );
});
