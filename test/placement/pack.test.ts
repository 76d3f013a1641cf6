import {describe, expect, test} from 'vitest';
import type {Demand} from '../../src/api/resources.ts';
import {place} from '../../src/placement/place.ts';
import type {Plan} from '../../src/placement/plan.ts';
import {createWorkerTable} from '../../src/placement/workerTable.ts';
import {
  countByWorker,
  makeAllocation,
  makeRequest,
  makeRequests,
  makeWorker,
  makeWorkers,
  snapshotOf,
  tableOf,
} from './builders.ts';

const share = (gpuMillis: number) => ({gpuCount: 1, gpuMillis});
const where = ({assigned}: Plan) =>
  assigned.map(({workerName, gpuDevices}) => `${workerName}:${gpuDevices.join()}`);

describe('among workers', () => {
  test('a share is added to a cut device elsewhere before a whole one is cut', () => {
    const table = tableOf(makeWorkers(5, {gpuCount: 2}));
    table.take(makeAllocation({workerName: 'w-4', gpuDevices: [1], gpuMillis: 500}));
    const plan = place(makeRequests(1, share(500)), table.snapshot());
    expect(where(plan)).toEqual(['w-4:1']);
  });

  test('whole GPUs fill the worker that keeps the fewest whole ones', () => {
    const table = tableOf(makeWorkers(5, {gpuCount: 8}));
    table.take(makeAllocation({workerName: 'w-2', gpuDevices: [0, 1, 2, 3, 4], gpuMillis: 1000}));
    const plan = place(makeRequests(3, {gpuCount: 1}), table.snapshot());
    expect(where(plan)).toEqual(['w-2:5', 'w-2:6', 'w-2:7']);
  });

  test('a whole GPU is taken where none stays whole, though more is left over in cut ones', () => {
    const table = tableOf(makeWorkers(2, {gpuCount: 4}));
    for (const device of [0, 1, 2]) {
      const gpuDevices = [device];
      table.take(makeAllocation({uid: `a${device}`, gpuDevices, gpuMillis: 100}));
      if (device === 2) continue;
      table.take(
        makeAllocation({uid: `b${device}`, workerName: 'w-2', gpuDevices, gpuMillis: 1000}),
      );
    }
    const plan = place(makeRequests(1, {gpuCount: 1}), table.snapshot());
    expect(where(plan)).toEqual(['w-1:3']);
  });

  test('a share goes to the tightest device of all, though its worker has more left over', () => {
    const table = tableOf([
      makeWorker({name: 'roomy', gpuCount: 4, cpuMillis: 128_000}),
      makeWorker({name: 'small', gpuCount: 1, cpuMillis: 128_000}),
    ]);
    const gpuDevices = [0];
    table.take(makeAllocation({uid: 'a', workerName: 'roomy', gpuDevices, gpuMillis: 500}));
    table.take(makeAllocation({uid: 'b', workerName: 'small', gpuDevices, gpuMillis: 300}));
    expect(where(place(makeRequests(1, share(500)), table.snapshot()))).toEqual(['roomy:0']);
  });

  test('a class sees what other classes of the batch have taken', () => {
    const workers = makeWorkers(2, {gpuCount: 4, cpuMillis: 128_000});
    const ofFirst = place(makeRequests(1, share(300)), snapshotOf(workers)).assigned[0]!.workerName;
    const second = ofFirst === 'w-1' ? 'w-2' : 'w-1';
    const batch = [
      makeRequest(share(300)),
      makeRequest({...share(700), workerName: second}),
      makeRequest(share(300)),
    ];
    const plan = place(batch, snapshotOf(workers));
    expect(where(plan)).toEqual([`${ofFirst}:0`, `${second}:0`, `${second}:0`]);
  });

  test('how the worker stands to the key is said as it is', () => {
    const snapshot = snapshotOf(makeWorkers(30, {gpuCount: 1}));
    const levels = Array.from({length: 200}, (_, index) => {
      const request = makeRequest({gpuCount: 1, affinityKey: `model-${index}`});
      return place([request], snapshot).assigned[0]?.affinity;
    });
    const countOf = (wanted: string) => levels.filter((level) => level === wanted).length;
    expect(countOf('Warm')).toBeLessThan(countOf('Near'));
    expect(countOf('Near')).toBeLessThan(countOf('None'));
    expect(countOf('Warm')).toBeGreaterThan(0);
  });

  test('equal workers are filled one after the other', () => {
    const workers = makeWorkers(6, {gpuCount: 4, cpuMillis: 64_000});
    const plan = place(makeRequests(8, {gpuCount: 1}), snapshotOf(workers));
    const used = [...countByWorker(plan.assigned, workers).values()].filter((count) => count > 0);
    expect(used).toEqual([4, 4]);
  });

  test('the bulky kinds come first, in the order of arrival inside', () => {
    const kinds = [
      {},
      share(500),
      {gpuCount: 1},
      {gpuCount: 2},
      {gpuCount: 4},
      {gpuCount: 8},
      {gpuCount: 2},
    ];
    const batch = kinds.map((kind) => makeRequest({poolName: 'gpus', ...kind}));
    const workers = makeWorkers(4, {poolName: 'gpus', gpuCount: 8});
    const {assigned} = place(batch, snapshotOf(workers));
    expect(assigned.map(({request}) => batch.indexOf(request))).toEqual([5, 4, 3, 6, 2, 1, 0]);
  });

  test('a request without GPU stays off GPU workers while others can hold it', () => {
    const workers = [...makeWorkers(2), makeWorker({name: 'gpu', gpuCount: 8})];
    const plan = place(makeRequests(3, {cpuMillis: 4000}), snapshotOf(workers));
    expect(plan.assigned.map(({workerName}) => workerName).toSorted()).toEqual([
      'gpu',
      'w-1',
      'w-2',
    ]);
    expect(plan.assigned[2]?.workerName).toBe('gpu');
  });

  test('it stays off them where the pool spreads, too', () => {
    const workers = [...makeWorkers(2), makeWorker({name: 'gpu', gpuCount: 8})];
    const table = tableOf(workers);
    table.upsertPool({name: 'default', strategy: 'Spread', loadBound: 1.25});
    const plan = place(makeRequests(10), table.snapshot());
    expect([...countByWorker(plan.assigned, workers).values()]).toEqual([5, 5, 0]);
  });

  test('a pool may spread over workers with GPUs', () => {
    const workers = makeWorkers(4, {gpuCount: 4});
    const table = tableOf(workers);
    table.upsertPool({name: 'default', strategy: 'Spread', loadBound: 1.25});
    const plan = place(makeRequests(8, {gpuCount: 1}), table.snapshot());
    expect(new Set(countByWorker(plan.assigned, workers).values())).toEqual(new Set([2]));
  });

  test('in a pool of both kinds only the GPU workers are packed', () => {
    const workers = makeWorkers(4);
    const gpu = makeWorker({name: 'gpu', gpuCount: 4});
    const plan = place(makeRequests(8), snapshotOf([...workers, gpu]));
    expect(new Set(countByWorker(plan.assigned, workers).values())).toEqual(new Set([2]));
  });

  test('a pool may pack workers without GPUs: they are filled one after the other', () => {
    const table = tableOf(makeWorkers(6, {cpuMillis: 8000}));
    table.upsertPool({name: 'default', strategy: 'Pack', loadBound: 1.25});
    const plan = place(makeRequests(8, {cpuMillis: 2000}), table.snapshot());
    const order = plan.assigned.map(({workerName}) => workerName);
    expect(new Set(order.slice(0, 4)).size).toBe(1);
    expect(new Set(order.slice(4)).size).toBe(1);
  });

  test('more than 8 GPUs on one worker are all used', () => {
    const table = tableOf([makeWorker({name: 'huge', gpuCount: 16, cpuMillis: 64_000})]);
    const plan = place(makeRequests(2, {gpuCount: 8}), table.snapshot());
    expect(plan.assigned.map(({gpuDevices}) => gpuDevices[0])).toEqual([0, 8]);
    const whole = place(makeRequests(1, {gpuCount: 16}), table.snapshot());
    expect(whole.assigned[0]?.gpuDevices).toHaveLength(16);
  });

  test.each([
    ['many workers', 100],
    ['few workers', 20],
  ])('a key draws its requests to a worker in use that is as good, among %s', (_, count) => {
    const workers = makeWorkers(count, {gpuCount: 8, cpuMillis: 64_000});
    const table = tableOf(workers);
    for (const {name} of workers.slice(0, count / 2)) {
      const gpuDevices = [0, 1, 2, 3];
      table.take(makeAllocation({uid: name, workerName: name, gpuDevices, gpuMillis: 1000}));
    }
    const inUse = new Set(workers.slice(0, count / 2).map(({name}) => name));
    const keys = Array.from({length: 200}, (_unused, index) => `model-${index}`);
    const assigned = keys.map((affinityKey) => {
      const [one] = place([makeRequest({gpuCount: 1, affinityKey})], table.snapshot()).assigned;
      return one!;
    });
    expect(assigned.every(({workerName}) => inUse.has(workerName))).toBe(true);
    expect(assigned.filter(({affinity}) => affinity !== 'None').length).toBeGreaterThan(120);
    expect(new Set(assigned.map(({workerName}) => workerName)).size).toBeGreaterThan(count / 8);
    const keyless = place(makeRequests(1, {gpuCount: 1}), table.snapshot()).assigned[0]!;
    expect(assigned.some(({workerName}) => workerName !== keyless.workerName)).toBe(true);
  });
});

