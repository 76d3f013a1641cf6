import {describe, expect, test} from 'vitest';
import type {Allocation} from '../../src/api/resources.ts';
import {place} from '../../src/placement/place.ts';
import type {PlacementPool, Snapshot} from '../../src/placement/plan.ts';
import {createWorkerTable} from '../../src/placement/workerTable.ts';
import {
  makeAllocation,
  makeRequest,
  makeWorker,
  type RequestOptions,
  snapshotOf,
  tableOf,
  type WorkerOptions,
} from './builders.ts';

const COUNT = 'an integer from 0 to 2^53 - 1';
const EFFECTS = 'one of NoSchedule, PreferNoSchedule, NoExecute';
const NOT_COUNTS = [Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY, 2 ** 53];

/** A value that the types refuse, as what comes from outside may have it all the same. */
function untyped<Wanted>(value: unknown): Wanted {
  return value as Wanted;
}

/** One row for each of the values that are no amount. */
const amounts = <Field extends string>(...fields: readonly Field[]) =>
  fields.flatMap((field) => NOT_COUNTS.map((value) => [field, value] as const));

/** An assertion names field, object, what was wanted, what was found. */
const saying = (field: string, wanted: string, found: unknown) =>
  `Assertion failed: ${field} must be ${wanted}: current value is ${String(found)}`;

describe('of a request', () => {
  const placing = (options: RequestOptions) => () =>
    place([makeRequest({uid: 'bad', ...options})], snapshotOf([makeWorker()]));

  test.each(amounts('cpuMillis', 'memoryBytes'))('%s %d is refused', (field, value) => {
    expect(placing({[field]: value})).toThrow(saying(`${field} of request bad`, COUNT, value));
  });

  test.each(NOT_COUNTS)('gpuCount %d is refused', (gpuCount) => {
    const wanted = saying('gpuCount of request bad', COUNT, gpuCount);
    expect(placing({gpuCount, gpuMillis: 1000})).toThrow(wanted);
  });

  test.each([...NOT_COUNTS, 1001])('priority %d is refused', (priority) => {
    const wanted = 'an integer from 0 to 1000';
    expect(placing({priority})).toThrow(saying('priority of request bad', wanted, priority));
  });

  test.each([
    [1, 0],
    [1, 1001],
    [1, Number.NaN],
    [1, 0.5],
    [2, 500],
    [0, 500],
  ])('of %d GPUs a share of %d is refused', (gpuCount, gpuMillis) => {
    const wanted = 'a share from 1 to 1000 of one GPU, 1000 of several, 0 of none';
    expect(placing({gpuCount, gpuMillis})).toThrow(
      saying(`gpuMillis of request bad with gpuCount ${gpuCount}`, wanted, gpuMillis),
    );
  });

  const rows: readonly [string, RequestOptions, string, string, unknown][] = [
    [
      'a GPU type without a name',
      {gpuCount: 1, gpuTypes: ['A100', '']},
      'gpuTypes of request bad',
      'texts that are not empty',
      '',
    ],
    [
      'a GPU type that is a number',
      {gpuCount: 1, gpuTypes: untyped([100])},
      'gpuTypes of request bad',
      'texts that are not empty',
      100,
    ],
    [
      'an operator of tolerations that core/v1 has not',
      {tolerations: [{key: 'k', operator: untyped('Gt')}]},
      'operator of a toleration of request bad',
      'one of Equal, Exists',
      'Gt',
    ],
    [
      'an effect that core/v1 has not',
      {tolerations: [{key: 'k', effect: untyped('NoStart')}]},
      'effect of a toleration of request bad',
      EFFECTS,
      'NoStart',
    ],
    [
      'an operator of selectors that core/v1 has not',
      {selector: {matchExpressions: [{key: 'zone', operator: untyped('Like'), values: ['a']}]}},
      'operator of the selector of request bad on zone',
      'one of In, NotIn, Exists, DoesNotExist, Gt, Lt',
      'Like',
    ],
    ...(
      [
        ['In', [], 'at least 1'],
        ['NotIn', [], 'at least 1'],
        ['Exists', ['a'], '0'],
        ['DoesNotExist', ['a'], '0'],
        ['Gt', [], '1'],
        ['Lt', ['1', '2'], '1'],
      ] as const
    ).map(([operator, values, wanted]): [string, RequestOptions, string, string, unknown] => [
      `${operator} with ${values.length} values`,
      {selector: {matchExpressions: [{key: 'zone', operator, values}]}},
      `number of values of the selector of request bad for zone ${operator}`,
      wanted,
      values.length,
    ]),
  ];
  test.each(rows)('%s is refused', (_, options, field, wanted, found) => {
    expect(placing(options)).toThrow(saying(field, wanted, found));
  });

  test.each([Number.NaN, 0.5, 2 ** 53])('a hash of %d is refused', (affinityHash) => {
    const batch = [{...makeRequest({uid: 'bad'}), affinityHash}];
    expect(() => place(batch, snapshotOf([]))).toThrow(
      saying('affinityHash of request bad', 'an integer', affinityHash),
    );
  });

  test('what one class shares is looked at in its first request, whoever comes before it', () => {
    const batch = [makeRequest(), makeRequest({uid: 'bad', cpuMillis: -5})];
    expect(() => place(batch, snapshotOf([]))).toThrow('cpuMillis of request bad');
  });

  test('a uid that is there twice is refused', () => {
    const batch = [makeRequest({uid: 'twin'}), makeRequest(), makeRequest({uid: 'twin'})];
    expect(() => place(batch, snapshotOf([makeWorker()]))).toThrow('uid twin is once in a batch');
  });

  test('nothing of a refused batch stays on the workers', () => {
    const snapshot = snapshotOf([makeWorker({cpuMillis: 100})]);
    const good = makeRequest();
    expect(() => place([good, makeRequest({priority: -1})], snapshot)).toThrow('priority');
    expect(place([good], snapshot).assigned).toHaveLength(1);
  });
});

