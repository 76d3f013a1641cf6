import assert from 'node:assert/strict';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {BatchState} from '../../src/placement/batchState.ts';
import {fits} from '../../src/placement/freeCapacity.ts';
import type {FrozenSnapshot} from '../../src/placement/frozenSnapshot.ts';
import {LeastLoaded} from '../../src/placement/leastLoaded.ts';
import {type Addition, NOTHING, writeLoad} from '../../src/placement/load.ts';
import {place} from '../../src/placement/place.ts';
import type {PlacementRequest, PlacementWorker} from '../../src/placement/plan.ts';
import {Tier} from '../../src/placement/tier.ts';
import {makeRequest, makeRequests, makeWorker, makeWorkers, snapshotOf} from './builders.ts';

const mebibytes = (count: number) => count * 2 ** 20;

/** The position with the least load, the lowest of equals; -1 of none. */
function leastOf(positions: readonly number[], loadOf: (position: number) => number): number {
  return positions.toSorted((a, b) => loadOf(a) - loadOf(b) || a - b)[0] ?? -1;
}

/** Places by `LeastLoaded` and checks each choice against a look at every worker. */
function placeAndCompare(
  workers: readonly PlacementWorker[],
  classes: readonly PlacementRequest[],
  turns: readonly number[],
): void {
  const {rows} = snapshotOf(workers) as FrozenSnapshot;
  const state = new BatchState(rows, turns.length);
  const tier = new Tier(false, rows);
  for (const [position, worker] of rows.layout.workers.entries()) if (worker) tier.add(position);
  const amountsOf = ({demand}: PlacementRequest) => ({
    one: {
      cpuMillis: demand.cpuMillis,
      memoryBytes: demand.memoryBytes,
      containers: 1,
      gpuMillis: 0,
    },
    amounts: Float64Array.of(demand.cpuMillis, demand.memoryBytes),
  });
  const opened = classes.map((request) => {
    const {one, amounts} = amountsOf(request);
    const {demand} = request;
    return {demand, one, amounts, leastLoaded: new LeastLoaded(tier, {demand, one, state})};
  });
  const devices = new Int32Array(0);
  for (const turn of turns) {
    const {demand, one, amounts, leastLoaded} = opened[turn % opened.length]!;
    const withRoom = [...tier.ranks].filter((position) => fits(state.free, position, demand));
    const loadWith = (added: Addition) => (position: number) => {
      const load = new Float64Array(1);
      writeLoad(rows, position, added, load, 0);
      return load[0]!;
    };
    const bySize = Map.groupBy(withRoom, (position) => rows.layout.sizeGroup[position]);
    const tops = [...bySize.values()].map((some) => leastOf(some, loadWith(NOTHING)));
    const wanted = leastOf(tops, loadWith(one));
    assert.equal(leastLoaded.find(), wanted);
    if (wanted >= 0) state.take(wanted, {demand, amounts}, devices, 0);
  }
  state.restore();
}

const worker = fc.record({
  cpuMillis: fc.constantFrom(500, 1000, 2000, 4000, 16_000),
  memoryBytes: fc.constantFrom(1, 2, 4).map((count) => mebibytes(count * 1024)),
  containers: fc.constantFrom(3, 250),
});
const request = fc.record({
  // Without cpu the loads of workers of different sizes are the same to the bit.
  cpuMillis: fc.constantFrom(0, 100, 400, 1000),
  memoryBytes: fc.constantFrom(0, 128, 512, 2048).map(mebibytes),
});

test('the least loaded worker with room is the one that a look at all of them finds', () => {
  fc.assert(
    fc.property(
      fc.array(worker, {minLength: 1, maxLength: 150}),
      fc.array(request, {minLength: 1, maxLength: 3}),
      fc.array(fc.nat({max: 2}), {maxLength: 100}),
      (options, demands, turns) => {
        const workers = options.map((one, index) => makeWorker({name: `w-${index}`, ...one}));
        placeAndCompare(
          workers,
          demands.map((demand) => makeRequest(demand)),
          turns,
        );
      },
    ),
    {numRuns: 150},
  );
});

test('of equals in several groups of sizes the first one is taken', () => {
  const sizes = [1000, 4000, 500, 16_000, 2000];
  const workers = sizes.flatMap((cpuMillis) =>
    makeWorkers(20, {cpuMillis}).map((one) => ({...one, name: `${one.name}-of-${cpuMillis}`})),
  );
  placeAndCompare(workers, [makeRequest({cpuMillis: 0})], Array(250).fill(0));
});

test('three workers with room are found among 2,000 idle ones without, and shared evenly', () => {
  const small = makeWorkers(2000, {memoryBytes: mebibytes(64)});
  const large = makeWorkers(3).map((one) => ({...one, name: `large-${one.name}`}));
  const plan = place(makeRequests(30, {affinityExplicit: false}), snapshotOf([...small, ...large]));
  const counts = Map.groupBy(plan.assigned, ({workerName}) => workerName);
  const shares = new Map([...counts].map(([name, some]) => [name, some.length]));
  expect(shares).toEqual(new Map(large.map(({name}) => [name, 10])));
  placeAndCompare(
    [...small, ...large],
    [makeRequest(), makeRequest({memoryBytes: 0})],
    [...Array.from({length: 90}, (_, index) => index % 2)],
  );
});
