import {describe, expect, test} from 'vitest';
import {place} from '../../src/placement/place.ts';
import type {Plan} from '../../src/placement/plan.ts';
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

describe('devices of one worker', () => {
  const cases = [
    {name: 'the first share cuts the lowest device', taken: [], demand: share(300), devices: [0]},
    {
      name: 'a share goes to the tightest device that has it',
      taken: [400, 600, 900],
      demand: share(300),
      devices: [1],
    },
    {
      name: 'of equally tight devices the lowest is taken',
      taken: [600, 500, 600],
      demand: share(300),
      devices: [0],
    },
    {
      name: 'a whole device is cut only when no other has the share',
      taken: [0, 800, 900],
      demand: share(300),
      devices: [0],
    },
    {
      name: 'whole GPUs are the lowest wholly free ones',
      taken: [1, 0, 1000, 0],
      demand: {gpuCount: 2},
      devices: [1, 3],
    },
    {
      name: 'a share of 1000 is a whole GPU',
      taken: [1, 0],
      demand: share(1000),
      devices: [1],
    },
  ];
  test.each(cases)('$name', ({taken, demand, devices}) => {
    const table = tableOf([makeWorker({gpuCount: 4})]);
    for (const [device, gpuMillis] of taken.entries()) {
      if (gpuMillis > 0) table.take(makeAllocation({gpuDevices: [device], gpuMillis}));
    }
    const plan = place([makeRequest(demand)], table.snapshot());
    expect(plan.assigned[0]?.gpuDevices).toEqual(devices);
  });
});

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

  test('types are taken in the order in which the request names them', () => {
    const workers = [
      makeWorker({name: 'old', gpuCount: 1, gpuType: 'T4'}),
      makeWorker({name: 'new', gpuCount: 2, gpuType: 'H100'}),
      makeWorker({name: 'other', gpuCount: 8, gpuType: 'A100'}),
    ];
    const plan = place(
      makeRequests(4, {gpuCount: 1, gpuTypes: ['H100', 'T4']}),
      snapshotOf(workers),
    );
    expect(where(plan)).toEqual(['new:0', 'new:1', 'old:0']);
    expect(plan.unplaced[0]?.verdict.message).toBe(
      '0/3 workers fit: 2 insufficient gpu, 1 without a GPU of the types asked for.',
    );
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

  test('a pool may pack workers without GPUs', () => {
    const workers = makeWorkers(4);
    const table = tableOf(workers);
    table.upsertPool({name: 'default', strategy: 'Pack', loadBound: 1.25});
    const plan = place(makeRequests(4, {cpuMillis: 1000}), table.snapshot());
    expect(new Set(plan.assigned.map(({workerName}) => workerName)).size).toBe(1);
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
});