describe('of a worker', () => {
  const taking = (options: WorkerOptions) => () =>
    createWorkerTable().upsertWorker(makeWorker(options));

  test.each(amounts('cpuMillis', 'memoryBytes', 'gpuCount', 'containers'))(
    '%s %d is refused',
    (field, value) => {
      const wanted = saying(`${field} of worker w-1`, COUNT, value);
      expect(taking({[field]: value, gpuType: 'A100'})).toThrow(wanted);
    },
  );

  const rows: readonly [string, WorkerOptions, string, string, unknown][] = [
    ['no name', {name: ''}, 'name of a worker', 'a text that is not empty', ''],
    ['no pool', {poolName: ''}, 'poolName of worker w-1', 'a text that is not empty', ''],
    ['too many GPUs', {gpuCount: 1025}, 'gpuCount of worker w-1', 'at most 1024', 1025],
    ['a GPU type of numbers', {gpuType: untyped(7)}, 'gpuType of worker w-1', 'a text', 7],
    ['perhaps ready', {ready: untyped('yes')}, 'ready of worker w-1', 'true or false', 'yes'],
    [
      'perhaps cordoned',
      {unschedulable: untyped(1)},
      'unschedulable of worker w-1',
      'true or false',
      1,
    ],
    [
      'an effect that core/v1 has not',
      {taints: [{key: 'k', effect: untyped('Evict')}]},
      'effect of a taint of worker w-1',
      EFFECTS,
      'Evict',
    ],
  ];
  test.each(rows)('%s is refused', (_, options, field, wanted, found) => {
    expect(taking(options)).toThrow(saying(field, wanted, found));
  });

  test('what was refused is not in the table', () => {
    const table = createWorkerTable();
    expect(() => table.upsertWorker(makeWorker({cpuMillis: Number.NaN}))).toThrow('cpuMillis');
    expect(table.snapshot().workerCount).toBe(0);
  });
});

describe('of a pool', () => {
  const rows: readonly [string, Partial<PlacementPool>, string, string, unknown][] = [
    ['no name', {name: ''}, 'name of a pool', 'a text that is not empty', ''],
    [
      'a strategy that there is not',
      {strategy: untyped('Binpack')},
      'strategy of pool default',
      'one of Spread, Pack',
      'Binpack',
    ],
    ...[0.99, 0, -1, Number.NaN, Number.POSITIVE_INFINITY].map(
      (loadBound): [string, Partial<PlacementPool>, string, string, unknown] => [
        `a load bound of ${loadBound}`,
        {loadBound},
        'loadBound of pool default',
        'a number from 1',
        loadBound,
      ],
    ),
  ];
  test.each(rows)('%s is refused', (_, changes, field, wanted, found) => {
    const pool = {name: 'default', strategy: undefined, loadBound: 1.25, ...changes};
    expect(() => createWorkerTable().upsertPool(pool)).toThrow(saying(field, wanted, found));
  });
});

