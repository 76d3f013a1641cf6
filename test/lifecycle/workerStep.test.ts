import {describe, expect, it} from 'vitest';
import type {NodeSource} from '../../src/api/parsePool.ts';
import {parseWorker} from '../../src/api/parseWorker.ts';
import type {WorkerRecord} from '../../src/api/records.ts';
import {
  type NodePool,
  nodePoolLabel,
  specOf,
  workerOfNode,
} from '../../src/lifecycle/nodeWorker.ts';
import type {NodeRecord} from '../../src/lifecycle/parseNode.ts';
import {type NodeSurroundings, workerStep} from '../../src/lifecycle/workerStep.ts';
import {makeNode, makeWorker} from './builders.ts';

const makePool = (name: string, changes: Partial<NodeSource> = {}): NodePool => ({
  name,
  nodes: {
    selector: {zone: 'a'},
    reservedCpuMillis: 500,
    reservedMemoryBytes: 2 ** 30,
    runtime: 'Pod',
    ...changes,
  },
});
const pool = makePool('sandboxes');
const node = (changes: Partial<NodeRecord> = {}) =>
  makeNode({name: 'n-1', labels: {zone: 'a', disk: 'ssd'}, ...changes});

/** The Worker that was made of a Node, with `changes`. */
function made(of = node(), changes: Partial<WorkerRecord> = {}, by = pool): WorkerRecord {
  const {poolName, nodeName, labels, taints, unschedulable, capacity} = workerOfNode(of, by)!;
  const worker = {poolName, nodeName, labels, taints, unschedulable, capacity};
  return makeWorker({name: 'n-1', uid: 'u', resourceVersion: '5', ...worker, ...changes});
}

const judge = (changes: Partial<NodeSurroundings>) =>
  workerStep('n-1', {
    node: node(),
    pools: [pool],
    unreadablePools: new Set(),
    worker: undefined,
    isWorkerUnreadable: false,
    held: 0,
    ...changes,
  });

const guard = {uid: 'u', resourceVersion: '5'};
const cordoned = {unschedulable: true};
const other = {labels: {zone: 'b'}};

