import {assert} from '../lib/assert.ts';
import type {BatchState} from './batchState.ts';
import {checkClass, checkMember} from './inputChecks.ts';
import type {BatchDemand} from './loadCap.ts';
import type {PlacementRequest} from './plan.ts';
import {RequestClass} from './requestClass.ts';
import {UidSet} from './uidSet.ts';

/** A batch sorted into its classes. */
export interface ClassifiedBatch {
  readonly classes: readonly RequestClass[];
  /** Index into `classes` of each request. */
  readonly classOf: Int32Array;
  /** Columns of what the loop reads of each request: in its order they are far apart. */
  readonly priorities: Int32Array;
  readonly hashes: Int32Array;
  readonly isExplicit: Uint8Array;
}

/**
 * Checks each request, and finds its class. What all of a class share is looked at once a class.
 *
 * @throws Error on a uid that is there twice, or input that parsing should have refused
 */
export function classify(batch: readonly PlacementRequest[], state: BatchState): ClassifiedBatch {
  const classes: RequestClass[] = [];
  const indexes = new Map<string, number>();
  const demands = new Map<object, BatchDemand>();
  const uids = new UidSet(batch.length, (index) => batch[index]!.uid);
  const classOf = new Int32Array(batch.length);
  const priorities = new Int32Array(batch.length);
  const hashes = new Int32Array(batch.length);
  const isExplicit = new Uint8Array(batch.length);
  let lastKey: string | undefined;
  let last = -1;
  for (let at = 0; at < batch.length; at++) {
    const request = batch[at]!;
    checkMember(request);
    // Asked first: the message would be a new text for each request.
    if (!uids.add(at, request.uid)) assert(false, `uid ${request.uid} is once in a batch`);
    // Requests of a class often come one after the other, and then hold the very same text.
    if (request.classKey !== lastKey) {
      lastKey = request.classKey;
      last = indexes.get(lastKey) ?? -1;
      if (last < 0) {
        last = classes.length;
        indexes.set(lastKey, last);
        classes.push(openClass(request, demands, state));
      }
    }
    priorities[at] = request.priority;
    hashes[at] = request.affinityHash;
    isExplicit[at] = request.affinityExplicit ? 1 : 0;
    classOf[at] = last;
    classes[last]!.count++;
    if (request.affinityExplicit) classes[last]!.hasKeys = true;
  }
  for (const {demand, eligibility, count, hasKeys} of classes) {
    // What its load caps start from is what was taken before the batch.
    if (hasKeys) for (const tier of eligibility.tiers) if (!tier.packs) tier.openUsage();
    const sum = demands.get(eligibility)!;
    sum.cpuMillis += count * demand.cpuMillis;
    sum.memoryBytes += count * demand.memoryBytes;
    sum.gpuMillis += count * demand.gpuCount * demand.gpuMillis;
    sum.containers += count;
  }
  return {classes, classOf, priorities, hashes, isExplicit};
}

function openClass(
  request: PlacementRequest,
  demands: Map<object, BatchDemand>,
  state: BatchState,
): RequestClass {
  checkClass(request);
  const eligibility = state.rows.eligibility.of(request.constraints, request.demand);
  let batchDemand = demands.get(eligibility);
  if (!batchDemand) {
    batchDemand = {cpuMillis: 0, memoryBytes: 0, gpuMillis: 0, containers: 0};
    demands.set(eligibility, batchDemand);
  }
  return new RequestClass(request, eligibility, batchDemand, state);
}