describe('by fragmentation', () => {
  /** What a request for one GPU of two workers with the same shape left gets, by the workload. */
  const chosenFor = (workload: readonly Partial<Demand>[], request: Partial<Demand>) => {
    const table = createWorkerTable({workload: workload.map((one) => makeRequest(one).demand)});
    for (const name of ['four', 'one']) {
      table.upsertWorker(makeWorker({name, gpuCount: 4, cpuMillis: 64_000}));
    }
    const gpuDevices = [0, 1, 2];
    table.take(makeAllocation({workerName: 'one', gpuDevices, gpuMillis: 1000}));
    const plan = place([makeRequest(request)], table.snapshot());
    return plan.assigned[0]?.workerName;
  };

  test('what the workload needs whole stays whole', () => {
    expect(chosenFor([{gpuCount: 4}], {gpuCount: 1})).toBe('one');
    expect(chosenFor([{gpuCount: 4}, {gpuCount: 1}], {gpuCount: 1})).toBe('one');
  });

  test('cpu is kept where the GPUs are that need it', () => {
    const table = createWorkerTable({
      workload: [makeRequest({gpuCount: 1, cpuMillis: 10_000}).demand],
    });
    table.upsertWorker(makeWorker({name: 'idle', gpuCount: 2, cpuMillis: 20_000}));
    table.upsertWorker(makeWorker({name: 'full', gpuCount: 2, cpuMillis: 20_000}));
    const gpuDevices = [0, 1];
    table.take(makeAllocation({workerName: 'full', gpuDevices, gpuMillis: 1000}));
    const plan = place(makeRequests(4, {cpuMillis: 4000}), table.snapshot());
    expect(plan.assigned.map(({workerName}) => workerName)).toEqual([
      'full',
      'full',
      'full',
      'full',
    ]);
  });
});
