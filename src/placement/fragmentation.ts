import {WHOLE_GPU_MILLIS} from '../api/resources.ts';
import type {TypicalShape} from './workloadShapes.ts';

/** A worker as far as fragmentation looks at it. */
export interface WorkerState {
  readonly cpuMillis: number;
  /** Devices wholly free. */
  readonly wholeGpus: number;
  /** Thousandths free of the others. */
  readonly partials: readonly number[];
}

/**
 * How many GPU thousandths of a worker a typical request finds free and cannot use: all of them
 * where it cannot run there (no GPU asked for, another type, too little cpu, too few devices), else
 * those of the devices with less than it needs; the mean over the typical shapes. For workers with
 * GPUs of one type.
 *
 * The shapes are summed up beforehand by the free cpu from which on they can run at all:
 *
 *     cpu from       0     2000   4000   ...   one column for each cpu that a shape asks for
 *     useless     [ 1.00 | 0.62 | 0.40 | ...   share of the shapes that can use no device of it
 *     tooSmall    [ 0 ..                       share that can, but no device with so much left,
 *                                              by how many of the GPU amounts asked for it has
 *     tooFew      [ 0 ..                       thousandths of so many whole devices, times the
 *                                              share that can, but asks for more of them
 *
 *     F = sum(free) * useless + sum over cut devices(free * tooSmall) + tooFew
 *
 * which is the definition, its sums taken in another order. O(log shapes) and O(devices) a state,
 * O(shapes * distinct amounts) to build. Source: "Beware of Fragmentation: Scheduling GPU-Sharing
 * Workloads with Fragmentation Gradient Descent", USENIX ATC 2023.
 */
export class Fragmentation {
  readonly #cpus: readonly number[];
  readonly #millis: readonly number[];
  /** The most devices that a shape asks for. */
  readonly #most: number;
  readonly #useless: Float64Array;
  readonly #tooSmall: Float64Array;
  readonly #tooFew: Float64Array;

  constructor(gpuType: string, typical: readonly TypicalShape[]) {
    this.#cpus = distinct([0, ...typical.map(({shape}) => shape.cpuMillis)]);
    this.#millis = distinct(typical.map(({shape}) => shape.gpuMillis));
    this.#most = Math.max(0, ...typical.map(({shape}) => shape.gpuCount));
    this.#useless = new Float64Array(this.#cpus.length);
    this.#tooSmall = new Float64Array(this.#cpus.length * (this.#millis.length + 1));
    this.#tooFew = new Float64Array(this.#cpus.length * (this.#most + 1));
    for (const one of typical) this.#count(gpuType, one);
  }

  /** @param state its free cpu at least 0 */
  of({cpuMillis, wholeGpus, partials}: WorkerState): number {
    const column = countUpTo(this.#cpus, cpuMillis) - 1;
    const useless = this.#useless[column]!;
    const levels = column * (this.#millis.length + 1);
    const whole = Math.min(wholeGpus, this.#most);
    let sum = this.#tooFew[column * (this.#most + 1) + whole]!;
    sum += wholeGpus * WHOLE_GPU_MILLIS * useless;
    for (const left of partials) {
      sum += left * (useless + this.#tooSmall[levels + countUpTo(this.#millis, left)]!);
    }
    return sum;
  }

  #count(gpuType: string, {shape, share}: TypicalShape): void {
    const {gpuCount, gpuMillis, gpuTypes} = shape;
    const isOfType = gpuTypes.length === 0 || gpuTypes.includes(gpuType);
    for (let column = 0; column < this.#cpus.length; column++) {
      if (gpuCount === 0 || !isOfType || shape.cpuMillis > this.#cpus[column]!) {
        this.#useless[column]! += share;
        continue;
      }
      const levels = column * (this.#millis.length + 1);
      const enough = this.#millis.indexOf(gpuMillis);
      for (let level = 0; level <= enough; level++) this.#tooSmall[levels + level]! += share;
      if (gpuMillis < WHOLE_GPU_MILLIS) continue;
      const wholes = column * (this.#most + 1);
      for (let whole = 0; whole < gpuCount; whole++) {
        this.#tooFew[wholes + whole]! += share * whole * WHOLE_GPU_MILLIS;
      }
    }
  }
}

function distinct(values: readonly number[]): number[] {
  return [...new Set(values)].sort((left, right) => left - right);
}

/** How many of the ascending `values` are at most `limit`. */
function countUpTo(values: readonly number[], limit: number): number {
  let from = 0;
  let to = values.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (values[middle]! <= limit) from = middle + 1;
    else to = middle;
  }
  return from;
}
