import type {WorkerRecord} from '../api/records.ts';
import {apiVersionOf, workers} from '../kube/resource.ts';
import {type NodeWorker, nodePoolLabel, poolOf, specOf, workerOfNode} from './nodeWorker.ts';
import type {NodeRecord} from './parseNode.ts';
import type {NodeProblem, PoolSources} from './poolView.ts';

/** What is known about one name, of a Node, of a Worker, or of both. */
export interface NodeSurroundings extends PoolSources {
  readonly node: NodeRecord | undefined;
  readonly worker: WorkerRecord | undefined;
  /** There is a Worker, and it cannot be understood. */
  readonly isWorkerUnreadable: boolean;
  /** Requests that the Worker holds, those whose bind is under way too. */
  readonly held: number;
}

/**
 * What to do about the Worker of that name next; at most one write, the rest follows from its
 * effect.
 */
export type WorkerStep =
  | {readonly kind: 'nothing'}
  | {readonly kind: 'create'; readonly poolName: string; readonly body: object}
  /** A merge patch, refused unless the Worker is what was judged. */
  | {readonly kind: 'change'; readonly poolName: string; readonly body: object}
  | {readonly kind: 'delete'; readonly poolName: string; readonly body: object};

export interface WorkerVerdict {
  readonly step: WorkerStep;
  /** Why a Node that a pool selects is no Worker as it should be. */
  readonly problem?: NodeProblem;
}

const nothing: WorkerVerdict = {step: {kind: 'nothing'}};

/**
 * The next step of the Worker of one name, from what is there alone. A Worker whose Node is gone or
 * is selected no more is cordoned, and deleted once it holds nothing: what runs there ends by
 * itself, or is lost with its Node by the rules for lost workers, and a mistake in a selector kills
 * nothing. That is also why no owner reference ties it to its pool. A Worker without the label is
 * somebody else's.
 */
export function workerStep(name: string, around: NodeSurroundings): WorkerVerdict {
  const {node, pools, unreadablePools, worker, isWorkerUnreadable} = around;
  const owner = worker?.labels[nodePoolLabel];
  if (owner !== undefined && unreadablePools.has(owner)) return nothing;
  const pool = node && poolOf(node, pools);
  const wanted = pool && workerOfNode(node, pool);
  if (isWorkerUnreadable || (worker && owner === undefined)) {
    const message = `Worker ${name} is there already and was not made from the Node`;
    return pool ? {...nothing, problem: {poolName: pool.name, message}} : nothing;
  }
  if (worker?.deleting) return nothing;
  if (pool && !wanted) {
    const message = `Node ${name} has no CPU, memory or Pods left beside what is reserved`;
    const step: WorkerStep = worker ? cordon(worker) : {kind: 'nothing'};
    return {step, problem: {poolName: pool.name, message}};
  }
  if (!wanted) return {step: worker ? remove(worker, around.held) : {kind: 'nothing'}};
  if (!worker)
    return {step: {kind: 'create', poolName: wanted.poolName, body: newWorker(name, wanted)}};
  return {step: follow(worker, wanted, around.held)};
}

function newWorker(name: string, wanted: NodeWorker): object {
  return {
    apiVersion: apiVersionOf(workers),
    kind: workers.kind,
    metadata: {name, labels: wanted.labels},
    spec: specOf(wanted),
  };
}

function remove(worker: WorkerRecord, held: number): WorkerStep {
  // Cordoned first, and seen so: no batch can place anything there between the look and the delete.
  if (!worker.unschedulable) return cordon(worker);
  if (held > 0) return {kind: 'nothing'};
  return {kind: 'delete', poolName: worker.poolName, body: {preconditions: guardOf(worker)}};
}

function cordon(worker: WorkerRecord): WorkerStep {
  if (worker.unschedulable) return {kind: 'nothing'};
  const body = {metadata: guardOf(worker), spec: {unschedulable: true}};
  return {kind: 'change', poolName: worker.poolName, body};
}

function follow(worker: WorkerRecord, wanted: NodeWorker, held: number): WorkerStep {
  if (worker.nodeName !== wanted.nodeName && held > 0) {
    // Its Pods would be nobody's once an agent takes over, or the other way round: empty it first.
    return follow(worker, {...wanted, nodeName: worker.nodeName, unschedulable: true}, 0);
  }
  if (isSame(worker, wanted)) return {kind: 'nothing'};
  const removed = Object.keys(worker.labels).filter((key) => !(key in wanted.labels));
  const labels = {...wanted.labels, ...Object.fromEntries(removed.map((key) => [key, null]))};
  const spec = specOf(wanted);
  return {
    kind: 'change',
    poolName: wanted.poolName,
    body: {
      metadata: {...guardOf(worker), labels},
      // A merge patch removes what is null.
      spec: {nodeName: null, ...spec, capacity: {gpu: null, ...spec.capacity}},
    },
  };
}

function guardOf({uid, resourceVersion}: WorkerRecord) {
  return {uid, resourceVersion};
}

function isSame(worker: WorkerRecord, wanted: NodeWorker): boolean {
  return textOf(worker) === textOf(wanted);
}

function textOf({labels, taints, ...rest}: NodeWorker): string {
  const {cpuMillis, memoryBytes, gpuCount, gpuType, containers} = rest.capacity;
  return JSON.stringify([
    rest.poolName,
    rest.nodeName ?? null,
    rest.unschedulable,
    [cpuMillis, memoryBytes, gpuCount, gpuType, containers],
    Object.entries(labels).sort(([left], [right]) => (left < right ? -1 : 1)),
    taints.map(({key, value = '', effect}) => [key, value, effect]),
  ]);
}
