import {assert} from '../lib/assert.ts';
import type {BatchState} from './batchState.ts';
import {checkClass, checkMember} from './inputChecks.ts';
import type {BatchDemand} from './loadCap.ts';
import type {PlacementRequest} from './plan.ts';
import {RequestClass} from './requestClass.ts';
import {UidSet} from './uidSet.ts';

/** Places of classes that are found without a look into the map of texts; a power of two. */
const MOST_PLACES = 1024;

/** 2^32 / golden ratio: sizes that are close fall far apart. */
const GOLDEN = 0x9e3779b9;

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
  const byKey = new Map<string, RequestClass>();
  const demands = new Map<object, BatchDemand>();
  const uids = new UidSet(batch.length, (index) => batch[index]!.uid);
  const classOf = new Int32Array(batch.length);
  const priorities = new Int32Array(batch.length);
  const hashes = new Int32Array(batch.length);
  const isExplicit = new Uint8Array(batch.length);
  const recent = emptyPlaces(batch.length);
  for (let at = 0; at < batch.length; at++) {
    const request = batch[at]!;
    checkMember(request);
    // Asked first: the message would be a new text for each request.
    if (!uids.add(at, request.uid)) assert(false, `uid ${request.uid} is once in a batch`);
    const place = placeOf(request, recent.length);
    let requestClass = recent[place];
    if (requestClass?.classKey !== request.classKey) {
      requestClass = byKey.get(request.classKey);
      if (!requestClass) {
        requestClass = openClass(request, demands, state);
        requestClass.index = classes.push(requestClass) - 1;
        byKey.set(request.classKey, requestClass);
      }
      recent[place] = requestClass;
    }
    priorities[at] = request.priority;
    hashes[at] = request.affinityHash;
    isExplicit[at] = request.affinityExplicit ? 1 : 0;
    classOf[at] = requestClass.index;
    requestClass.count++;
    if (request.affinityExplicit) requestClass.hasKeys = true;
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

/**
 * Of requests met lately the class, by numbers of theirs that cost next to nothing; requests of a
 * class hold the very same text, so that comparing it is comparing two pointers.
 *
 *     recent  [ class 7 |  -  | class 31 |  -  ]     the class that came to each place last
 *
 * A table without chains: whose class is pushed out by another one asks the map, at three times the
 * cost.
 */
function emptyPlaces(requests: number): (RequestClass | undefined)[] {
  let count = 1;
  while (count < MOST_PLACES && count < requests) count *= 2;
  return new Array<RequestClass | undefined>(count).fill(undefined);
}

function placeOf({demand, classKey}: PlacementRequest, places: number): number {
  const {cpuMillis, memoryBytes, gpuMillis} = demand;
  const mixed = cpuMillis + 31 * gpuMillis + 613 * classKey.length + memoryBytes / 1024;
  return (Math.imul(mixed, GOLDEN) >>> 20) & (places - 1);
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
