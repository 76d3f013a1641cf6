import type {AffinityLevel} from '../api/records.ts';
import type {ClassifiedBatch} from './classifiedBatch.ts';
import type {Assigned, PlacementRequest, Plan, Unplaced} from './plan.ts';

const NO_DEVICES: readonly number[] = Object.freeze([]);

/** By `NONE`, `NEAR` and `WARM`, which the columns hold. */
const AFFINITIES: readonly AffinityLevel[] = ['None', 'Near', 'Warm'];

/** What the decisions of a batch leave behind, one entry each, in their order. */
export interface DecisionColumns {
  /** Index of the request in the batch. */
  readonly order: Int32Array;
  /** The worker's position; -1 for none. */
  readonly positions: Int32Array;
  readonly affinities: Uint8Array;
  /** Devices of all assignments one after the other, as many each as the request asks for. */
  readonly devices: Int32Array;
}

/** All that a plan's objects are made from. */
interface Decided extends DecisionColumns, Pick<ClassifiedBatch, 'classes' | 'classOf'> {
  /** Name of the worker at a position. */
  readonly nameAt: (position: number) => string;
}

/**
 * A plan as the loop writes it: columns of numbers. The objects are made when somebody asks for
 * them, once, so that the loop itself makes none.
 *
 *     order      [  2 |  0 |  3 |  1 ]     index in the batch
 *     positions  [ 71 |  5 | -1 | 71 ]     -1 = unplaced
 *     devices    [ 0 1 |  3 |    |    ]    requests 2 and 0 asked for two and one
 */
export class DecidedPlan<Request extends PlacementRequest> implements Plan<Request> {
  readonly #batch: readonly Request[];
  readonly #decided: Decided;
  #assigned: readonly Assigned<Request>[] | undefined;
  #unplaced: readonly Unplaced<Request>[] | undefined;

  constructor(batch: readonly Request[], decided: Decided) {
    this.#batch = batch;
    this.#decided = decided;
  }

  get assigned(): readonly Assigned<Request>[] {
    this.#assigned ??= this.#listAssigned();
    return this.#assigned;
  }

  get unplaced(): readonly Unplaced<Request>[] {
    this.#unplaced ??= this.#listUnplaced();
    return this.#unplaced;
  }

  toJSON(): Plan<Request> {
    return {assigned: this.assigned, unplaced: this.unplaced};
  }

  #listAssigned(): Assigned<Request>[] {
    const {order, positions, affinities, devices, nameAt, classes, classOf} = this.#decided;
    const assigned: Assigned<Request>[] = [];
    let device = 0;
    for (let at = 0; at < order.length; at++) {
      const position = positions[at]!;
      if (position < 0) continue;
      const index = order[at]!;
      const {gpuCount} = classes[classOf[index]!]!.demand;
      assigned.push({
        request: this.#batch[index]!,
        workerName: nameAt(position),
        gpuDevices: gpuCount === 0 ? NO_DEVICES : listOf(devices, device, device + gpuCount),
        affinity: AFFINITIES[affinities[at]!]!,
      });
      device += gpuCount;
    }
    return assigned;
  }

  #listUnplaced(): Unplaced<Request>[] {
    const {order, positions, classes, classOf} = this.#decided;
    const unplaced: Unplaced<Request>[] = [];
    for (let at = 0; at < order.length; at++) {
      if (positions[at]! >= 0) continue;
      const index = order[at]!;
      const {verdict} = classes[classOf[index]!]!;
      unplaced.push({request: this.#batch[index]!, verdict});
    }
    return unplaced;
  }
}

/** A spread of a subarray takes five times as long. */
function listOf(devices: Int32Array, start: number, end: number): number[] {
  const list: number[] = [];
  for (let at = start; at < end; at++) list.push(devices[at]!);
  return list;
}