describe('the Worker of a Node', () => {
  const rows: readonly [string, Partial<NodeSurroundings>, object][] = [
    [
      'that a pool selects is created with what is left of it',
      {},
      {
        kind: 'create',
        body: {
          metadata: {name: 'n-1', labels: {zone: 'a', disk: 'ssd', [nodePoolLabel]: 'sandboxes'}},
          spec: {
            poolName: 'sandboxes',
            nodeName: 'n-1',
            capacity: {cpu: '3500m', memory: '15Gi', containers: 100},
            taints: [],
            unschedulable: false,
          },
        },
      },
    ],
    ['that no pool selects is not created', {node: node(other)}, {kind: 'nothing'}],
    ['that is as it should be is left alone', {worker: made()}, {kind: 'nothing'}],
    [
      'follows its cordon, taints and capacity, and loses what the Node has lost',
      {
        worker: made(node({labels: {zone: 'a', old: 'x'}})),
        node: node({
          unschedulable: true,
          taints: [{key: 'k', effect: 'NoSchedule'}],
          allocatable: {cpuMillis: 8000, memoryBytes: 2 ** 34, gpuCount: 0, pods: 20},
        }),
      },
      {
        kind: 'change',
        body: {
          metadata: {...guard, labels: {disk: 'ssd', old: null}},
          spec: {
            unschedulable: true,
            taints: [{key: 'k', effect: 'NoSchedule'}],
            capacity: {cpu: '7500m', containers: 18, gpu: null},
          },
        },
      },
    ],
    [
      'is cordoned when its Node is gone',
      {node: undefined, worker: made(), held: 0},
      {kind: 'change', body: {metadata: guard, spec: cordoned}},
    ],
    [
      'that goes stays while it holds requests',
      {node: undefined, worker: made(node(), cordoned), held: 1},
      {kind: 'nothing'},
    ],
    [
      'that goes is deleted once it is cordoned and empty',
      {node: undefined, worker: made(node(), cordoned), held: 0},
      {kind: 'delete', body: {preconditions: guard}},
    ],
    [
      'goes when its pool selects the Node no more',
      {node: node(other), worker: made()},
      {kind: 'change', body: {spec: cordoned}},
    ],
    ['goes when its pool is gone', {pools: [], worker: made(node(), cordoned)}, {kind: 'delete'}],
    [
      'stays as it is while nobody knows what its pool selects',
      {pools: [], unreadablePools: new Set(['sandboxes']), worker: made()},
      {kind: 'nothing'},
    ],
    [
      'that goes comes back with its Node',
      {worker: made(node(), cordoned)},
      {kind: 'change', body: {spec: {unschedulable: false}}},
    ],
    [
      'changes its pool with the labels of the Node',
      {pools: [makePool('a-pool', {selector: {disk: 'ssd'}}), pool], worker: made()},
      {
        kind: 'change',
        body: {metadata: {labels: {[nodePoolLabel]: 'a-pool'}}, spec: {poolName: 'a-pool'}},
      },
    ],
    [
      'is emptied before an agent takes over from Pods',
      {pools: [makePool('sandboxes', {runtime: 'Agent'})], worker: made(), held: 1},
      {kind: 'change', body: {spec: {...cordoned, nodeName: 'n-1'}}},
    ],
    [
      'goes to its agent once it is empty',
      {pools: [makePool('sandboxes', {runtime: 'Agent'})], worker: made(node(), cordoned)},
      {kind: 'change', body: {spec: {unschedulable: false, nodeName: null}}},
    ],
    [
      'that is being deleted is left alone',
      {worker: made(node(other), {deleting: true, ...cordoned})},
      {kind: 'nothing'},
    ],
    ['of somebody else is never touched', {worker: makeWorker({name: 'n-1'})}, {kind: 'nothing'}],
    [
      'of somebody else is never touched when the Node is gone',
      {node: undefined, worker: makeWorker({name: 'n-1', ...cordoned})},
      {kind: 'nothing'},
    ],
    ['that cannot be read is not created again', {isWorkerUnreadable: true}, {kind: 'nothing'}],
    [
      'with nothing left beside the reserve is not created',
      {pools: [makePool('sandboxes', {reservedCpuMillis: 4000})]},
      {kind: 'nothing'},
    ],
    [
      'with nothing left beside the reserve is cordoned',
      {pools: [makePool('sandboxes', {reservedCpuMillis: 4000})], worker: made()},
      {kind: 'change', body: {spec: cordoned}},
    ],
  ];
  it.each(rows)('%s', (_, changes, step) => {
    expect(judge(changes).step).toMatchObject(step);
  });

  it.each([
    ['of somebody else', {worker: makeWorker({name: 'n-1'})}, /was not made from the Node/],
    ['that cannot be read', {isWorkerUnreadable: true}, /was not made from the Node/],
    [
      'that nothing is left of',
      {pools: [makePool('sandboxes', {reservedMemoryBytes: 2 ** 34})]},
      /no CPU, memory or Pods left/,
    ],
  ])('%s is said to its pool', (_, changes, message) => {
    expect(judge(changes).problem).toEqual({
      poolName: 'sandboxes',
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ['CPUs alone', {}],
    ['GPUs', {allocatable: {cpuMillis: 1501, memoryBytes: 2 ** 34 + 1, gpuCount: 8, pods: 9}}],
    ['taints', {taints: [{key: 'a', value: 'b', effect: 'NoExecute' as const}]}],
    ['a cordon', {unschedulable: true}],
  ])('with %s is read back as what was written', (_, changes) => {
    const wanted = workerOfNode(node(changes), pool)!;
    const spec = {...specOf(wanted)};
    const parsed = parseWorker({metadata: {name: 'n-1', labels: wanted.labels}, spec});
    if (parsed.kind === 'invalid') throw new Error(JSON.stringify(parsed.problem));
    expect(judge({node: node(changes), worker: parsed.worker}).step).toEqual({kind: 'nothing'});
  });

  it('has the GPUs that the Node offers, by the name of its product', () => {
    const allocatable = {cpuMillis: 4000, memoryBytes: 2 ** 34, gpuCount: 8, pods: 110};
    const labels = {zone: 'a', 'nvidia.com/gpu.product': 'NVIDIA-H100'};
    expect(workerOfNode(node({allocatable, labels}), pool)?.capacity).toMatchObject({
      gpuCount: 8,
      gpuType: 'NVIDIA-H100',
    });
    expect(workerOfNode(node({allocatable}), pool)?.capacity.gpuType).toBe('nvidia');
  });

  it('takes nothing when it has more taints than a Worker can have', () => {
    const taints = Array.from({length: 33}, (_, index) => ({
      key: `k-${index}`,
      effect: 'NoSchedule' as const,
    }));
    expect(workerOfNode(node({taints}), pool)).toMatchObject({unschedulable: true});
  });

  it('keeps the labels that its pool selects by, however many others there are', () => {
    const many = Array.from({length: 200}, (_, index) => [`a-${index}`, 'x']);
    const labels = {...Object.fromEntries(many), zone: 'a'};
    const worker = workerOfNode(node({labels}), pool)!;
    expect(worker.labels).toMatchObject({zone: 'a', [nodePoolLabel]: 'sandboxes'});
    expect(Object.keys(worker.labels)).toHaveLength(129);
  });
});
