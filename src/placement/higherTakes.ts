import type {Demand} from '../api/resources.ts';
import type {BatchState} from './batchState.ts';
import type {ClassifiedBatch} from './classifiedBatch.ts';
import type {DecisionColumns} from './decidedPlan.ts';
import {countDevices, FreeCapacity, fits} from './freeCapacity.ts';

/** A place in the order of decisions, and where the devices of the next one stand. */
interface Mark {
  decision: number;
  device: number;
}

/**
 * What would be free without the requests of higher priority that were placed earlier in the batch:
 * a request that is left out asks whether they had what it wants.
 *
 *     decisions by falling priority   [ 9 9 9 | 5 5 5 5 | 1 1 . .
 *                                      given ^     ^ counted       asked by the next of priority 5
 *     before = what is free at the start of the batch, less the 5s that are placed
 *
 * A decision of the priority that asks is counted; when a lower one asks, it is given back. So each
 * is counted and given back once at most: over the batch O(workers + decisions), and nothing where
 * all requests are placed or of one priority.
 */
export class HigherTakes {
  readonly #batch: ClassifiedBatch;
  readonly #columns: Pick<DecisionColumns, 'order' | 'positions' | 'devices'>;
  readonly #state: BatchState;
  #before: FreeCapacity | undefined;
  /** All before it count in `#before`, but for those that were given back. */
  readonly #counted: Mark = {decision: 0, device: 0};
  /** All before it were given back. */
  readonly #given: Mark = {decision: 0, device: 0};
  /** A worker whose devices changed since they were summed up; -1 for none. */
  #changed = -1;

  constructor(
    batch: ClassifiedBatch,
    columns: Pick<DecisionColumns, 'order' | 'positions' | 'devices'>,
    state: BatchState,
  ) {
    this.#batch = batch;
    this.#columns = columns;
    this.#state = state;
  }

  /** From now on `hadRoom` is asked for the decision at `at` of the order; it only moves on. */
  follow(at: number): void {
    const own = this.#priorityOf(at);
    if (this.#priorityOf(0) === own) return;
    this.#before ??= this.#start();
    const [counted, given] = [this.#counted, this.#given];
    while (given.decision < counted.decision && this.#priorityOf(given.decision) > own) {
      this.#apply(given, 1);
    }
    while (counted.decision < at) {
      const isHigher = this.#priorityOf(counted.decision) > own;
      this.#apply(counted, isHigher ? 0 : -1);
      if (isHigher) Object.assign(given, counted);
    }
    this.#countChanged();
  }

  /** Whether the worker would have room for `demand` without them. */
  hadRoom(position: number, demand: Demand): boolean {
    return this.#before !== undefined && fits(this.#before, position, demand);
  }

  /** As nothing of the batch is counted yet. */
  #start(): FreeCapacity {
    const {layout, free} = this.#state;
    const before = new FreeCapacity(layout.hash.length, free.gpuMillis.length);
    before.copyFrom(free);
    this.#state.rows.saved.writeTo(layout, before);
    return before;
  }

  #priorityOf(decision: number): number {
    return this.#batch.priorities[this.#columns.order[decision]!]!;
  }

  /** Moves the mark over its next decision: gives back what it took (1), takes it (-1), or not. */
  #apply(mark: Mark, sign: 1 | 0 | -1): void {
    const {order, positions, devices} = this.#columns;
    const {classes, classOf} = this.#batch;
    const position = positions[mark.decision]!;
    const {demand} = classes[classOf[order[mark.decision]!]!]!;
    mark.decision++;
    if (position < 0) return;
    const first = mark.device;
    mark.device += demand.gpuCount;
    if (sign === 0) return;
    const before = this.#before!;
    before.cpuMillis[position]! += sign * demand.cpuMillis;
    before.memoryBytes[position]! += sign * demand.memoryBytes;
    before.containers[position]! += sign;
    if (demand.gpuCount === 0) return;
    const {layout} = this.#state;
    const start = layout.gpuStart[position]!;
    for (let at = first; at < mark.device; at++) {
      before.gpuMillis[start + devices[at]!]! += sign * demand.gpuMillis;
    }
    // Packing places many in a row on the same worker: its devices are summed up once.
    if (position !== this.#changed) this.#countChanged();
    this.#changed = position;
  }

  #countChanged(): void {
    if (this.#changed >= 0) countDevices(this.#before!, this.#state.layout, this.#changed);
    this.#changed = -1;
  }
}
