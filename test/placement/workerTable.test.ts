import assert from 'node:assert/strict';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {Allocation} from '../../src/api/resources.ts';
import {assertNever} from '../../src/lib/assertNever.ts';
import {hashString} from '../../src/lib/hash.ts';
import {FrozenSnapshot} from '../../src/placement/frozenSnapshot.ts';
import {place} from '../../src/placement/place.ts';
import type {PlacementPool, PlacementWorker} from '../../src/placement/plan.ts';
import type {WorkerTable} from '../../src/placement/workerTable.ts';
import {createWorkerTable} from '../../src/placement/workerTable.ts';
import {
  allocationOf,
  makeAllocation,
  makeRequest,
  makeRequests,
  makeWorker,
  makeWorkers,
  placedOn,
  tableOf,
} from './builders.ts';
import {pools as poolLists, scenarios} from './scenarios.ts';

describe('a table', () => {
  test('without workers places nothing', () => {
    expect(placedOn(createWorkerTable())).toBeUndefined();
  });

  test('counts what is taken, and what is released again', () => {
    const table = tableOf([makeWorker()]);
    const allocation = makeAllocation({cpuMillis: 4000});
    table.take(allocation);
    expect(placedOn(table)).toBeUndefined();
    table.release(allocation);
    expect(placedOn(table, {cpuMillis: 4000})).toBe('w-1');
  });

  test('remembers what is taken of a worker that it learns of later', () => {
    const table = createWorkerTable();
    table.take(makeAllocation({cpuMillis: 3950}));
    table.upsertWorker(makeWorker());
    expect(placedOn(table)).toBeUndefined();
  });

  test('remembers what is taken of a worker that goes away and comes back', () => {
    const table = tableOf(makeWorkers(2));
    table.take(makeAllocation({cpuMillis: 3950}));
    table.removeWorker('w-1');
    expect(table.snapshot().workerCount).toBe(1);
    table.upsertWorker(makeWorker());
    expect(table.snapshot().workerCount).toBe(2);
    expect(placedOn(table, {workerName: 'w-1'})).toBeUndefined();
  });

  test('takes a release for a worker that is gone', () => {
    const table = tableOf([makeWorker()]);
    table.take(makeAllocation());
    table.removeWorker('w-1');
    table.release(makeAllocation());
    table.upsertWorker(makeWorker());
    expect(placedOn(table, {cpuMillis: 4000})).toBe('w-1');
  });

  test('has a worker once that was removed and added before anybody looked', () => {
    const table = tableOf([makeWorker()]);
    table.snapshot();
    table.removeWorker('w-1');
    table.upsertWorker(makeWorker());
    table.take(makeAllocation());
    table.removeWorker('w-1');
    table.upsertWorker(makeWorker());
    expect(table.snapshot().workerCount).toBe(1);
  });

  test.each([
    ['cordon', {unschedulable: true}],
    ['shrink', {cpuMillis: 50}],
    ['loss of readiness', {ready: false}],
    ['change of pool', {poolName: 'other'}],
    ['relabelling', {labels: {zone: 'b'}}],
    ['taint', {taints: [{key: 'k', effect: 'NoSchedule'} as const]}],
  ])('sees a %s of a worker at the next snapshot', (_, change) => {
    const labels = {zone: 'a'};
    const table = tableOf([makeWorker({labels})]);
    const request = {poolName: 'default', selector: {matchLabels: labels}};
    expect(placedOn(table, request)).toBe('w-1');
    table.upsertWorker(makeWorker({labels, ...change}));
    expect(placedOn(table, request)).toBeUndefined();
  });

  test('a device that a shrunk worker no longer has is not given out', () => {
    const table = tableOf([makeWorker({gpuCount: 2})]);
    table.take(makeAllocation({gpuDevices: [1], gpuMillis: 1000}));
    table.upsertWorker(makeWorker({gpuCount: 1}));
    const plan = place(makeRequests(2, {gpuCount: 1}), table.snapshot());
    expect(plan.assigned.map(({gpuDevices}) => gpuDevices)).toEqual([[0]]);
  });

  test('a pool taken away leaves the defaults', () => {
    const table = tableOf(makeWorkers(4));
    table.upsertPool({name: 'default', strategy: 'Pack', loadBound: 1.25});
    table.removePool('default');
    const plan = place(makeRequests(4), table.snapshot());
    expect(new Set(plan.assigned.map(({workerName}) => workerName)).size).toBe(4);
  });
});

