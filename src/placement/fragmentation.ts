import {WHOLE_GPU_MILLIS} from './freeCapacity.ts';
import type {Shape, TypicalShape} from './workloadShapes.ts';

/** A worker as far as fragmentation looks at it. */
export interface WorkerState {
  readonly gpuType: string;
  readonly cpuMillis: number;
  /** Devices wholly free. */
  readonly wholeGpus: number;
  /** Thousandths free of the others. */
  readonly partials: readonly number[];
}

/**
 * How many GPU thousandths of the worker a typical request finds free and cannot use: all of them
 * where it cannot run there (no GPU asked for, another type, too little cpu, too few devices), else
 * those of the devices with less than it needs; the mean over the typical shapes.
 *
 * O(shapes x devices). Source: "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with
 * Fragmentation Gradient Descent", USENIX ATC 2023.
 */
export function fragmentationOf(state: WorkerState, typical: readonly TypicalShape[]): number {
  let mean = 0;
  for (const {shape, share} of typical) mean += share * unusableMillis(state, shape);
  return mean;
}

function unusableMillis(state: WorkerState, shape: Shape): number {
  const {gpuType, cpuMillis, wholeGpus, partials} = state;
  const {gpuCount, gpuMillis, gpuTypes} = shape;
  const canRun =
    gpuCount > 0 &&
    shape.cpuMillis <= cpuMillis &&
    (gpuTypes.length === 0 || gpuTypes.includes(gpuType));
  let unusable = canRun && gpuCount <= wholeGpus ? 0 : wholeGpus * WHOLE_GPU_MILLIS;
  // A share may use any device that has it, whole or not.
  if (canRun && gpuMillis < WHOLE_GPU_MILLIS) unusable = 0;
  for (const left of partials) if (!canRun || left < gpuMillis) unusable += left;
  return unusable;
}
