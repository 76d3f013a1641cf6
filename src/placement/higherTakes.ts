import type {Demand} from '../api/resources.ts';
import type {BatchState} from './batchState.ts';
import type {ClassifiedBatch} from './classifiedBatch.ts';
import type {DecisionColumns} from './decidedPlan.ts';

/** What was taken of one worker. */
interface Taken {
  cpuMillis: number;
  memoryBytes: number;
  containers: number;
  /** Thousandths by device of the worker. */
  readonly gpuMillis: number[];
}

/**
 * What requests of higher priority took earlier in the batch, by worker: a request that is left out
 * asks whether they had what it wants.
 *
 * As a batch is decided by falling priority, all of its decisions up to `followed` are above the
 * one under way, and it only moves on: over the batch O(decisions), and nothing where all requests
 * are placed or of one priority.
 */
export class HigherTakes {
  readonly #batch: ClassifiedBatch;
  readonly #columns: Pick<DecisionColumns, 'order' | 'positions' | 'devices'>;
  readonly #state: BatchState;
  readonly #taken = new Map<number, Taken>();
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

  /** Of the workers that they took anything of. */
  positions(): Iterable<number> {
    return this.#taken.keys();
  }

  /** Whether the worker would have room for `demand` without them. */
  hadRoom(position: number, demand: Demand): boolean {
    const taken = this.#taken.get(position);
    if (!taken) return false;
    const {layout, free} = this.#state;
    if (free.cpuMillis[position]! + taken.cpuMillis < demand.cpuMillis) return false;
    if (free.memoryBytes[position]! + taken.memoryBytes < demand.memoryBytes) return false;
    if (free.containers[position]! + taken.containers < 1) return false;
    const start = layout.gpuStart[position]!;
    let missing = demand.gpuCount;
    for (let at = start; at < layout.gpuEnd[position]! && missing > 0; at++) {
      if (free.gpuMillis[at]! + (taken.gpuMillis[at - start] ?? 0) >= demand.gpuMillis) missing--;
    }
    return missing === 0;
  }

  #add(position: number, {cpuMillis, memoryBytes, gpuCount, gpuMillis}: Demand): void {
    let taken = this.#taken.get(position);
    if (!taken) {
      taken = {cpuMillis: 0, memoryBytes: 0, containers: 0, gpuMillis: []};
      this.#taken.set(position, taken);
    }
    taken.cpuMillis += cpuMillis;
    taken.memoryBytes += memoryBytes;
    taken.containers += 1;
    for (let count = 0; count < gpuCount; count++) {
      const device = this.#columns.devices[this.#device++]!;
      taken.gpuMillis[device] = (taken.gpuMillis[device] ?? 0) + gpuMillis;
    }
  }
}
