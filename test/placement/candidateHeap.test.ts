import fc from 'fast-check';
import {expect, test} from 'vitest';
import {fits} from '../../src/placement/freeCapacity.ts';
import type {FrozenSnapshot} from '../../src/placement/frozenSnapshot.ts';
import {PackPreferences} from '../../src/placement/packPreferences.ts';
import {place} from '../../src/placement/place.ts';
import type {Assigned, PlacementRequest, PlacementWorker} from '../../src/placement/plan.ts';
import {WorkerBuckets} from '../../src/placement/workerBuckets.ts';
import {createWorkerTable, type WorkerTable} from '../../src/placement/workerTable.ts';
import {allocationOf, makeRequest, makeWorker, tableOf} from './builders.ts';

/** More than a small tier has, so that the buckets are asked; alike, so that there are few. */
const workers: PlacementWorker[] = Array.from({length: 80}, (_, index) =>
  makeWorker({
    name: `w-${index}`,
    gpuCount: index % 10 === 0 ? 2 : 4,
    cpuMillis: 32_000,
    memoryBytes: 2 ** 40,
    labels: {zone: 'ab'[index % 2]!},
  }),
);

const requests = fc
  .record({
    gpu: fc.constantFrom(
      {gpuCount: 1, gpuMillis: 250},
      {gpuCount: 1, gpuMillis: 500},
      {gpuCount: 1},
      {gpuCount: 2},
      {},
    ),
    cpuMillis: fc.constantFrom(500, 1000, 3000, 7000),
    selector: fc.constantFrom(undefined, {matchLabels: {zone: 'a'}}, {matchLabels: {zone: 'b'}}),
  })
  .map(({gpu, cpuMillis, selector}) =>
    makeRequest({...gpu, cpuMillis, ...(selector && {selector}), gpuTypes: []}),
  );

/** The workload is told: one that counts what is taken changes its mind on the way. */
function tableWithWorkload(): WorkerTable {
  const shapes = [{gpuCount: 1, gpuMillis: 500}, {gpuCount: 1, cpuMillis: 6000}, {gpuCount: 4}];
  const table = createWorkerTable({workload: shapes.map((one) => makeRequest(one).demand)});
  for (const worker of workers) table.upsertWorker(worker);
  return table;
}

/** By looking at every worker: the best liked tier with room, the least preference, position. */
function naiveChoice(taken: readonly Assigned[], {demand, constraints}: PlacementRequest): string {
  const table = tableWithWorkload();
  for (const one of taken) table.take(allocationOf(one));
  const {rows} = table.snapshot() as FrozenSnapshot;
  const buckets = new WorkerBuckets(rows);
  const preferences = new PackPreferences(demand, rows.workload);
  for (const {ranks} of rows.eligibility.of(constraints, demand).tiers) {
    const open = [...ranks].filter((one) => fits(rows.free, one, demand));
    const liked = open.map((position) => {
      const bucket = buckets.at(position);
      return {position, preference: preferences.of(bucket, buckets)};
    });
    liked.sort((one, other) => one.preference - other.preference || one.position - other.position);
    if (liked[0]) return rows.layout.workers[liked[0].position]!.name;
  }
  return 'none';
}

test('a batch decides as one who looks at every worker for each request', () => {
  fc.assert(
    fc.property(fc.array(requests, {minLength: 300, maxLength: 400}), (batch) => {
      const {assigned} = place(batch, tableWithWorkload().snapshot());
      for (const [index, {request, workerName}] of assigned.entries()) {
        if (index % 5 > 0) continue;
        expect(workerName).toBe(naiveChoice(assigned.slice(0, index), request));
      }
    }),
    {numRuns: 20, endOnFailure: true},
  );
});

test('a class that is asked again after many joins finds the first of those who came', () => {
  const twins = Array.from({length: 200}, (_, index) =>
    makeWorker({
      name: `w-${index}`,
      gpuCount: 1,
      cpuMillis: 64_000,
      memoryBytes: 2 ** 40,
      labels: {zone: 'ab'[index % 2]!},
    }),
  );
  const half = {gpuCount: 1, gpuMillis: 500};
  const ofZone = () => makeRequest({...half, selector: {matchLabels: {zone: 'a'}}});
  const {layout} = (tableOf(twins).snapshot() as FrozenSnapshot).rows;
  const inOrder = layout.workers.filter((worker) => worker?.labels['zone'] === 'a');
  // The class opens a worker with each second request, as two halves fill one. Before its fifth
  // only one of the other zone is half used; then more of its own are than joins are remembered.
  const named = inOrder
    .slice(9, 59)
    .map((worker) => makeRequest({...half, workerName: worker!.name}));
  const ofOther = makeRequest({...half, selector: {matchLabels: {zone: 'b'}}});
  const batch = [ofOther, ...Array.from({length: 5}, ofZone), ...named, ofZone()];
  const {assigned} = place(batch, tableOf(twins).snapshot());
  const ofClass = [...assigned.slice(1, 6), assigned.at(-1)!];
  expect(ofClass.map(({workerName}) => workerName)).toEqual(
    [0, 0, 1, 1, 2, 2].map((at) => inOrder[at]!.name),
  );
});

test('the first worker with room is found behind more without than are tried at first', () => {
  const many = Array.from({length: 200}, (_, index) =>
    makeWorker({
      name: `w-${index}`,
      gpuCount: 1,
      cpuMillis: 64_000,
      memoryBytes: index === 137 ? 2 ** 40 : 2 ** 30,
    }),
  );
  const large = makeRequest({gpuCount: 1, gpuMillis: 300, memoryBytes: 2 ** 35});
  const batch = [
    large,
    {...large, uid: 'second'},
    {...large, uid: 'third'},
    {...large, uid: 'not'},
  ];
  const {assigned, unplaced} = place(batch, tableOf(many).snapshot());
  expect(assigned.map(({workerName}) => workerName)).toEqual(['w-137', 'w-137', 'w-137']);
  expect(unplaced.map(({request}) => request.uid)).toEqual(['not']);
});
