import type {Constraints, TaintEffect} from '../api/constraints.ts';
import {UnfitReason} from '../api/reasons.ts';
import {matchesSelector} from './labelSelector.ts';
import type {PlacementWorker} from './plan.ts';
import {buildSlotTable, type SlotTable} from './slotTable.ts';
import {hasUntolerated} from './tolerations.ts';

/** What of a request decides where it may go at all, however much is free there. */
export interface Terms {
  readonly constraints: Constraints;
  readonly needsGpu: boolean;
  readonly gpuTypes: readonly string[];
}

/** What eligibility reads of the workers, indexed by rank. */
export interface RankedColumns {
  readonly workers: readonly PlacementWorker[];
  /** 1 where the worker is filled up before the next one. */
  readonly packs: Uint8Array;
  /** Hash of each name. */
  readonly hash: Uint32Array;
}

/** All reasons, in the order in which they are tested. */
export const UNFIT_REASONS = Object.values(UnfitReason);

/** Where the codes of reasons begin in `Eligibility.codes`; below it stand tiers. */
export const FIRST_REASON_CODE = 128;

/** GPU types further down a request's list count as equally liked, so that a tier fits its byte. */
const LAST_TYPE_PREFERENCE = 15;

const HARD_EFFECTS: readonly TaintEffect[] = ['NoSchedule', 'NoExecute'];
const SOFT_EFFECTS: readonly TaintEffect[] = ['PreferNoSchedule'];

/** Workers that a request likes equally, all of one strategy. */
export class Tier {
  /** Ascending. */
  readonly ranks: Int32Array;
  readonly packs: boolean;
  readonly #hash: Uint32Array;
  #slots: SlotTable | undefined;

  constructor(ranks: Int32Array, packs: boolean, hash: Uint32Array) {
    this.ranks = ranks;
    this.packs = packs;
    this.#hash = hash;
  }

  /** Built at the first use, as most tiers never need theirs. */
  get slots(): SlotTable {
    this.#slots ??= buildSlotTable(this.ranks, this.#hash);
    return this.#slots;
  }
}

/**
 * Which workers may hold requests with the same terms: one byte a worker, then the workers of each
 * tier in a list of their own.
 *
 *     rank    0    1    2    3    4    5
 *     codes [ 0 | 131 |  0 |  4 | 128 |  0 ]      131 = SelectorMismatch, 128 = NotReady, ...
 *     tiers  [0 2 5] then [3]                     a tier is tried when no earlier one can hold it
 *
 * Cost: one pass over the workers a set of terms, then nothing until a worker joins or changes.
 */
export interface Eligibility {
  readonly codes: Uint8Array;
  readonly tiers: readonly Tier[];
}

export function buildEligibility(columns: RankedColumns, terms: Terms): Eligibility {
  const codes = Uint8Array.from(columns.workers, (worker, rank) => {
    const reason = staticReason(worker, terms);
    return reason === undefined
      ? tierCode(worker, terms, columns.packs[rank]!)
      : FIRST_REASON_CODE + UNFIT_REASONS.indexOf(reason);
  });
  return {codes, tiers: tiersOf(codes, columns.hash)};
}

/**
 * Lower is tried first: GPU types in the order of the request, or workers without GPUs before those
 * with some where none is asked for; then workers without a taint that says PreferNoSchedule.
 */
function tierCode(worker: PlacementWorker, terms: Terms, packs: number): number {
  const {gpuCount, gpuType} = worker.capacity;
  const liked = terms.needsGpu ? Math.max(0, terms.gpuTypes.indexOf(gpuType)) : Math.sign(gpuCount);
  const isAvoided = hasUntolerated(worker.taints, terms.constraints.tolerations, SOFT_EFFECTS);
  return Math.min(liked, LAST_TYPE_PREFERENCE) * 4 + (isAvoided ? 2 : 0) + packs;
}

function tiersOf(codes: Uint8Array, hash: Uint32Array): readonly Tier[] {
  const ranksOfCode = new Map<number, number[]>();
  for (let rank = 0; rank < codes.length; rank++) {
    const code = codes[rank]!;
    if (code >= FIRST_REASON_CODE) continue;
    const ranks = ranksOfCode.get(code);
    if (ranks) ranks.push(rank);
    else ranksOfCode.set(code, [rank]);
  }
  return [...ranksOfCode]
    .sort(([left], [right]) => left - right)
    .map(([code, ranks]) => new Tier(Int32Array.from(ranks), code % 2 === 1, hash));
}

/** The first test that the worker fails whatever is free of it; undefined when it fails none. */
function staticReason(worker: PlacementWorker, terms: Terms): UnfitReason | undefined {
  const {poolName, workerName, selector, tolerations} = terms.constraints;
  if (!worker.ready) return UnfitReason.NotReady;
  if (worker.unschedulable) return UnfitReason.Unschedulable;
  if (workerName !== undefined && workerName !== worker.name) return UnfitReason.WorkerNameMismatch;
  if (poolName !== undefined && poolName !== worker.poolName) return UnfitReason.PoolMismatch;
  if (selector && !matchesSelector(worker.labels, selector)) return UnfitReason.SelectorMismatch;
  if (hasUntolerated(worker.taints, tolerations, HARD_EFFECTS)) return UnfitReason.UntoleratedTaint;
  if (!terms.needsGpu) return undefined;
  const {gpuCount, gpuType} = worker.capacity;
  const isAccepted = terms.gpuTypes.length === 0 || terms.gpuTypes.includes(gpuType);
  if (!isAccepted) return UnfitReason.GpuTypeMismatch;
  return gpuCount === 0 ? UnfitReason.InsufficientGpu : undefined;
}
