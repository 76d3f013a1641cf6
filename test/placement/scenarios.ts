import fc from 'fast-check';
import type {Allocation} from '../../src/api/resources.ts';
import {place} from '../../src/placement/place.ts';
import type {PlacementPool, PlacementRequest, Plan, Snapshot} from '../../src/placement/plan.ts';
import {makeRequest, makeWorker, tableOf, type WorkerOptions} from './builders.ts';
import type {Scenario} from './oracle.ts';

/*
 * Random scenarios for properties: few workers, few values, everything scarce, so that each
 * constraint and each resource decides something in most of the runs.
 */

const MEBIBYTE = 2 ** 20;

const taint = fc.record(
  {
    key: fc.constantFrom('team', 'spot'),
    value: fc.constantFrom('a', 'b'),
    effect: fc.constantFrom('NoSchedule', 'NoExecute', 'PreferNoSchedule'),
  },
  {requiredKeys: ['key', 'effect']},
);

const toleration = fc.record(
  {
    key: fc.constantFrom('team', 'spot'),
    operator: fc.constantFrom('Equal', 'Exists'),
    value: fc.constantFrom('a', 'b'),
    effect: fc.constantFrom('NoSchedule', 'NoExecute', 'PreferNoSchedule'),
  },
  {requiredKeys: ['value']},
);

const key = fc.constantFrom('zone', 'generation', 'rack');
const requirement = fc.oneof(
  fc.record({
    key,
    operator: fc.constantFrom('In' as const, 'NotIn' as const),
    values: fc.constantFrom(['a'], ['2'], ['a', '3']),
  }),
  fc.record({key, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const)}),
  fc.record({
    key,
    operator: fc.constantFrom('Gt' as const, 'Lt' as const),
    values: fc.constantFrom(['1'], ['2'], ['two']),
  }),
);

const selector = fc.record(
  {
    matchLabels: fc.constantFrom({zone: 'a'}, {zone: 'b'}),
    matchExpressions: fc.array(requirement, {maxLength: 2}),
  },
  {requiredKeys: []},
);

/** True or false, the first far more often. */
const mostly = (value: boolean) =>
  fc.oneof({weight: 9, arbitrary: fc.constant(value)}, {weight: 1, arbitrary: fc.constant(!value)});

const often = <Value>(usual: Value, other: fc.Arbitrary<Value>) =>
  fc.oneof({weight: 3, arbitrary: fc.constant(usual)}, {weight: 1, arbitrary: other});

const workerOptions: fc.Arbitrary<WorkerOptions> = fc.record({
  poolName: fc.constantFrom('default', 'other'),
  labels: fc.record(
    {
      zone: fc.constantFrom('a', 'b'),
      generation: fc.constantFrom('1', '2', '3', '-4', '2.5', 'x', ''),
    },
    {requiredKeys: []},
  ),
  taints: fc.oneof(fc.constant([]), fc.array(taint, {maxLength: 2})),
  ready: mostly(true),
  unschedulable: mostly(false),
  cpuMillis: fc.integer({min: 0, max: 6}).map((cores) => cores * 500),
  memoryBytes: fc.integer({min: 0, max: 8}).map((parts) => parts * 128 * MEBIBYTE),
  containers: fc.integer({min: 0, max: 6}),
  gpuCount: fc.constantFrom(0, 0, 1, 2, 4),
  gpuType: fc.constantFrom('A100', 'H100', 'T4'),
});

const gpuDemand = fc.constantFrom(
  {},
  {},
  {gpuCount: 1, gpuMillis: 300},
  {gpuCount: 1, gpuMillis: 700},
  {gpuCount: 1},
  {gpuCount: 2},
  {gpuCount: 1, gpuTypes: ['H100']},
  {gpuCount: 1, gpuMillis: 500, gpuTypes: ['H100', 'A100']},
  {gpuCount: 1, gpuTypes: ['T4', 'A100', 'H100']},
);

const request: fc.Arbitrary<PlacementRequest> = fc
  .tuple(
    fc.record({
      cpuMillis: fc.integer({min: 0, max: 4}).map((parts) => parts * 250),
      memoryBytes: fc.integer({min: 0, max: 4}).map((parts) => parts * 64 * MEBIBYTE),
      priority: fc.constantFrom(0, 0, 1, 500, 1000),
    }),
    gpuDemand,
    often({}, fc.record({affinityKey: fc.constantFrom('k1', 'k2', 'k3')})),
    often({}, fc.record({poolName: fc.constantFrom('default', 'other', 'none')})),
    often({}, fc.record({workerName: fc.constantFrom('w-1', 'w-2', 'w-9')})),
    often({}, fc.record({selector})),
    fc.record({tolerations: fc.array(toleration, {maxLength: 2})}),
  )
  .map((parts) => makeRequest(Object.assign({}, ...parts)));

const allocation: fc.Arbitrary<Allocation> = fc
  .record({
    workerName: fc.constantFrom('w-1', 'w-2', 'w-3'),
    cpuMillis: fc.integer({min: 0, max: 3}).map((parts) => parts * 500),
    memoryBytes: fc.integer({min: 0, max: 3}).map((parts) => parts * 64 * MEBIBYTE),
    gpuDevices: fc.constantFrom([], [0], [0, 1], [3]),
    gpuMillis: fc.constantFrom(300, 1000),
  })
  .map((amounts) => ({uid: 'bound', request: 'default/bound', ...amounts}));

export const scenarios: fc.Arbitrary<Scenario> = fc.record({
  workers: fc
    .array(workerOptions, {minLength: 0, maxLength: 6})
    .map((list) => list.map((options, index) => makeWorker({name: `w-${index + 1}`, ...options}))),
  bound: often([], fc.array(allocation, {maxLength: 4})),
  batch: fc.array(request, {minLength: 1, maxLength: 25}),
});

/** Sometimes a pool has an object of its own, with either strategy. */
export const pools: fc.Arbitrary<PlacementPool[]> = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('default', 'other'),
    strategy: fc.constantFrom('Spread', 'Pack', undefined),
    loadBound: fc.constantFrom(1, 1.25, 3),
  }),
  {selector: ({name}) => name, maxLength: 2},
);

export function snapshotFor(scenario: Scenario, poolList: readonly PlacementPool[] = []): Snapshot {
  const table = tableOf(scenario.workers);
  for (const pool of poolList) table.upsertPool(pool);
  for (const one of scenario.bound) table.take(one);
  return table.snapshot();
}

export function planOf(scenario: Scenario): Plan {
  return place(scenario.batch, snapshotFor(scenario));
}
