import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {Allocation} from '../../src/api/resources.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import type {WorkerTable} from '../../src/placement/workerTable.ts';
import {WorkerCache} from '../../src/watch/workerCache.ts';
import {FakeWorkerTable} from './fakeWorkerTable.ts';
import {makeAllocation, makeWorker} from './records.ts';

/**
 * What a cache must be equal to, as plainly as it can be said: two maps, and sums made on demand.
 */
class Model {
  readonly workers = new Set<string>();
  readonly assumed = new Map<string, Allocation>();
  readonly bound = new Map<string, Allocation>();

  get all(): Allocation[] {
    return [...this.assumed.values(), ...this.bound.values()];
  }
}

type Operation = (cache: WorkerCache, model: Model) => void;

const uids = fc.constantFrom('r-0', 'r-1', 'r-2', 'r-3', 'r-4');
const workerNames = fc.constantFrom('w-0', 'w-1', 'w-2');
const allocations = fc
  .record({
    uid: uids,
    workerName: workerNames,
    cpuMillis: fc.constantFrom(0, 100, 250),
    memoryBytes: fc.constantFrom(0, 2 ** 30),
    gpuDevices: fc.subarray([0, 1, 2]),
    gpuMillis: fc.constantFrom(300, 1000),
  })
  .map((fields) =>
    makeAllocation({...fields, gpuMillis: fields.gpuDevices.length > 0 ? fields.gpuMillis : 0}),
  );

const operations: fc.Arbitrary<Operation> = fc.oneof(
  allocations.map(
    (allocation): Operation =>
      (cache, model) => {
        cache.assume(allocation);
        if (!model.bound.has(allocation.uid)) model.assumed.set(allocation.uid, allocation);
      },
  ),
  allocations.map(
    (allocation): Operation =>
      (cache, model) => {
        cache.confirm(allocation);
        model.assumed.delete(allocation.uid);
        model.bound.set(allocation.uid, allocation);
      },
  ),
  uids.map(
    (uid): Operation =>
      (cache, model) => {
        const wanted = model.assumed.get(uid) ?? model.bound.get(uid);
        expect(cache.forget(uid)).toEqual(wanted);
        model.assumed.delete(uid);
        model.bound.delete(uid);
      },
  ),
  uids.map(
    (uid): Operation =>
      (cache, model) => {
        cache.forgetAssumed(uid);
        model.assumed.delete(uid);
      },
  ),
  workerNames.map(
    (name): Operation =>
      (cache, model) => {
        cache.upsertWorker(makeWorker({name, capacity: {gpuCount: 3, gpuType: 'a100'}}));
        model.workers.add(name);
      },
  ),
  workerNames.map(
    (name): Operation =>
      (cache, model) => {
        cache.removeWorker(name);
        model.workers.delete(name);
      },
  ),
  fc.subarray(['w-0', 'w-1', 'w-2']).map(
    (names): Operation =>
      (cache, model) => {
        cache.replaceWorkers(
          names.map((name) => makeWorker({name, capacity: {gpuCount: 3, gpuType: 'a100'}})),
        );
        model.workers.clear();
        for (const name of names) model.workers.add(name);
      },
  ),
  fc.constant<Operation>((cache) => {
    cache.snapshot();
  }),
);

function compare(cache: WorkerCache, table: FakeWorkerTable, model: Model): void {
  const byUid = (left: Allocation, right: Allocation) => (left.uid < right.uid ? -1 : 1);
  const sorted = (list: Iterable<Allocation>) => [...list].sort(byUid);
  expect([...cache.workers()].map(({name}) => name).sort()).toEqual([...model.workers].sort());
  expect([...table.workers.keys()].sort()).toEqual([...model.workers].sort());
  expect(sorted(cache.allocations())).toEqual(sorted(model.all));
  expect(sorted(cache.boundAllocations())).toEqual(sorted(model.bound.values()));
  expect([...cache.assumedOlderThan(0)].sort()).toEqual([...model.assumed.keys()].sort());
  expect(sorted(table.taken)).toEqual(sorted(model.all));
  for (const name of ['w-0', 'w-1', 'w-2']) {
    const on = model.all.filter(({workerName}) => workerName === name);
    const usage = cache.usageOf(name);
    expect(usage.cpuMillis).toBe(on.reduce((sum, {cpuMillis}) => sum + cpuMillis, 0));
    expect(usage.memoryBytes).toBe(on.reduce((sum, {memoryBytes}) => sum + memoryBytes, 0));
    expect(usage.containers).toBe(on.length);
    for (const device of [0, 1, 2]) {
      const taken = on.filter(({gpuDevices}) => gpuDevices.includes(device));
      const millis = taken.reduce((sum, {gpuMillis}) => sum + gpuMillis, 0);
      expect(usage.gpuMillis[device] ?? 0).toBe(millis);
    }
    const bound = sorted(model.bound.values()).filter(({workerName}) => workerName === name);
    expect(sorted(cache.boundOn(name))).toEqual(bound);
  }
  expect(cache.audit()).toEqual([]);
}

function run(steps: readonly Operation[], corrupt?: (table: WorkerTable) => void): void {
  const table = new FakeWorkerTable();
  corrupt?.(table);
  const cache = new WorkerCache({table, clock: new VirtualClock(), maxWorkers: 10});
  const model = new Model();
  for (const step of steps) {
    const before = cache.snapshot();
    const callsBefore = table.calls.length;
    step(cache, model);
    compare(cache, table, model);
    // The same snapshot exactly when nothing reached placement.
    expect(cache.snapshot() === before).toBe(table.calls.length === callsBefore);
  }
}

describe('the cache, whatever is done to it in whatever order,', () => {
  it('equals two maps and the sums over them', () => {
    fc.assert(
      fc.property(fc.array(operations, {maxLength: 60}), (steps) => run(steps)),
      {
        numRuns: 300,
      },
    );
  });

  it('would be caught if it once forgot to release what it replaces', () => {
    const property = fc.property(fc.array(operations, {minLength: 20, maxLength: 60}), (steps) =>
      run(steps, (table) => {
        table.release = () => {};
      }),
    );
    expect(fc.check(property, {numRuns: 100, endOnFailure: true}).failed).toBe(true);
  });
});
