import {DEFAULT_LOAD_BOUND} from '../api/records.ts';
import {EligibilityCache} from './eligibilityCache.ts';
import type {PlacementPool, PlacementWorker} from './plan.ts';

/**
 * What is true of the workers until one joins, leaves or is edited, a struct of arrays indexed by
 * rank. Built once, then frozen and shared by all snapshots up to the next such change.
 *
 * Rank: workers sorted by (hash of the name, name). This order is the last tie-break everywhere, so
 * that a plan depends on what the workers are and never on the order in which they were listed.
 */
export interface Layout {
  readonly workers: readonly PlacementWorker[];
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
  /** Where the devices of a rank begin in `FreeCapacity.gpuMillis`; one entry more than workers. */
  readonly gpuStart: Int32Array;
  /** Where they end. */
  readonly gpuEnd: Int32Array;
  /** 1 where the worker is filled up before the next one, 0 where the load is levelled. */
  readonly packs: Uint8Array;
  readonly loadBound: Float64Array;
  readonly total: {readonly cpuMillis: number; readonly memoryBytes: number; readonly gpus: number};
  /** A memo: grows while it is read, and changes no answer. */
  readonly eligibility: EligibilityCache;
}

export interface RankedWorker {
  readonly worker: PlacementWorker;
  readonly hash: number;
}

/** O(workers). `ranked` must be in rank order. */
export function buildLayout(
  ranked: readonly RankedWorker[],
  pools: ReadonlyMap<string, PlacementPool>,
): Layout {
  const count = ranked.length;
  const workers = ranked.map(({worker}) => worker);
  const gpuStart = new Int32Array(count + 1);
  for (let rank = 0; rank < count; rank++) {
    gpuStart[rank + 1] = gpuStart[rank]! + workers[rank]!.capacity.gpuCount;
  }
  const cpuMillis = Float64Array.from(workers, ({capacity}) => capacity.cpuMillis);
  const memoryBytes = Float64Array.from(workers, ({capacity}) => capacity.memoryBytes);
  const containers = Float64Array.from(workers, ({capacity}) => capacity.containers);
  const hash = Uint32Array.from(ranked, (entry) => entry.hash);
  const packing = Uint8Array.from(workers, (worker) => (packs(worker, pools) ? 1 : 0));
  return {
    workers,
    hash,
    cpuMillis,
    memoryBytes,
    containers,
    perCpu: cpuMillis.map(reciprocal),
    perMemory: memoryBytes.map(reciprocal),
    perContainer: containers.map(reciprocal),
    perGpuMilli: Float64Array.from(workers, ({capacity}) => reciprocal(capacity.gpuCount * 1000)),
    gpuStart,
    gpuEnd: gpuStart.subarray(1),
    packs: packing,
    loadBound: Float64Array.from(
      workers,
      ({poolName}) => pools.get(poolName)?.loadBound ?? DEFAULT_LOAD_BOUND,
    ),
    total: {cpuMillis: sum(cpuMillis), memoryBytes: sum(memoryBytes), gpus: gpuStart[count]!},
    eligibility: new EligibilityCache({workers, packs: packing, hash}),
  };
}

/**
 * Without a strategy each worker decides for itself: in a pool of both kinds one GPU worker that
 * joins must not turn levelled CPU workers into packed ones.
 */
function packs(worker: PlacementWorker, pools: ReadonlyMap<string, PlacementPool>): boolean {
  const strategy = pools.get(worker.poolName)?.strategy;
  return strategy === undefined ? worker.capacity.gpuCount > 0 : strategy === 'Pack';
}

function reciprocal(capacity: number): number {
  return capacity > 0 ? 1 / capacity : 0;
}

function sum(column: Float64Array): number {
  return column.reduce((total, value) => total + value, 0);
}
