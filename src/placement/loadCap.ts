import type {Demand} from '../api/resources.ts';
import type {BatchState} from './batchState.ts';

/** What the requests of one batch ask for together, where they may go to the same workers. */
export interface BatchDemand {
  cpuMillis: number;
  memoryBytes: number;
  gpuMillis: number;
  containers: number;
}

/** Takes up what rounding adds to a quotient that is a whole number. */
const ROUNDING = 1e-9;

/**
 * How far keys may load one worker: the mean over the workers of a tier once the whole batch is
 * placed, times the load bound of the worker's pool; per resource, as shares of the capacity.
 * Source: consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam, 2016).
 *
 * Where the mean is a few requests only, the bound would leave room for fewer than have to fit
 * (with 1.5 requests a worker, a bound of 1.25 allows 1): the cap is at least the mean rounded up
 * to whole requests, which the most even distribution needs too.
 */
export class LoadCap {
  readonly #state: BatchState;
  readonly #meanCpu: number;
  readonly #meanMemory: number;
  readonly #meanGpu: number;
  readonly #meanContainers: number;

  /** O(ranks). */
  constructor(ranks: Int32Array, demand: BatchDemand, state: BatchState) {
    const {layout, freeBefore} = state;
    const used = {...demand};
    const capacity = {cpuMillis: 0, memoryBytes: 0, gpuMillis: 0, containers: 0};
    for (const rank of ranks) {
      const gpuMillis = (layout.gpuStart[rank + 1]! - layout.gpuStart[rank]!) * 1000;
      capacity.cpuMillis += layout.cpuMillis[rank]!;
      capacity.memoryBytes += layout.memoryBytes[rank]!;
      capacity.gpuMillis += gpuMillis;
      capacity.containers += layout.containers[rank]!;
      used.cpuMillis += taken(layout.cpuMillis, freeBefore.cpuMillis, rank);
      used.memoryBytes += taken(layout.memoryBytes, freeBefore.memoryBytes, rank);
      used.gpuMillis += gpuMillis - freeBefore.gpuTotal[rank]!;
      used.containers += taken(layout.containers, freeBefore.containers, rank);
    }
    this.#state = state;
    this.#meanCpu = used.cpuMillis / capacity.cpuMillis;
    this.#meanMemory = used.memoryBytes / capacity.memoryBytes;
    this.#meanGpu = used.gpuMillis / capacity.gpuMillis;
    this.#meanContainers = used.containers / capacity.containers;
  }

  /** Whether the worker stays below the cap with `demand` on it, in every resource asked for. */
  allows(rank: number, demand: Demand): boolean {
    const {layout, free} = this.#state;
    const {cpuMillis, memoryBytes, gpuCount} = demand;
    const bound = layout.loadBound[rank]!;
    if (cpuMillis > 0) {
      const capacity = layout.cpuMillis[rank]!;
      const after = capacity - free.cpuMillis[rank]! + cpuMillis;
      if (after > capOf(this.#meanCpu * capacity, cpuMillis, bound)) return false;
    }
    if (memoryBytes > 0) {
      const capacity = layout.memoryBytes[rank]!;
      const after = capacity - free.memoryBytes[rank]! + memoryBytes;
      if (after > capOf(this.#meanMemory * capacity, memoryBytes, bound)) return false;
    }
    if (gpuCount > 0) {
      const capacity = (layout.gpuStart[rank + 1]! - layout.gpuStart[rank]!) * 1000;
      const asked = gpuCount * demand.gpuMillis;
      const after = capacity - free.gpuTotal[rank]! + asked;
      if (after > capOf(this.#meanGpu * capacity, asked, bound)) return false;
    }
    if (cpuMillis > 0 || memoryBytes > 0) return true;
    const capacity = layout.containers[rank]!;
    const after = capacity - free.containers[rank]! + 1;
    return after <= capOf(this.#meanContainers * capacity, 1, bound);
  }
}

function capOf(mean: number, demand: number, bound: number): number {
  return Math.max(bound * mean, Math.ceil(mean / demand - ROUNDING) * demand);
}

/** What is bound beyond the capacity counts as the capacity: nothing can be moved off it. */
function taken(capacity: Float64Array, free: Float64Array, rank: number): number {
  return capacity[rank]! - Math.max(0, free[rank]!);
}
