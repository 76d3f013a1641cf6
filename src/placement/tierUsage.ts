import {WHOLE_GPU_MILLIS} from '../api/resources.ts';
import {ExactSum} from './exactSum.ts';
import type {WorkerRows} from './workerRows.ts';

/** Sums over the workers of a tier, per resource. */
export interface UsageSums {
  readonly cpuMillis: ExactSum;
  readonly memoryBytes: ExactSum;
  readonly gpuMillis: ExactSum;
  readonly containers: ExactSum;
}

/**
 * What the workers of one tier have together, and what of it is taken: the mean load that a load
 * cap starts from. Kept up by the difference of one row at a time, O(1) a change; exact, so that
 * the order of changes leaves no trace.
 */
export class TierUsage {
  readonly capacity: UsageSums = newSums();
  readonly taken: UsageSums = newSums();
  readonly #rows: WorkerRows;

  constructor(rows: WorkerRows) {
    this.#rows = rows;
  }

  /** Counts the row in (1) or, before it changes, out (-1). */
  count(position: number, sign: 1 | -1): void {
    const {layout, free} = this.#rows;
    const {capacity, taken} = this;
    const cpuMillis = layout.cpuMillis[position]!;
    const memoryBytes = layout.memoryBytes[position]!;
    const containers = layout.containers[position]!;
    const gpuMillis = (layout.gpuEnd[position]! - layout.gpuStart[position]!) * WHOLE_GPU_MILLIS;
    capacity.cpuMillis.add(sign * cpuMillis);
    capacity.memoryBytes.add(sign * memoryBytes);
    capacity.containers.add(sign * containers);
    capacity.gpuMillis.add(sign * gpuMillis);
    taken.cpuMillis.add(sign * takenOf(cpuMillis, free.cpuMillis[position]!));
    taken.memoryBytes.add(sign * takenOf(memoryBytes, free.memoryBytes[position]!));
    taken.containers.add(sign * takenOf(containers, free.containers[position]!));
    taken.gpuMillis.add(sign * (gpuMillis - free.gpuTotal[position]!));
  }
}

function newSums(): UsageSums {
  return {
    cpuMillis: new ExactSum(),
    memoryBytes: new ExactSum(),
    gpuMillis: new ExactSum(),
    containers: new ExactSum(),
  };
}

/** What is bound beyond the capacity counts as the capacity: nothing can be moved off it. */
function takenOf(capacity: number, free: number): number {
  return capacity - Math.max(0, free);
}