describe('a snapshot', () => {
  test('ranks workers by the hash of their names', () => {
    const snapshot = tableOf(makeWorkers(50)).snapshot();
    assert(snapshot instanceof FrozenSnapshot);
    const workers = snapshot.layout.workers.filter((worker) => worker !== undefined);
    const hashes = workers.map(({name}) => hashString(name));
    expect(workers).toHaveLength(50);
    expect(hashes).toEqual(hashes.toSorted((left, right) => left - right));
  });

  test('has nothing below zero of a device that is overcommitted', () => {
    const table = tableOf([makeWorker({gpuCount: 2})]);
    for (const uid of ['a', 'b'])
      table.take(makeAllocation({uid, gpuDevices: [0], gpuMillis: 900}));
    const snapshot = table.snapshot();
    assert(snapshot instanceof FrozenSnapshot);
    const {layout, free} = snapshot;
    const position = layout.workers.findIndex((worker) => worker !== undefined);
    const devices = free.gpuMillis.subarray(layout.gpuStart[position], layout.gpuEnd[position]);
    expect([...devices]).toEqual([0, 1000]);
    expect(free.gpuTotal[position]).toBe(1000);
  });

  test('is frozen', () => {
    expect(Object.isFrozen(tableOf([]).snapshot())).toBe(true);
  });

  test('is the same object as long as nothing changed that placement could see', () => {
    const table = tableOf([makeWorker({labels: {a: 'b'}})]);
    const first = table.snapshot();
    table.upsertWorker(makeWorker({labels: {a: 'b'}}));
    table.removeWorker('unknown');
    table.removePool('unknown');
    expect(table.snapshot()).toBe(first);
  });

  test('has a higher generation after each change', () => {
    const table = tableOf([makeWorker()]);
    const generations = [table.snapshot().generation];
    table.take(makeAllocation());
    generations.push(table.snapshot().generation);
    table.upsertPool({name: 'default', strategy: 'Pack', loadBound: 2});
    generations.push(table.snapshot().generation);
    table.removeWorker('w-1');
    generations.push(table.snapshot().generation);
    expect(generations).toEqual(generations.toSorted((left, right) => left - right));
    expect(new Set(generations).size).toBe(4);
  });

  test('is good until the table changes, and then an error that names both generations', () => {
    const table = tableOf([makeWorker()]);
    const old = table.snapshot();
    expect(place([makeRequest()], old).assigned).toHaveLength(1);
    table.take(makeAllocation());
    const now = old.generation + 1;
    expect(() => place([], old)).toThrow(`of generation ${old.generation}, the table is at ${now}`);
    table.removeWorker('w-1');
    table.snapshot();
    expect(() => place([], old)).toThrow(`of generation ${old.generation}`);
    expect(old.workerCount).toBe(1);
  });
});

test('a plan names the workers of its moment, though it is read when others stand there', () => {
  const request = makeRequest({cpuMillis: 4000});
  for (let index = 0; index < 20; index++) {
    const table = tableOf([makeWorker({name: `old-${index}`})]);
    const plan = place([request], table.snapshot());
    table.removeWorker(`old-${index}`);
    table.snapshot();
    table.upsertWorker(makeWorker({name: `new-${index}`}));
    expect(placedOn(table)).toBe(`new-${index}`);
    expect(plan.assigned[0]?.workerName).toBe(`old-${index}`);
  }
});

describe('an assertion stops', () => {
  const table = () => tableOf([makeWorker()]);
  test.each<[string, () => void, string]>([
    ['a release of what was never taken', () => table().release(makeAllocation()), 'bound'],
    [
      'a release on a worker nobody knows',
      () => table().release(makeAllocation({workerName: 'w-9'})),
      'w-9',
    ],
  ])('%s, naming it', (_, action, named) => {
    expect(action).toThrow(named);
  });
});

interface Content {
  readonly workers: Map<string, PlacementWorker>;
  readonly pools: Map<string, PlacementPool>;
  readonly taken: Map<string, Allocation>;
}

type Step = (typeof step extends fc.Arbitrary<infer Value> ? Value : never) & {
  readonly uid: string;
};

const batches = scenarios.map(({batch}) => batch);

/** What a table goes through; names and amounts are few, so that the same ones come again. */
const step = fc.record({
  kind: fc.constantFrom('join', 'leave', 'take', 'release', 'pool', 'place', 'look'),
  name: fc.nat({max: 39}).map((index) => `w-${index}`),
  worker: scenarios.map(({workers}) => workers[0] ?? makeWorker()),
  pool: poolLists.map(([pool]) => pool),
  batch: batches,
});

test('the plan of a table with any history is that of a fresh table with the same content', () => {
  fc.assert(
    fc.property(fc.array(step, {maxLength: 60}), batches, (steps, batch) => {
      const table = createWorkerTable();
      const content: Content = {workers: new Map(), pools: new Map(), taken: new Map()};
      for (const [index, one] of steps.entries()) go(table, content, {...one, uid: `a-${index}`});
      const fresh = createWorkerTable();
      for (const pool of content.pools.values()) fresh.upsertPool(pool);
      for (const worker of [...content.workers.values()].reverse()) fresh.upsertWorker(worker);
      for (const allocation of content.taken.values()) fresh.take(allocation);
      const plan = place(batch, table.snapshot());
      assert.equal(JSON.stringify(plan), JSON.stringify(place(batch, fresh.snapshot())));
      assert.equal(JSON.stringify(place(batch, table.snapshot())), JSON.stringify(plan));
    }),
    {numRuns: 400},
  );
});

