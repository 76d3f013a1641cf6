import {assert} from '../lib/assert.ts';
import {orderBatch} from './batchOrder.ts';
import {BatchState} from './batchState.ts';
import {FrozenSnapshot} from './frozenSnapshot.ts';
import {chooseDevices} from './gpuDevices.ts';
import {checkRequest} from './inputChecks.ts';
import type {BatchDemand} from './loadCap.ts';
import type {Assigned, PlacementRequest, Plan, Snapshot, Unplaced} from './plan.ts';
import {RequestClass} from './requestClass.ts';

/**
 * Decides a whole batch against one snapshot. Pure: the same batch and workers give the same plan,
 * in whatever order the workers were listed; the snapshot stays as it is.
 *
 * No worker and no GPU device goes above its capacity; higher priority is strictly first; a request
 * is left out only when no worker could hold it, and says why. Lists are in the order of decision.
 *
 * Cost: O(batch + workers) for the scratch copy, O(workers) once a class, then O(log workers) a
 * request. Source of the algorithm: PLACEMENT.md, sections 2.4 to 2.6.
 *
 * @throws Error on input that parsing should have refused, naming the value
 */
export function place<Request extends PlacementRequest>(
  batch: readonly Request[],
  snapshot: Snapshot,
): Plan<Request> {
  assert(snapshot instanceof FrozenSnapshot, 'the snapshot comes from a WorkerTable');
  const state = new BatchState(snapshot, batch.length);
  const {classes, classOf} = classify(batch, state);
  const assigned: Assigned<Request>[] = [];
  const unplaced: Unplaced<Request>[] = [];
  for (const index of orderBatch(batch, classes, classOf)) {
    const request = batch[index]!;
    const requestClass = classes[classOf[index]!]!;
    const rank = requestClass.choose(request);
    if (rank < 0) {
      unplaced.push({request, verdict: requestClass.verdict});
      continue;
    }
    const gpuDevices = takeDevices(state, rank, requestClass);
    const workerName = state.layout.workers[rank]!.name;
    assigned.push({request, workerName, gpuDevices, affinity: requestClass.affinity});
  }
  return {assigned, unplaced};
}

function takeDevices(state: BatchState, rank: number, {demand}: RequestClass): readonly number[] {
  const {gpuStart} = state.layout;
  const end = gpuStart[rank + 1]!;
  const devices = chooseDevices(state.free.gpuMillis, gpuStart[rank]!, end, demand);
  state.take(rank, demand, devices);
  return devices;
}

/** Checks each request, and sorts the batch into its classes. */
function classify(
  batch: readonly PlacementRequest[],
  state: BatchState,
): {classes: RequestClass[]; classOf: Int32Array} {
  const classes: RequestClass[] = [];
  const indexes = new Map<string, number>();
  const demands = new Map<object, BatchDemand>();
  const uids = new Set<string>();
  const classOf = new Int32Array(batch.length);
  for (const [position, request] of batch.entries()) {
    checkRequest(request);
    uids.add(request.uid);
    assert(uids.size === position + 1, `uid ${request.uid} is once in a batch`);
    let index = indexes.get(request.classKey);
    if (index === undefined) {
      index = classes.length;
      indexes.set(request.classKey, index);
      classes.push(openClass(request, demands, state));
    }
    classOf[position] = index;
    const {demand, eligibility} = classes[index]!;
    const sum = demands.get(eligibility)!;
    sum.cpuMillis += demand.cpuMillis;
    sum.memoryBytes += demand.memoryBytes;
    sum.gpuMillis += demand.gpuCount * demand.gpuMillis;
    sum.containers += 1;
  }
  return {classes, classOf};
}

function openClass(
  request: PlacementRequest,
  demands: Map<object, BatchDemand>,
  state: BatchState,
): RequestClass {
  const {constraints, demand} = request;
  const terms = {constraints, needsGpu: demand.gpuCount > 0, gpuTypes: demand.gpuTypes};
  const eligibility = state.layout.eligibility.of(terms);
  let batchDemand = demands.get(eligibility);
  if (!batchDemand) {
    batchDemand = {cpuMillis: 0, memoryBytes: 0, gpuMillis: 0, containers: 0};
    demands.set(eligibility, batchDemand);
  }
  return new RequestClass(request, eligibility, batchDemand, state);
}
