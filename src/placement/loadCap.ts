import {type Demand, WHOLE_GPU_MILLIS} from '../api/resources.ts';
import type {Tier} from './tier.ts';
import type {WorkerRows} from './workerRows.ts';

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
 *
 * Made before the first of its requests is placed, O(1): the sums are the tier's.
 */
export class LoadCap {
  readonly #rows: WorkerRows;
  readonly #demand: Demand;
  readonly #gpuAsked: number;
  readonly #meanCpu: number;
  readonly #meanMemory: number;
  readonly #meanGpu: number;
  readonly #meanContainers: number;

  constructor(tier: Tier, batch: BatchDemand, {demand, rows}: {demand: Demand; rows: WorkerRows}) {
    const {capacity, taken} = tier.usage;
    this.#rows = rows;
    this.#demand = demand;
    this.#gpuAsked = demand.gpuCount * demand.gpuMillis;
    this.#meanCpu = (taken.cpuMillis.value + batch.cpuMillis) / capacity.cpuMillis.value;
    this.#meanMemory = (taken.memoryBytes.value + batch.memoryBytes) / capacity.memoryBytes.value;
    this.#meanGpu = (taken.gpuMillis.value + batch.gpuMillis) / capacity.gpuMillis.value;
    this.#meanContainers = (taken.containers.value + batch.containers) / capacity.containers.value;
  }

  /** Whether the worker stays below the cap with one more, in every resource asked for. */
  allows(position: number): boolean {
    const {layout, free} = this.#rows;
    const {cpuMillis, memoryBytes} = this.#demand;
    const bound = layout.loadBound[position]!;
    if (cpuMillis > 0) {
      const capacity = layout.cpuMillis[position]!;
      const after = capacity - free.cpuMillis[position]! + cpuMillis;
      if (isAbove(after, this.#meanCpu * capacity, cpuMillis, bound)) return false;
    }
    if (memoryBytes > 0) {
      const capacity = layout.memoryBytes[position]!;
      const after = capacity - free.memoryBytes[position]! + memoryBytes;
      if (isAbove(after, this.#meanMemory * capacity, memoryBytes, bound)) return false;
    }
    if (this.#gpuAsked > 0) {
      const capacity = (layout.gpuEnd[position]! - layout.gpuStart[position]!) * WHOLE_GPU_MILLIS;
      const after = capacity - free.gpuTotal[position]! + this.#gpuAsked;
      if (isAbove(after, this.#meanGpu * capacity, this.#gpuAsked, bound)) return false;
    }
    if (cpuMillis > 0 || memoryBytes > 0) return true;
    const capacity = layout.containers[position]!;
    const after = capacity - free.containers[position]! + 1;
    return !isAbove(after, this.#meanContainers * capacity, 1, bound);
  }
}

function isAbove(after: number, mean: number, demand: number, bound: number): boolean {
  return after > bound * mean && after > Math.ceil(mean / demand - ROUNDING) * demand;
}
