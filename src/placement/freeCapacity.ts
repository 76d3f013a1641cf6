import {type Demand, WHOLE_GPU_MILLIS} from '../api/resources.ts';
import type {Layout} from './layout.ts';

/**
 * What is free of every worker, a struct of arrays by position:
 *
 *     position        0      1      2    ...
 *     cpuMillis    [ 4000 |  500 | -200 ...     below zero: bound beyond its capacity
 *     memoryBytes  [  8Gi |  2Gi |  ...
 *     containers   [  250 |   12 |  ...
 *     gpuTotal     [ 1300 |    0 | 4000 ...     sum over the worker's devices, none below zero
 *     gpuWhole     [    1 |    0 |    4 ...     devices that are wholly free
 *     gpuPart      [  300 |    0 |    0 ...     largest free part of a device that is cut
 *     gpuMillis    [ 1000 300 |  | 1000 1000 1000 1000 ...   from layout.gpuStart[position]
 *     load         [  .01 |  .90 | 1.05 ...     see load.ts; of levelled workers only
 *
 * Float64 where a value may pass 2^31; integers in it stay exact up to 2^53.
 */
export class FreeCapacity {
  readonly cpuMillis: Float64Array;
  readonly memoryBytes: Float64Array;
  readonly containers: Float64Array;
  readonly gpuTotal: Int32Array;
  readonly gpuWhole: Int32Array;
  readonly gpuPart: Int32Array;
  readonly gpuMillis: Int32Array;
  readonly load: Float64Array;

  constructor(positions: number, gpus: number) {
    this.cpuMillis = new Float64Array(positions);
    this.memoryBytes = new Float64Array(positions);
    this.containers = new Float64Array(positions);
    this.gpuTotal = new Int32Array(positions);
    this.gpuWhole = new Int32Array(positions);
    this.gpuPart = new Int32Array(positions);
    this.gpuMillis = new Int32Array(gpus);
    this.load = new Float64Array(positions);
  }

  /** Makes this one equal to another one of the same size. */
  copyFrom(other: FreeCapacity): void {
    this.cpuMillis.set(other.cpuMillis);
    this.memoryBytes.set(other.memoryBytes);
    this.containers.set(other.containers);
    this.gpuTotal.set(other.gpuTotal);
    this.gpuWhole.set(other.gpuWhole);
    this.gpuPart.set(other.gpuPart);
    this.gpuMillis.set(other.gpuMillis);
    this.load.set(other.load);
  }
}

/** Sums up the devices of a worker in its row, after some of them changed. */
export function countDevices(free: FreeCapacity, layout: Layout, position: number): void {
  const end = layout.gpuEnd[position]!;
  let total = 0;
  let whole = 0;
  let part = 0;
  for (let at = layout.gpuStart[position]!; at < end; at++) {
    const left = free.gpuMillis[at]!;
    total += left;
    if (left === WHOLE_GPU_MILLIS) whole++;
    else if (left > part) part = left;
  }
  free.gpuTotal[position] = total;
  free.gpuWhole[position] = whole;
  free.gpuPart[position] = part;
}

/**
 * Whether the worker has room for `demand`. What is over its capacity already holds nothing more,
 * not even a demand of 0: the ledgers judge so too, and a plan they refuse would come back for
 * ever. GPUs first: of those there are too few most often.
 */
export function fits(free: FreeCapacity, position: number, demand: Demand): boolean {
  return (
    (demand.gpuCount === 0 || gpusFit(free, position, demand)) &&
    free.cpuMillis[position]! >= demand.cpuMillis &&
    free.memoryBytes[position]! >= demand.memoryBytes &&
    free.containers[position]! >= 1
  );
}

/** Whether one device has the share left, or enough devices are wholly free. */
export function gpusFit(free: FreeCapacity, position: number, demand: Demand): boolean {
  return demand.gpuMillis < WHOLE_GPU_MILLIS
    ? free.gpuWhole[position]! > 0 || free.gpuPart[position]! >= demand.gpuMillis
    : free.gpuWhole[position]! >= demand.gpuCount;
}
