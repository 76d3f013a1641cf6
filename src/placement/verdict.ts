import {UnfitReason} from '../api/reasons.ts';
import type {Demand} from '../api/resources.ts';
import type {BatchState} from './batchState.ts';
import {type Eligibility, UNFIT_REASONS} from './eligibility.ts';
import {type FreeCapacity, gpusFit} from './freeCapacity.ts';
import type {HigherTakes} from './higherTakes.ts';
import type {Verdict} from './plan.ts';
import {shortagesOf} from './shortages.ts';

/** How each reason reads after a number of workers. */
const PHRASES: Readonly<Record<UnfitReason, string>> = {
  NotReady: 'not ready',
  Unschedulable: 'unschedulable',
  WorkerNameMismatch: 'not the worker asked for',
  PoolMismatch: 'in another pool',
  SelectorMismatch: 'not matching the selector',
  UntoleratedTaint: 'with an untolerated taint',
  GpuTypeMismatch: 'without a GPU of the types asked for',
  Outranked: 'taken by requests of higher priority',
  InsufficientGpu: 'insufficient gpu',
  InsufficientCpu: 'insufficient cpu',
  InsufficientMemory: 'insufficient memory',
  TooManyContainers: 'too many containers',
};

const OUTRANKED = UNFIT_REASONS.indexOf(UnfitReason.Outranked);
const GPU = UNFIT_REASONS.indexOf(UnfitReason.InsufficientGpu);
const CPU = UNFIT_REASONS.indexOf(UnfitReason.InsufficientCpu);
const MEMORY = UNFIT_REASONS.indexOf(UnfitReason.InsufficientMemory);
const CONTAINERS = UNFIT_REASONS.indexOf(UnfitReason.TooManyContainers);

/**
 * Why `demand` fits no worker: every worker counted once, under the first test that it fails. In
 * the order of `UnfitReason`: what the worker is, then whether it had room before the batch's
 * requests of higher priority, then what it is short of.
 *
 * Cost: O(workers that may hold it); the caller asks once a class and batch.
 *
 * @param higher what requests of higher priority have taken in this batch
 */
export function judge(
  demand: Demand,
  eligibility: Eligibility,
  {state, higher}: {readonly state: BatchState; readonly higher: HigherTakes},
): Verdict {
  const {workerCount, workers} = state.layout;
  const survey: Survey = {counted: eligibility.unfit.slice(), ...NOBODY};
  for (const {ranks} of eligibility.tiers) surveyTier(ranks, demand, {state, higher}, survey);
  const {counted, nearest, reason} = survey;
  const counts = UNFIT_REASONS.map((one, index) => ({
    reason: one,
    workers: counted[index]!,
  })).filter((count) => count.workers > 0);
  const verdict = {workerCount, counts, message: messageOf(workerCount, counts)};
  if (nearest < 0) return verdict;
  const nearestWorker = {
    workerName: workers[nearest]!.name,
    reason: UNFIT_REASONS[reason]!,
    shortages: shortagesOf(demand, nearest, state),
  };
  return {...verdict, nearest: nearestWorker};
}

/** What the workers looked at so far lack. */
interface Survey {
  /** How many of them fail each of `UNFIT_REASONS` first. */
  readonly counted: Int32Array;
  /** The one that lacks the least part of what is asked for, and its reason; -1 is none. */
  nearest: number;
  reason: number;
  /** That part: 1 is all, and it may be more of a worker over its capacity. */
  lack: number;
}

const NOBODY = {nearest: -1, reason: CONTAINERS, lack: Number.POSITIVE_INFINITY};

/** The loop over all workers of a tier; it makes no objects, and the compiler keeps it whole. */
function surveyTier(
  ranks: Int32Array,
  demand: Demand,
  {state, higher}: {readonly state: BatchState; readonly higher: HigherTakes},
  survey: Survey,
): void {
  const {free} = state;
  const {counted} = survey;
  const {cpuMillis, memoryBytes, gpuCount, gpuMillis} = demand;
  const gpuAsked = gpuCount * gpuMillis;
  const perCpu = 1 / Math.max(1, cpuMillis);
  const perMemory = 1 / Math.max(1, memoryBytes);
  const perGpuMilli = 1 / Math.max(1, gpuAsked);
  const leastGpuLack = 1 / (gpuCount + 1);
  let {nearest, reason: nearestReason, lack: least} = survey;
  for (let at = 0; at < ranks.length; at++) {
    const rank = ranks[at]!;
    const lacksGpu = gpuCount > 0 && !gpusFit(free, rank, demand);
    const reason = higher.hadRoom(rank, demand)
      ? OUTRANKED
      : firstShortage(demand, rank, free, lacksGpu);
    counted[reason]!++;
    // One by one: most workers lack more of the first of them than the nearest one lacks of all.
    const gpu = lacksGpu ? (gpuAsked - free.gpuTotal[rank]!) * perGpuMilli : 0;
    if (gpu > least || (lacksGpu && leastGpuLack > least)) continue;
    const cpu = (cpuMillis - free.cpuMillis[rank]!) * perCpu;
    if (cpu > least) continue;
    const memory = (memoryBytes - free.memoryBytes[rank]!) * perMemory;
    if (memory > least) continue;
    const containers = 1 - free.containers[rank]!;
    const lack = Math.max(cpu, memory, containers, gpu, lacksGpu ? leastGpuLack : 0);
    if (lack > least || (lack === least && rank > nearest)) continue;
    least = lack;
    nearest = rank;
    nearestReason = reason;
  }
  survey.nearest = nearest;
  survey.reason = nearestReason;
  survey.lack = least;
}

/**
 * Index of the reason. A worker without any is a defect of whoever gave up: `shortagesOf` of the
 * nearest one says so.
 */
function firstShortage(
  demand: Demand,
  rank: number,
  free: FreeCapacity,
  lacksGpu: boolean,
): number {
  if (lacksGpu) return GPU;
  if (free.cpuMillis[rank]! < demand.cpuMillis) return CPU;
  if (free.memoryBytes[rank]! < demand.memoryBytes) return MEMORY;
  return CONTAINERS;
}

function messageOf(workerCount: number, counts: Verdict['counts']): string {
  if (workerCount === 0) return '0/0 workers fit: there is no worker.';
  const parts = counts
    .toSorted((left, right) => right.workers - left.workers)
    .map(({reason, workers}) => `${workers} ${PHRASES[reason]}`);
  return `0/${workerCount} workers fit: ${parts.join(', ')}.`;
}
