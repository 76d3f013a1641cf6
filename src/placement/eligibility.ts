import type {Constraints, TaintEffect} from '../api/constraints.ts';
import {UnfitReason} from '../api/reasons.ts';
import {matchesSelector} from './labelSelector.ts';
import type {PlacementWorker} from './plan.ts';
import {Tier} from './tier.ts';
import {hasUntolerated} from './tolerations.ts';
import type {WorkerRows} from './workerRows.ts';

/** What of a request decides where it may go at all, however much is free there. */
export interface Terms {
  readonly constraints: Constraints;
  readonly needsGpu: boolean;
  readonly gpuTypes: readonly string[];
}

/** All reasons, in the order in which they are tested. */
export const UNFIT_REASONS = Object.values(UnfitReason);

/** Where the codes of reasons begin in `Eligibility.codes`; below it stand tiers. */
export const FIRST_REASON_CODE = 128;

/** Of a position without a worker. */
const GAP_CODE = 255;

/** GPU types further down a request's list count as equally liked, so that a tier fits its byte. */
const LAST_TYPE_PREFERENCE = 15;

const HARD_EFFECTS: readonly TaintEffect[] = ['NoSchedule', 'NoExecute'];
const SOFT_EFFECTS: readonly TaintEffect[] = ['PreferNoSchedule'];

/**
 * Which workers may hold requests with the same terms: one byte a position, how many have each
 * reason, and the workers of each tier.
 *
 *     position  0     1     2     3     4     5
 *     codes  [  0  | 131 |  0  |  4  | 255 |  0  ]     131 = SelectorMismatch, 255 = gap, ...
 *     tiers  [0 2 5] then [3]                          tried one after the other
 *
 * Cost: one pass over the workers a set of terms, then one look at each worker that joins, leaves
 * or is edited.
 */
export class Eligibility {
  readonly codes: Uint8Array;
  /** How many workers are unfit by each of `UNFIT_REASONS`, whatever is free of them. */
  readonly unfit = new Int32Array(UNFIT_REASONS.length);
  /** Those with a worker, the best liked first. */
  tiers: readonly Tier[] = [];
  readonly #rows: WorkerRows;
  readonly #terms: Terms;
  readonly #tierOfCode: (Tier | undefined)[] = [];

  constructor(rows: WorkerRows, terms: Terms) {
    this.#rows = rows;
    this.#terms = terms;
    this.codes = new Uint8Array(rows.layout.hash.length).fill(GAP_CODE);
    for (let position = 0; position < this.codes.length; position++) {
      const worker = rows.layout.workers[position];
      if (worker) this.#enter(position, this.#codeOf(worker, rows.layout.packs[position]!));
    }
    this.#listTiers();
  }

  /** The row is about to change in what it has; `admit` follows unless its worker leaves. */
  dismiss(position: number): void {
    const code = this.codes[position]!;
    this.codes[position] = GAP_CODE;
    if (code >= FIRST_REASON_CODE) {
      this.unfit[code - FIRST_REASON_CODE]!--;
      return;
    }
    const tier = this.#tierOfCode[code]!;
    tier.remove(position);
    if (tier.count === 0) this.#listTiers();
  }

  /** The row of a worker that joined or changed is written. */
  admit(position: number): void {
    const {workers, packs} = this.#rows.layout;
    this.#enter(position, this.#codeOf(workers[position]!, packs[position]!));
    const tier = this.#tierOfCode[this.codes[position]!];
    if (tier?.count === 1) this.#listTiers();
  }

  /** The worker was edited in what terms look at alone: labels, taints, ready, cordon. */
  reconsider(position: number): void {
    const {workers, packs} = this.#rows.layout;
    const code = this.#codeOf(workers[position]!, packs[position]!);
    if (code === this.codes[position]) return;
    this.dismiss(position);
    this.admit(position);
  }

  /** What is free of a row changes: called with -1 before, and with 1 after it. */
  countUsage(position: number, sign: 1 | -1): void {
    this.#tierOfCode[this.codes[position]!]?.countUsage(position, sign);
  }

  #enter(position: number, code: number): void {
    this.codes[position] = code;
    if (code >= FIRST_REASON_CODE) {
      this.unfit[code - FIRST_REASON_CODE]!++;
      return;
    }
    this.#tierOfCode[code] ??= new Tier(code % 2 === 1, this.#rows);
    this.#tierOfCode[code].add(position);
  }

  #listTiers(): void {
    this.tiers = this.#tierOfCode
      .filter((tier) => tier !== undefined)
      .filter(({count}) => count > 0);
  }

  #codeOf(worker: PlacementWorker, packs: number): number {
    const reason = staticReason(worker, this.#terms);
    return reason === undefined
      ? tierCode(worker, this.#terms, packs)
      : FIRST_REASON_CODE + UNFIT_REASONS.indexOf(reason);
  }
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
