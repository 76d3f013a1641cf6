import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {Demand} from '../../src/api/resources.ts';
import {fragmentationOf, type WorkerState} from '../../src/placement/fragmentation.ts';
import {place} from '../../src/placement/place.ts';
import {WordMap} from '../../src/placement/wordMap.ts';
import {createWorkerTable} from '../../src/placement/workerTable.ts';
import {type Shape, type TypicalShape, WorkloadShapes} from '../../src/placement/workloadShapes.ts';
import {
  makeAllocation,
  makeRequest,
  makeRequests,
  makeWorker,
  makeWorkers,
  tableOf,
} from './builders.ts';

const shape = (options: Partial<Shape> = {}): Shape => ({
  cpuMillis: 1000,
  gpuCount: 1,
  gpuMillis: 1000,
  gpuTypes: [],
  ...options,
});

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

describe('fragmentation', () => {
  const state = (options: Partial<WorkerState> = {}): WorkerState => ({
    gpuType: 'T4',
    cpuMillis: 8000,
    wholeGpus: 2,
    partials: [400],
    ...options,
  });

  test.each<[name: string, shape: Shape, state: WorkerState, unusable: number]>([
    ['all is wasted on a request without GPU', shape({gpuCount: 0, gpuMillis: 0}), state(), 2400],
    ['all is wasted on another type', shape({gpuTypes: ['A100']}), state(), 2400],
    ['all is wasted on more cpu than there is', shape({cpuMillis: 8001}), state(), 2400],
    ['all is wasted on more devices than are whole', shape({gpuCount: 3}), state(), 2400],
    [
      'the type asked for is one of those accepted',
      shape({gpuTypes: ['A100', 'T4']}),
      state(),
      400,
    ],
    ['cpu that just suffices is enough', shape({cpuMillis: 8000}), state(), 400],
    ['cut devices are wasted on a whole one', shape({gpuCount: 2}), state(), 400],
    ['a share can use what is as large', shape({gpuMillis: 400}), state(), 0],
    ['a larger share cannot', shape({gpuMillis: 401}), state(), 400],
    ['a share can use whole devices', shape({gpuMillis: 500}), state({partials: []}), 0],
    ['without GPUs nothing is wasted', shape(), state({wholeGpus: 0, partials: []}), 0],
  ])('%s', (_, one, at, unusable) => {
    expect(fragmentationOf(at, [{shape: one, share: 1}])).toBe(unusable);
  });

  test('is the mean over the typical shapes, by their share', () => {
    const typical: TypicalShape[] = [
      {shape: shape({gpuMillis: 500}), share: 0.25},
      {shape: shape({cpuMillis: 9000}), share: 0.5},
    ];
    expect(fragmentationOf(state(), typical)).toBe(0.25 * 400 + 0.5 * 2400);
  });
});

describe('the shapes of a workload', () => {
  const many = (count: number, one: Shape) => Array.from({length: count}, () => one);
  const small = shape({gpuMillis: 250});
  const large = shape({gpuCount: 8});

  test('are those that together are 95 % of what was told, the most frequent first', () => {
    const workload = new WorkloadShapes();
    workload.tell([...many(30, small), ...many(66, large), ...many(4, shape())]);
    expect(workload.typical).toEqual([
      {shape: large, share: 0.66},
      {shape: small, share: 0.3},
    ]);
  });

  test('are a guess while nothing is known, and while it is little', () => {
    const workload = new WorkloadShapes();
    const guess = workload.typical;
    for (const one of many(255, small)) workload.count(one);
    expect(workload.typical).toBe(guess);
    workload.count(small);
    expect(workload.typical).toEqual([{shape: small, share: 1}]);
  });

  test('are drawn anew when the count has doubled, and then every 4,096 requests', () => {
    const workload = new WorkloadShapes();
    const drawnAt: number[] = [];
    for (let count = 1; count <= 20_000; count++) {
      const before = workload.version;
      workload.count(small);
      if (workload.version > before) drawnAt.push(count);
    }
    expect(drawnAt).toEqual([256, 512, 1024, 2048, 4096, 8192, 12_288, 16_384]);
  });

  test('are not counted where the workload was told', () => {
    const workload = new WorkloadShapes();
    workload.tell([large]);
    for (const one of many(5000, small)) workload.count(one);
    expect(workload.typical).toEqual([{shape: large, share: 1}]);
  });

  test('fade: what came long ago weighs less than what comes now', () => {
    const workload = new WorkloadShapes();
    for (const one of many(60_000, large)) workload.count(one);
    for (const one of many(60_000, small)) workload.count(one);
    expect(workload.typical[0]?.shape).toEqual(small);
    expect(workload.typical[0]?.share).toBeGreaterThan(0.6);
  });

  test('are a bounded number: shapes that came once make room', () => {
    const workload = new WorkloadShapes();
    for (const one of many(100, large)) workload.count(one);
    for (let cpuMillis = 1; cpuMillis <= 4000; cpuMillis++) workload.count(shape({cpuMillis}));
    expect(workload.typical.length).toBeLessThanOrEqual(1024);
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
