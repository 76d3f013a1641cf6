import {DEFAULT_LOAD_BOUND} from '../api/records.ts';
import {WHOLE_GPU_MILLIS} from '../api/resources.ts';
import {ExactSum} from './exactSum.ts';
import type {PlacementPool, PlacementWorker} from './plan.ts';

/** Workers with the same GPUs. */
export interface GpuGroup {
  readonly gpuType: string;
  readonly gpuCount: number;
}

/** Groups told apart; workers of further ones are counted among the last. */
const MAX_GPU_GROUPS = 256;

/**
 * What is true of the workers until one joins, leaves or is edited, a struct of arrays by position.
 *
 *     position     0    1    2    3    4    5    6
 *     workers   [  -  | ew |  -  | ub |  -  | ka |  -  ]     - = gap, room for one that joins
 *     hash      [  0  | 17 | 17  | 50 | 50  | 81 | 81  ]     never falls, gaps included
 *
 * Workers stand in the order of (hash of the name, name). That order is the last tie-break
 * everywhere, and only the order: where the gaps are decides nothing, so that a plan depends on
 * what the workers are, never on how they were listed or in which order they came.
 *
 * A worker that joins takes a gap between its neighbours, O(log workers); where there is none all
 * are laid out anew, every second position a gap. By the birthday rule that happens once in about
 * the square root of the workers' number of joins (180 at 20,000).
 */
export class Layout {
  readonly workers: (PlacementWorker | undefined)[];
  /** Hash of each name: where the worker enters a slot table. */
  readonly hash: Uint32Array;
  readonly cpuMillis: Float64Array;
  readonly memoryBytes: Float64Array;
  readonly containers: Float64Array;
  /** 1 / capacity, 0 where there is none: shares cost a multiplication in the hot loop. */
  readonly perCpu: Float64Array;
  readonly perMemory: Float64Array;
  readonly perContainer: Float64Array;
  readonly perGpuMilli: Float64Array;
  /** The devices of a worker stand in `FreeCapacity.gpuMillis` from here, */
  readonly gpuStart: Int32Array;
  /** up to here. */
  readonly gpuEnd: Int32Array;
  /** 1 where the worker is filled up before the next one, 0 where the load is levelled; gaps: 0. */
  readonly packs: Uint8Array;
  readonly loadBound: Float64Array;
  /** Workers of about one size: their cpu between the same two powers of two. */
  readonly sizeGroup: Uint8Array;
  /** Index into `gpuGroups`. */
  readonly gpuGroup: Uint8Array;
  readonly gpuGroups: GpuGroup[] = [];
  workerCount = 0;
  readonly #gpuGroupOf = new Map<string, number>();
  readonly #cpuMillis = new ExactSum();
  readonly #memoryBytes = new ExactSum();
  #gpus = 0;

  constructor(positions: number) {
    this.workers = Array.from({length: positions}, () => undefined);
    this.hash = new Uint32Array(positions);
    this.cpuMillis = new Float64Array(positions);
    this.memoryBytes = new Float64Array(positions);
    this.containers = new Float64Array(positions);
    this.perCpu = new Float64Array(positions);
    this.perMemory = new Float64Array(positions);
    this.perContainer = new Float64Array(positions);
    this.perGpuMilli = new Float64Array(positions);
    this.gpuStart = new Int32Array(positions);
    this.gpuEnd = new Int32Array(positions);
    this.packs = new Uint8Array(positions);
    this.loadBound = new Float64Array(positions);
    this.sizeGroup = new Uint8Array(positions);
    this.gpuGroup = new Uint8Array(positions);
  }

  /** Of all workers together. */
  get total(): {readonly cpuMillis: number; readonly memoryBytes: number; readonly gpus: number} {
    const [cpuMillis, memoryBytes] = [this.#cpuMillis.value, this.#memoryBytes.value];
    return {cpuMillis, memoryBytes, gpus: this.#gpus};
  }

  /**
   * Writes a worker into its position, or a newer state of it over the older one.
   *
   * @param gpuStart first of the places of its devices
   */
  write(
    position: number,
    worker: PlacementWorker,
    {gpuStart, pool}: {readonly gpuStart: number; readonly pool: PlacementPool | undefined},
  ): void {
    this.#count(position, -1);
    const {cpuMillis, memoryBytes, containers, gpuCount, gpuType} = worker.capacity;
    this.workers[position] = worker;
    this.cpuMillis[position] = cpuMillis;
    this.memoryBytes[position] = memoryBytes;
    this.containers[position] = containers;
    this.perCpu[position] = reciprocal(cpuMillis);
    this.perMemory[position] = reciprocal(memoryBytes);
    this.perContainer[position] = reciprocal(containers);
    this.perGpuMilli[position] = reciprocal(gpuCount * WHOLE_GPU_MILLIS);
    this.gpuStart[position] = gpuStart;
    this.gpuEnd[position] = gpuStart + gpuCount;
    this.packs[position] = packs(worker, pool) ? 1 : 0;
    this.loadBound[position] = pool?.loadBound ?? DEFAULT_LOAD_BOUND;
    this.sizeGroup[position] = Math.clz32(Math.min(cpuMillis, 2 ** 31));
    this.gpuGroup[position] = this.#gpuGroupFor({gpuType, gpuCount});
    this.#count(position, 1);
  }

  /** Whether the worker differs from its row at most in labels, taints, readiness and cordon. */
  isAlike(position: number, worker: PlacementWorker, pool: PlacementPool | undefined): boolean {
    const {cpuMillis, memoryBytes, containers, gpuCount, gpuType} = worker.capacity;
    return (
      this.cpuMillis[position] === cpuMillis &&
      this.memoryBytes[position] === memoryBytes &&
      this.containers[position] === containers &&
      this.gpuEnd[position]! - this.gpuStart[position]! === gpuCount &&
      this.workers[position]!.capacity.gpuType === gpuType &&
      this.packs[position] === (packs(worker, pool) ? 1 : 0) &&
      this.loadBound[position] === (pool?.loadBound ?? DEFAULT_LOAD_BOUND)
    );
  }

  /** Leaves a gap; its hash stays, as the column must not fall. */
  clear(position: number): void {
    this.#count(position, -1);
    this.workers[position] = undefined;
    this.packs[position] = 0;
    this.gpuEnd[position] = this.gpuStart[position]!;
  }

  #gpuGroupFor(group: GpuGroup): number {
    const key = `${group.gpuCount} ${group.gpuType}`;
    const known = this.#gpuGroupOf.get(key);
    if (known !== undefined) return known;
    if (this.gpuGroups.length === MAX_GPU_GROUPS) return MAX_GPU_GROUPS - 1;
    const opened = this.gpuGroups.push(group) - 1;
    this.#gpuGroupOf.set(key, opened);
    return opened;
  }

  #count(position: number, sign: 1 | -1): void {
    const worker = this.workers[position];
    if (!worker) return;
    this.workerCount += sign;
    this.#cpuMillis.add(sign * worker.capacity.cpuMillis);
    this.#memoryBytes.add(sign * worker.capacity.memoryBytes);
    this.#gpus += sign * worker.capacity.gpuCount;
  }
}

/**
 * Without a strategy each worker decides for itself: in a pool of both kinds one GPU worker that
 * joins must not turn levelled CPU workers into packed ones.
 */
function packs(worker: PlacementWorker, pool: PlacementPool | undefined): boolean {
  const strategy = pool?.strategy;
  return strategy === undefined ? worker.capacity.gpuCount > 0 : strategy === 'Pack';
}

function reciprocal(capacity: number): number {
  return capacity > 0 ? 1 / capacity : 0;
}