test('a busy table of equal workers decides as a fresh one, with keys and without', () => {
  const change = fc.record({
    kind: fc.constantFrom('place', 'place', 'release', 'join', 'leave'),
    name: fc.nat({max: 29}).map((index) => `w-${index}`),
    keys: fc.array(fc.option(fc.constantFrom('a', 'b', 'c')), {minLength: 1, maxLength: 40}),
  });
  const batchOf = (keys: readonly (string | null)[]) =>
    keys.map((key) => makeRequest(key === null ? {} : {affinityKey: key}));
  fc.assert(
    fc.property(fc.array(change, {minLength: 3, maxLength: 20}), (changes) => {
      const table = createWorkerTable();
      const names = new Set<string>();
      const taken = new Set<Allocation>();
      for (const {kind, name, keys} of changes) {
        if (kind === 'join') table.upsertWorker(makeWorker({name}));
        if (kind === 'join') names.add(name);
        if (kind === 'leave') table.removeWorker(name);
        if (kind === 'leave') names.delete(name);
        if (kind === 'release') {
          for (const one of [...taken].slice(0, keys.length)) table.release(one);
          for (const one of [...taken].slice(0, keys.length)) taken.delete(one);
        }
        const batch = batchOf(keys);
        const plan = place(batch, table.snapshot());
        const fresh = tableOf([...names].map((worker) => makeWorker({name: worker})));
        for (const one of taken) fresh.take(one);
        const other = place(batch, fresh.snapshot());
        assert.equal(JSON.stringify(plan), JSON.stringify(other));
        for (const one of kind === 'place' ? plan.assigned.map(allocationOf) : []) {
          table.take(one);
          taken.add(one);
        }
      }
    }),
    {numRuns: 150},
  );
});

test('a worker that is the least loaded since a release is found among many', () => {
  const workers = makeWorkers(200);
  const table = tableOf(workers);
  for (const {name} of workers) table.take(makeAllocation({uid: name, workerName: name}));
  expect(placedOn(table)).toBeDefined();
  table.release(makeAllocation({uid: 'w-77', workerName: 'w-77'}));
  expect(placedOn(table)).toBe('w-77');
});

test('workers whose names have one hash stand in the order of their names, whoever came first', () => {
  const names = ['costarring', 'liquid'];
  expect(hashString(names[0]!)).toBe(hashString(names[1]!));
  const firstOf = (order: readonly string[]) => {
    const table = tableOf(makeWorkers(40));
    table.snapshot();
    // Leaves a gap wide enough that nobody has to be laid out anew, in the right order.
    for (const {name} of makeWorkers(40)) table.removeWorker(name);
    table.snapshot();
    for (const name of order) {
      table.upsertWorker(makeWorker({name}));
      table.snapshot();
    }
    const snapshot = table.snapshot();
    assert(snapshot instanceof FrozenSnapshot);
    return snapshot.layout.workers
      .flatMap((worker) => (worker ? [worker.name] : []))
      .filter((name) => names.includes(name));
  };
  expect(firstOf(names)).toEqual(names);
  expect(firstOf(names.toReversed())).toEqual(names);
});

function go(
  table: WorkerTable,
  {workers, pools, taken}: Content,
  {kind, name, worker, pool, batch, uid}: Step,
): void {
  const [oldest] = taken.values();
  switch (kind) {
    case 'join': {
      const joined = {...worker, name};
      workers.set(name, joined);
      table.upsertWorker(joined);
      break;
    }
    case 'leave':
      workers.delete(name);
      table.removeWorker(name);
      break;
    case 'take': {
      const allocation = makeAllocation({uid, workerName: name, gpuDevices: [0], gpuMillis: 300});
      taken.set(uid, allocation);
      table.take(allocation);
      break;
    }
    case 'release':
      if (!oldest) break;
      taken.delete(oldest.uid);
      table.release(oldest);
      break;
    case 'pool':
      if (!pool) break;
      pools.set(pool.name, pool);
      table.upsertPool(pool);
      break;
    case 'place':
      for (const one of place(batch, table.snapshot()).assigned.slice(1)) {
        const allocation = {...allocationOf(one), uid: `${uid}-${one.request.uid}`};
        taken.set(allocation.uid, allocation);
        table.take(allocation);
      }
      break;
    case 'look':
      table.snapshot();
      break;
    default:
      assertNever(kind);
  }
}
