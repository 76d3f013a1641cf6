import type {AffinityLevel} from '../api/records.ts';
import type {Demand} from '../api/resources.ts';
import {hashString} from '../lib/hash.ts';
import type {BatchState} from './batchState.ts';
import type {Eligibility} from './eligibility.ts';
import {WHOLE_GPU_MILLIS} from './freeCapacity.ts';
import type {BatchDemand} from './loadCap.ts';
import type {OpenTier} from './openTier.ts';
import {PackTier} from './packTier.ts';
import type {PlacementRequest, Verdict} from './plan.ts';
import {SpreadTier} from './spreadTier.ts';
import {judge} from './verdict.ts';

/**
 * In which order classes of one priority are placed. Packing wants the bulky kinds first and the
 * order of arrival inside (by exact size it loses 2 to 5 points, PLACEMENT.md).
 */
export const Kind = {
  EightGpus: 0,
  FourGpus: 1,
  TwoGpus: 2,
  OneGpu: 3,
  GpuShare: 4,
  NoGpu: 5,
  Spread: 6,
};

/** The requests of a batch with one class key: same demand, same constraints. */
export class RequestClass {
  readonly demand: Demand;
  readonly eligibility: Eligibility;
  readonly kind: number;
  /** Share of all workers together that one request takes of its scarcest resource. */
  readonly size: number;
  affinity: AffinityLevel = 'None';
  readonly #state: BatchState;
  readonly #tiers: readonly OpenTier[];
  /** The first tier that may still have room. */
  #open = 0;
  #verdict: Verdict | undefined;
  #lastKey = '';
  #lastHash = hashString('');

  constructor(
    request: PlacementRequest,
    eligibility: Eligibility,
    batchDemand: BatchDemand,
    state: BatchState,
  ) {
    const {demand} = request;
    const {total} = state.layout;
    this.demand = demand;
    this.eligibility = eligibility;
    this.kind = eligibility.tiers[0]?.packs === false ? Kind.Spread : packKind(demand);
    this.size = Math.max(
      share(demand.cpuMillis, total.cpuMillis),
      share(demand.memoryBytes, total.memoryBytes),
      share(demand.gpuCount * demand.gpuMillis, total.gpus * WHOLE_GPU_MILLIS),
    );
    this.#state = state;
    this.#tiers = eligibility.tiers.map((tier) =>
      tier.packs
        ? new PackTier(tier, demand, state)
        : new SpreadTier(tier, demand, batchDemand, state),
    );
  }

  /**
   * The rank for one request of this class; -1 when no worker has room, then `verdict` says why.
   */
  choose(request: PlacementRequest): number {
    const hash = this.#hashOf(request.affinityKey);
    for (; this.#open < this.#tiers.length; this.#open++) {
      const tier = this.#tiers[this.#open]!;
      const rank = tier.choose(hash, request.affinityExplicit);
      if (rank >= 0) {
        this.affinity = tier.affinity;
        return rank;
      }
    }
    return -1;
  }

  /** Why the class fits nowhere at present; the same object for all its requests of the batch. */
  get verdict(): Verdict {
    this.#verdict ??= judge(this.demand, this.eligibility, this.#state);
    return this.#verdict;
  }

  /** Requests of a class mostly share their key: hashing it again costs 60 to 130 ns. */
  #hashOf(affinityKey: string): number {
    if (affinityKey !== this.#lastKey) {
      this.#lastKey = affinityKey;
      this.#lastHash = hashString(affinityKey);
    }
    return this.#lastHash;
  }
}

function packKind({gpuCount, gpuMillis}: Demand): number {
  if (gpuCount === 0) return Kind.NoGpu;
  if (gpuMillis < WHOLE_GPU_MILLIS) return Kind.GpuShare;
  if (gpuCount === 1) return Kind.OneGpu;
  if (gpuCount < 4) return Kind.TwoGpus;
  return gpuCount < 8 ? Kind.FourGpus : Kind.EightGpus;
}

function share(demand: number, total: number): number {
  return total > 0 ? demand / total : 0;
}
