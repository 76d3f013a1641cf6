import {type Demand, WHOLE_GPU_MILLIS} from '../api/resources.ts';
import {assert} from '../lib/assert.ts';
import type {BatchState} from './batchState.ts';
import type {Eligibility} from './eligibility.ts';
import type {HigherTakes} from './higherTakes.ts';
import type {BatchDemand} from './loadCap.ts';
import {NONE, type OpenTier} from './openTier.ts';
import {PackTier} from './packTier.ts';
import type {PlacementRequest, Verdict} from './plan.ts';
import {SpreadTier} from './spreadTier.ts';
import type {Tier} from './tier.ts';
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
  readonly classKey: string;
  /** Its place in the batch's list of classes. */
  index = -1;
  readonly demand: Demand;
  readonly amounts: Float64Array;
  readonly eligibility: Eligibility;
  readonly kind: number;
  /** Share of all workers together that one request takes of its scarcest resource. */
  readonly size: number;
  /** Of the request placed last, as `OpenTier` has it. */
  affinity: number = NONE;
  /** How many of the batch are of it. */
  count = 0;
  /** Whether one of them has a chosen key, and so a load cap. */
  hasKeys = false;
  readonly #batchDemand: BatchDemand;
  readonly #state: BatchState;
  /** The first tier that may still have room; made when its turn comes, as most need one only. */
  #tier: OpenTier | undefined;
  /** So many tiers have had their turn. */
  #opened = 0;
  #verdict: Verdict | undefined;

  constructor(
    {classKey, demand}: PlacementRequest,
    eligibility: Eligibility,
    batchDemand: BatchDemand,
    state: BatchState,
  ) {
    const {total} = state.layout;
    this.classKey = classKey;
    this.demand = demand;
    this.amounts = Float64Array.of(demand.cpuMillis, demand.memoryBytes);
    this.eligibility = eligibility;
    this.kind = eligibility.tiers[0]?.packs === false ? Kind.Spread : packKind(demand);
    this.size = Math.max(
      share(demand.cpuMillis, total.cpuMillis),
      share(demand.memoryBytes, total.memoryBytes),
      share(demand.gpuCount * demand.gpuMillis, total.gpus * WHOLE_GPU_MILLIS),
    );
    this.#batchDemand = batchDemand;
    this.#state = state;
  }

  /**
   * The position for one request of this class; -1 when no worker has room, then `verdict` says
   * why.
   */
  choose(hash: number, isExplicit: boolean): number {
    for (let tier = this.#tier ?? this.#nextTier(); tier; tier = this.#nextTier()) {
      const position = tier.choose(hash, isExplicit);
      if (position >= 0) {
        this.affinity = tier.affinity;
        return position;
      }
    }
    return -1;
  }

  get isJudged(): boolean {
    return this.#verdict !== undefined;
  }

  /** The verdict is that of the moment when the first of its requests found nothing. */
  judge(higher: HigherTakes): void {
    this.#verdict = judge(this.demand, this.eligibility, {state: this.#state, higher});
  }

  /** Why the class fits nowhere; the same object for all its requests of the batch. */
  get verdict(): Verdict {
    assert(this.#verdict !== undefined, 'a class without room was judged');
    return this.#verdict;
  }

  #nextTier(): OpenTier | undefined {
    const tier = this.eligibility.tiers[this.#opened];
    this.#tier = tier && this.#openTier(tier);
    if (tier) this.#opened++;
    return this.#tier;
  }

  #openTier(tier: Tier): OpenTier {
    return tier.packs
      ? new PackTier(tier, this.demand, this.#state)
      : new SpreadTier(tier, this, this.#batchDemand, this.#state);
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
