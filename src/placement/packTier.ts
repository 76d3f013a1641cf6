import {type Demand, WHOLE_GPU_MILLIS} from '../api/resources.ts';
import type {BatchState} from './batchState.ts';
import {type Candidacy, CandidateHeap, firstWithRoom} from './candidateHeap.ts';
import {fits} from './freeCapacity.ts';
import {MAX_ATTEMPTS, MAX_PROBES, NEAR, NONE, type OpenTier, WARM} from './openTier.ts';
import {NEVER, type PackPreferences} from './packPreferences.ts';
import {probe} from './slotTable.ts';
import type {Tier} from './tier.ts';
import type {WorkerBuckets} from './workerBuckets.ts';

/** Workers that a key without a home asks, before it goes where it would without a key. */
const WARM_PROBES = 4;

/** A tier of so few workers is looked through: the buckets hold mostly others. */
const SMALL_TIER = 32;

/**
 * Packs the requests of one class into the workers of one tier: the bucket whose workers would
 * waste the fewest GPU thousandths with it (`packPreferences.ts`), and of those the worker at the
 * least position, never by chance or by key: with one fixed order 95 % of the GPUs are allocated,
 * with random ties 90 % (PLACEMENT.md).
 *
 * A chosen key may draw its request to another worker, if that holds something already and is as
 * good: affinity that opens idle workers costs 1 to 3 % of the GPUs, this next to nothing. It draws
 * to its homes first (`keyHomes.ts`), then to whom it probes. Warm is a home or its first choice,
 * Near another one of those it probes, whatever led there.
 *
 * The first request of a class passes over the buckets that have members, 30 to 250 of them
 * whatever the number of workers; further ones ask a heap of them (`candidateHeap.ts`).
 */
export class PackTier implements OpenTier, Candidacy {
  affinity: number = NONE;
  readonly tier: Tier;
  readonly demand: Demand;
  readonly state: BatchState;
  readonly #buckets: WorkerBuckets;
  readonly preferences: PackPreferences;
  #heap: CandidateHeap | undefined;
  #isFirst = true;
  /** Preference of the best worker for the request under way. */
  #least = NEVER;
  readonly #probed = new Int32Array(MAX_PROBES);
  #probedCount = 0;
  #probedHash = Number.NaN;

  constructor(tier: Tier, demand: Demand, state: BatchState) {
    this.tier = tier;
    this.demand = demand;
    this.state = state;
    this.#buckets = state.rows.buckets;
    this.preferences = state.rows.preferences.of(demand);
  }

  choose(hash: number, isExplicit: boolean): number {
    const best = this.#best();
    if (best < 0) return -1;
    if (!isExplicit) {
      this.affinity = this.#affinityOf(hash, best);
      return best;
    }
    this.#least = this.#preferenceFor(best);
    const warm = this.#warmOne(hash);
    const chosen = warm < 0 ? best : warm;
    const {layout, rows} = this.state;
    const worker = layout.hash[chosen]!;
    const isHome = rows.homes.has(hash, worker) || rows.batchHomes.has(hash, worker);
    this.affinity = isHome ? WARM : this.#affinityOf(hash, chosen);
    rows.batchHomes.remember(hash, worker);
    return chosen;
  }

  #best(): number {
    if (this.tier.count <= SMALL_TIER) return this.#bestOfFew();
    if (this.#isFirst) {
      this.#isFirst = false;
      return this.#search();
    }
    if (!this.#heap) {
      this.#heap = this.state.rows.spareHeaps.lend(() => new CandidateHeap());
      this.#heap.open(this);
    }
    return this.#heap.first(this);
  }

  #bestOfFew(): number {
    const {free} = this.state;
    const {ranks} = this.tier;
    const {demand, preferences} = this;
    const buckets = this.#buckets;
    const column = preferences.columnFor(buckets);
    let best = -1;
    let least = NEVER;
    for (let at = 0; at < ranks.length; at++) {
      const position = ranks[at]!;
      if (!fits(free, position, demand)) continue;
      const bucket = buckets.at(position);
      const preference = preferences.in(column, bucket, buckets);
      if (preference >= least) continue;
      least = preference;
      best = position;
    }
    return best;
  }

  /** Without the heap, which costs more to open than one look at every bucket. */
  #search(): number {
    const {live, liveCount} = this.#buckets;
    let best = -1;
    let least = NEVER - 1;
    for (let at = 0; at < liveCount; at++) {
      const bucket = live[at]!;
      const preference = this.preferences.of(bucket, this.#buckets);
      if (preference > least) continue;
      const found = firstWithRoom(bucket, 0, this);
      if (found < 0 || (preference === least && best >= 0 && found > best)) continue;
      best = found;
      least = preference;
    }
    return best;
  }

  #preferenceFor(position: number): number {
    return this.preferences.of(this.#buckets.at(position), this.#buckets);
  }

  /** A home of the key, else the first worker that it probes, if it may be drawn there; else -1. */
  #warmOne(hash: number): number {
    const {layout, rows} = this.state;
    const home = rows.homes.first(hash, layout, this.#mayDraw);
    if (home >= 0) return home;
    const newHome = rows.batchHomes.first(hash, layout, this.#mayDraw);
    if (newHome >= 0) return newHome;
    this.#probe(hash);
    for (let at = 0; at < this.#probedCount && at < WARM_PROBES; at++) {
      const position = this.#probed[at]!;
      if (this.#mayDraw(position)) return position;
    }
    return -1;
  }

  /** Whether a key may draw a request there: the worker is in use, has room and is as good. */
  readonly #mayDraw = (position: number): boolean => {
    const {free} = this.state;
    return (
      this.tier.has(position) &&
      this.#isInUse(position) &&
      fits(free, position, this.demand) &&
      this.#preferenceFor(position) <= this.#least
    );
  };

  /** A GPU of it, where the request wants one; else anything. */
  #isInUse(position: number): boolean {
    const {layout, free} = this.state;
    if (this.demand.gpuCount === 0) {
      return free.containers[position]! < layout.containers[position]!;
    }
    const gpuCount = layout.gpuEnd[position]! - layout.gpuStart[position]!;
    return free.gpuTotal[position]! < gpuCount * WHOLE_GPU_MILLIS;
  }

  /** Where packing leads to one of the key's own workers, it says so, whatever led there. */
  #affinityOf(hash: number, chosen: number): number {
    this.#probe(hash);
    if (this.#probed[0] === chosen) return WARM;
    for (let at = 1; at < this.#probedCount; at++) {
      if (this.#probed[at] === chosen) return NEAR;
    }
    return NONE;
  }

  /** Writes who the key looks at into `#probed`: requests of a class often share it. */
  #probe(hash: number): void {
    if (hash === this.#probedHash) return;
    this.#probedHash = hash;
    this.#probedCount = 0;
    const {slots, mask} = this.tier.slots;
    for (let attempt = 0; attempt < MAX_ATTEMPTS && this.#probedCount < MAX_PROBES; attempt++) {
      const position = slots[probe(hash, attempt, mask)]!;
      if (position >= 0) this.#probed[this.#probedCount++] = position;
    }
  }
}
