import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {Demand} from '../../src/api/resources.ts';
import {place} from '../../src/placement/place.ts';
import {WordMap} from '../../src/placement/wordMap.ts';
import {createWorkerTable} from '../../src/placement/workerTable.ts';
import {
  makeAllocation,
  makeRequest,
  makeRequests,
  makeWorker,
  makeWorkers,
  tableOf,
} from './builders.ts';

describe('a word map', () => {
  test('is a set of positions, of which the next one in both is found', () => {
    const positions = 3000;
    const list = fc.array(fc.nat({max: positions - 1}), {maxLength: 200});
    fc.assert(
      fc.property(list, list, list, fc.nat({max: positions}), (added, others, starts, end) => {
        const map = new WordMap(positions);
        const model = new Set<number>();
        for (const position of added) {
          if (model.has(position)) map.delete(position);
          else map.add(position);
          if (!model.delete(position)) model.add(position);
        }
        const bits = new Int32Array(Math.ceil(positions / 32));
        const both = [...model, ...others].filter((one) => model.has(one));
        for (const one of both) bits[one >> 5]! |= 1 << (one & 31);
        for (const from of [0, ...starts]) {
          const wanted = both.filter((one) => one >= from && one < end);
          expect(map.next(from, bits, end)).toBe(Math.min(end, ...wanted));
        }
      }),
      {numRuns: 200},
    );
  });
});

describe('packing by fragmentation', () => {
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

  test('workers without GPUs are filled one after the other', () => {
    const table = tableOf(makeWorkers(6, {cpuMillis: 8000}));
    table.upsertPool({name: 'default', strategy: 'Pack', loadBound: 1.25});
    const plan = place(makeRequests(8, {cpuMillis: 2000}), table.snapshot());
    const order = plan.assigned.map(({workerName}) => workerName);
    expect(new Set(order.slice(0, 4)).size).toBe(1);
    expect(new Set(order.slice(4)).size).toBe(1);
  });

  test('a worker whose memory is out is passed over, however many of its bucket are', () => {
    const workers = makeWorkers(100, {gpuCount: 1, cpuMillis: 64_000});
    const table = tableOf(workers);
    for (const {name} of workers.slice(0, 99)) {
      table.take(makeAllocation({uid: name, workerName: name, memoryBytes: 8 * 2 ** 30}));
    }
    const plan = place(makeRequests(1, {gpuCount: 1}), table.snapshot());
    expect(plan.assigned[0]?.workerName).toBe('w-100');
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
