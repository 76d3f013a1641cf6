import type {Demand} from '../api/resources.ts';
import type {BatchState} from './batchState.ts';
import type {ClassifiedBatch} from './classifiedBatch.ts';
import type {DecisionColumns} from './decidedPlan.ts';
import {FreeCapacity} from './freeCapacity.ts';

/**
 * What requests of higher priority took earlier in the batch, in columns by position and by device:
 * a request that is left out asks whether they had what it wants.
 *
 * As a batch is decided by falling priority, all of its decisions up to `followed` are above the
 * one under way, and it only moves on: over the batch O(workers + decisions), and nothing where all
 * requests are placed or of one priority.
 */
export class HigherTakes {
  readonly #batch: ClassifiedBatch;
  readonly #columns: Pick<DecisionColumns, 'order' | 'positions' | 'devices'>;
  readonly #state: BatchState;
  #taken: FreeCapacity | undefined;
  #followed = 0;
  #device = 0;

  constructor(
    batch: ClassifiedBatch,
    columns: Pick<DecisionColumns, 'order' | 'positions' | 'devices'>,
    state: BatchState,
  ) {
    this.#batch = batch;
    this.#columns = columns;
    this.#state = state;
  }

  /** Takes in all decisions of higher priority than the one at `at` of the order. */
  follow(at: number): void {
    const {order, positions} = this.#columns;
    const {priorities, classes, classOf} = this.#batch;
    const own = priorities[order[at]!]!;
    for (; this.#followed < at; this.#followed++) {
      const index = order[this.#followed]!;
      if (priorities[index]! <= own) return;
      const position = positions[this.#followed]!;
      if (position >= 0) this.#add(position, classes[classOf[index]!]!.demand);
    }
  }

  /** Whether they took of the worker, and it would have room for `demand` without that. */
  hadRoom(position: number, demand: Demand): boolean {
    const taken = this.#taken;
    if (!taken || taken.containers[position] === 0) return false;
    const {layout, free} = this.#state;
    if (free.cpuMillis[position]! + taken.cpuMillis[position]! < demand.cpuMillis) return false;
    if (free.memoryBytes[position]! + taken.memoryBytes[position]! < demand.memoryBytes) {
      return false;
    }
    if (free.containers[position]! + taken.containers[position]! < 1) return false;
    if (demand.gpuCount === 0) return true;
    const gpuAsked = demand.gpuCount * demand.gpuMillis;
    if (free.gpuTotal[position]! + taken.gpuTotal[position]! < gpuAsked) return false;
    const end = layout.gpuEnd[position]!;
    let missing = demand.gpuCount;
    for (let at = layout.gpuStart[position]!; at < end && missing > 0; at++) {
      if (free.gpuMillis[at]! + taken.gpuMillis[at]! >= demand.gpuMillis) missing--;
    }
    return missing === 0;
  }

  #add(position: number, {cpuMillis, memoryBytes, gpuCount, gpuMillis}: Demand): void {
    const {layout, free} = this.#state;
    this.#taken ??= new FreeCapacity(layout.hash.length, free.gpuMillis.length);
    const taken = this.#taken;
    taken.cpuMillis[position]! += cpuMillis;
    taken.memoryBytes[position]! += memoryBytes;
    taken.containers[position]! += 1;
    taken.gpuTotal[position]! += gpuCount * gpuMillis;
    const start = layout.gpuStart[position]!;
    for (let count = 0; count < gpuCount; count++) {
      taken.gpuMillis[start + this.#columns.devices[this.#device++]!]! += gpuMillis;
    }
  }
}
