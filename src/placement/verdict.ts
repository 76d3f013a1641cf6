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
  const {layout, free} = state;
  const {workerCount} = layout;
  const {cpuMillis, memoryBytes, gpuCount, gpuMillis} = demand;
  const gpuAsked = gpuCount * gpuMillis;
  const counted = eligibility.unfit.slice();
  let nearest = -1;
  let nearestReason = CONTAINERS;
  let least = Number.POSITIVE_INFINITY;
  for (const {ranks} of eligibility.tiers) {
    for (let at = 0; at < ranks.length; at++) {
      const rank = ranks[at]!;
      const gpuLack = missingPart(gpuAsked, free.gpuTotal[rank]!);
      const lacksGpu = gpuLack > 0 || (gpuCount > 0 && !gpusFit(free, layout, rank, demand));
      const reason = higher.hadRoom(rank, demand)
        ? OUTRANKED
        : firstShortage(demand, rank, free, lacksGpu);
      counted[reason]!++;
      const lack = Math.max(
        missingPart(cpuMillis, free.cpuMillis[rank]!),
        missingPart(memoryBytes, free.memoryBytes[rank]!),
        missingPart(1, free.containers[rank]!),
        lacksGpu ? Math.max(gpuLack, 1 / (gpuCount + 1)) : 0,
      );
      if (lack > least || (lack === least && rank > nearest)) continue;
      least = lack;
      nearest = rank;
      nearestReason = reason;
    }
  }
  const counts = UNFIT_REASONS.map((reason, index) => ({reason, workers: counted[index]!})).filter(
    ({workers}) => workers > 0,
  );
  const verdict = {workerCount, counts, message: messageOf(workerCount, counts)};
  if (nearest < 0) return verdict;
  const nearestWorker = {
    workerName: layout.workers[nearest]!.name,
    reason: UNFIT_REASONS[nearestReason]!,
    shortages: shortagesOf(demand, nearest, state),
  };
  return {...verdict, nearest: nearestWorker};
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

/** The part of a demand that is not free, 0 to 1, above it where more than all is in use. */
function missingPart(demand: number, free: number): number {
  return demand > free ? (demand - free) / Math.max(1, demand) : 0;
}

function messageOf(workerCount: number, counts: Verdict['counts']): string {
  if (workerCount === 0) return '0/0 workers fit: there is no worker.';
  const parts = counts
    .toSorted((left, right) => right.workers - left.workers)
    .map(({reason, workers}) => `${workers} ${PHRASES[reason]}`);
  return `0/${workerCount} workers fit: ${parts.join(', ')}.`;
}
