import {Heap} from '../../../src/lib/heap.ts';
import {matchesSelector} from '../../../src/placement/labelSelector.ts';
import type {PlacementRequest, PlacementWorker} from '../../../src/placement/plan.ts';
import {hasUntolerated} from '../../../src/placement/tolerations.ts';

/*
 * What one would write first. Same requests, same constraints, same capacity rules; CPU workers
 * are levelled, GPU workers filled up, with no thought for fragmentation. Each gives how many it
 * placed.
 */

interface Row {
  readonly worker: PlacementWorker;
  cpuMillis: number;
  memoryBytes: number;
  containers: number;
  readonly gpuMillis: number[];
}

export type Naive = (
  batch: readonly PlacementRequest[],
  workers: readonly PlacementWorker[],
) => number;

/** For each request all workers that fit, sorted. */
export const filterAndSort: Naive = (batch, workers) => {
  const rows = rowsOf(workers);
  return inOrder(batch).filter((request) => {
    const [best] = rows
      .filter((row) => canHold(row, request))
      .sort((one, other) => costOf(one) - costOf(other));
    return best !== undefined && take(best, request);
  }).length;
};

/** For each request the best of all workers that fit. */
export const scan: Naive = (batch, workers) => {
  const rows = rowsOf(workers);
  return inOrder(batch).filter((request) => {
    let best: Row | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const row of rows) {
      const cost = costOf(row);
      if (cost >= least || !canHold(row, request)) continue;
      best = row;
      least = cost;
    }
    return best !== undefined && take(best, request);
  }).length;
};

/** A heap of all workers a batch; what does not fit the request is put aside and back again. */
export const leastLoadedHeap: Naive = (batch, workers) => {
  const heap = new Heap<Row>({before: (one, other) => costOf(one) < costOf(other)});
  for (const row of rowsOf(workers)) heap.push(row);
  return inOrder(batch).filter((request) => {
    const aside: Row[] = [];
    let row = heap.pop();
    while (row && !canHold(row, request)) {
      aside.push(row);
      row = heap.pop();
    }
    for (const one of aside) heap.push(one);
    if (!row) return false;
    take(row, request);
    heap.push(row);
    return true;
  }).length;
};

function inOrder(batch: readonly PlacementRequest[]): PlacementRequest[] {
  return [...batch].sort((one, other) => other.priority - one.priority);
}

function rowsOf(workers: readonly PlacementWorker[]): Row[] {
  return workers.map((worker) => ({
    worker,
    cpuMillis: worker.capacity.cpuMillis,
    memoryBytes: worker.capacity.memoryBytes,
    containers: worker.capacity.containers,
    gpuMillis: Array.from({length: worker.capacity.gpuCount}, () => 1000),
  }));
}

/** Less is better: the load of a CPU worker, what is left of a GPU worker. */
function costOf({worker, cpuMillis, gpuMillis}: Row): number {
  if (gpuMillis.length === 0) return -cpuMillis / worker.capacity.cpuMillis;
  let left = 0;
  for (const millis of gpuMillis) left += millis;
  return left;
}

function canHold(row: Row, {demand, constraints}: PlacementRequest): boolean {
  const {worker, cpuMillis, memoryBytes, containers, gpuMillis} = row;
  if (cpuMillis < demand.cpuMillis || memoryBytes < demand.memoryBytes) return false;
  if (containers < 1 || !worker.ready || worker.unschedulable) return false;
  if (demand.gpuCount > 0) {
    let open = 0;
    for (const millis of gpuMillis) if (millis >= demand.gpuMillis) open++;
    if (open < demand.gpuCount) return false;
    const {gpuTypes} = demand;
    if (gpuTypes.length > 0 && !gpuTypes.includes(worker.capacity.gpuType)) return false;
  }
  const {poolName, workerName, selector, tolerations} = constraints;
  if (poolName !== undefined && poolName !== worker.poolName) return false;
  if (workerName !== undefined && workerName !== worker.name) return false;
  if (selector && !matchesSelector(worker.labels, selector)) return false;
  return !hasUntolerated(worker.taints, tolerations, ['NoSchedule', 'NoExecute']);
}

function take(row: Row, {demand}: PlacementRequest): true {
  row.cpuMillis -= demand.cpuMillis;
  row.memoryBytes -= demand.memoryBytes;
  row.containers--;
  for (let device = 0, wanted = demand.gpuCount; wanted > 0; device++) {
    if (row.gpuMillis[device]! < demand.gpuMillis) continue;
    row.gpuMillis[device]! -= demand.gpuMillis;
    wanted--;
  }
  return true;
}