describe('of an allocation', () => {
  const rows: readonly [keyof Allocation, unknown, string, string][] = [
    ...amounts('cpuMillis', 'memoryBytes').map(
      ([field, value]): [keyof Allocation, unknown, string, string] => [field, value, field, COUNT],
    ),
    ...[...NOT_COUNTS, 1001].map((value): [keyof Allocation, unknown, string, string] => [
      'gpuMillis',
      value,
      'gpuMillis',
      'an integer from 0 to 1000',
    ]),
    ...[...NOT_COUNTS, 1024].map((value): [keyof Allocation, unknown, string, string] => [
      'gpuDevices',
      [value],
      'GPU device',
      'an integer from 0 below 1024',
    ]),
  ];
  test.each(rows)('%s %j is refused, whether taken or given back', (key, value, field, wanted) => {
    const allocation = makeAllocation({uid: 'odd', [key]: value});
    const message = saying(`${field} of allocation odd`, wanted, String(value));
    const table = tableOf([makeWorker()]);
    expect(() => table.take(allocation)).toThrow(message);
    expect(() => table.release(allocation)).toThrow(message);
  });
});

describe('of a snapshot', () => {
  test.each([
    ['made by hand', {workerCount: 1, generation: 0}],
    ['that is none', untyped<Snapshot>(undefined)],
    ['copied from one', {...snapshotOf([makeWorker()])}],
  ])('one %s is refused', (_, snapshot) => {
    expect(() => place([makeRequest()], snapshot)).toThrow('the snapshot comes from a WorkerTable');
  });

  test('one of a table that has changed since is refused', () => {
    const table = tableOf([makeWorker()]);
    const snapshot = table.snapshot();
    table.removeWorker('w-1');
    table.snapshot();
    expect(() => place([makeRequest()], snapshot)).toThrow('used until the table changes');
  });
});

describe('what is odd and legal', () => {
  const verdictOf = (options: RequestOptions, workers: readonly WorkerOptions[]) =>
    place([makeRequest(options)], snapshotOf(workers.map(makeWorker))).unplaced[0]?.verdict.message;

  test('no worker at all: nothing is placed, and that is said', () => {
    expect(verdictOf({}, [])).toBe('0/0 workers fit: there is no worker.');
  });

  test('an empty batch is an empty plan', () => {
    const plan = place([], snapshotOf([makeWorker()]));
    expect(plan).toMatchObject({assigned: [], unplaced: []});
  });

  test('a pool without workers: every worker counts as one of another pool', () => {
    const table = tableOf([makeWorker()]);
    table.upsertPool({name: 'empty', strategy: 'Pack', loadBound: 1});
    const {unplaced} = place([makeRequest({poolName: 'empty'})], table.snapshot());
    expect(unplaced[0]?.verdict.message).toBe('0/1 workers fit: 1 in another pool.');
  });

  test('a GPU type that no worker has', () => {
    expect(verdictOf({gpuCount: 1, gpuTypes: ['Z9']}, [{gpuCount: 1}])).toBe(
      '0/1 workers fit: 1 without a GPU of the types asked for.',
    );
  });

  test('a worker with nothing takes what asks for nothing but a container', () => {
    const worker = makeWorker({cpuMillis: 0, memoryBytes: 0, containers: 1});
    const nothing = {cpuMillis: 0, memoryBytes: 0};
    const plan = place([makeRequest(nothing), makeRequest(nothing)], snapshotOf([worker]));
    expect([plan.assigned.length, plan.unplaced.length]).toEqual([1, 1]);
  });

  test('the largest amounts are counted to the last unit', () => {
    const all = {cpuMillis: Number.MAX_SAFE_INTEGER, memoryBytes: Number.MAX_SAFE_INTEGER};
    const one = {cpuMillis: 1, memoryBytes: 1};
    const plan = place([makeRequest(all), makeRequest(one)], snapshotOf([makeWorker(all)]));
    expect(plan.assigned.map(({request}) => request.demand.cpuMillis)).toEqual([all.cpuMillis]);
    expect(plan.unplaced.map(({request}) => request.demand.cpuMillis)).toEqual([1]);
  });
});
