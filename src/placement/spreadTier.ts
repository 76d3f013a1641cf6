import type {Demand} from '../api/resources.ts';
import type {BatchState} from './batchState.ts';
import {fits} from './freeCapacity.ts';
import {LeastLoaded} from './leastLoaded.ts';
import {type Addition, writeLoad} from './load.ts';
import {type BatchDemand, LoadCap} from './loadCap.ts';
import {MAX_ATTEMPTS, MAX_PROBES, NEAR, NONE, type OpenTier, WARM} from './openTier.ts';
import {ProbedKeys} from './probedKeys.ts';
import {probe, type SlotTable} from './slotTable.ts';
import type {Tier} from './tier.ts';

/** Places in `#loads`: what the least loaded worker of all has with the request, */
const LEAST = 0;
/** what one that is probed has, and the least of those. */
const ONE = 1;
const PROBED = 2;

/**
 * Spreads the requests of one class over the workers of one tier (PLACEMENT.md §2.5).
 *
 * A chosen key takes the first of its probed workers that stays below the load cap, else the least
 * loaded one. Without a chosen key the load is levelled exactly: always a least loaded worker, and
 * of several the first that the key (its image) probes. Equal requests on equal workers then never
 * differ by more than one between any two workers, however they are cut into batches.
 *
 * Cost: O(1) by a probe, O(log workers) by the load tree; nothing is made a request.
 */
export class SpreadTier implements OpenTier {
  affinity: number = NONE;
  readonly #demand: Demand;
  readonly #state: BatchState;
  readonly #tier: Tier;
  readonly #batchDemand: BatchDemand;
  readonly #slots: SlotTable;
  readonly #one: Addition;
  #cap: LoadCap | undefined;
  #leastLoaded: LeastLoaded | undefined;
  readonly #probed: ProbedKeys;
  readonly #loads = new Float64Array(3);
  /** Whose workers `PROBED` is of. */
  #probedHash = Number.NaN;

  constructor(
    tier: Tier,
    {demand, count}: {readonly demand: Demand; readonly count: number},
    batchDemand: BatchDemand,
    state: BatchState,
  ) {
    this.#demand = demand;
    this.#state = state;
    this.#tier = tier;
    this.#batchDemand = batchDemand;
    this.#slots = tier.slots;
    this.#probed = new ProbedKeys(count);
    const {cpuMillis, memoryBytes, gpuCount, gpuMillis} = demand;
    this.#one = {cpuMillis, memoryBytes, containers: 1, gpuMillis: gpuCount * gpuMillis};
  }

  choose(hash: number, isExplicit: boolean): number {
    if (isExplicit) {
      const position = this.#belowCap(hash);
      if (position >= 0) return position;
    }
    this.#leastLoaded ??= new LeastLoaded(this.#tier, {
      demand: this.#demand,
      one: this.#one,
      state: this.#state,
    });
    const least = this.#leastLoaded.find();
    if (!isExplicit && least >= 0) {
      const position = this.#atLoadOf(least, hash);
      if (position >= 0) return position;
    }
    this.affinity = NONE;
    return least;
  }

  /** The first probed worker with room for the request below the cap; -1 when there is none. */
  #belowCap(hash: number): number {
    const {free} = this.#state;
    const demand = this.#demand;
    const {slots, mask} = this.#slots;
    this.#cap ??= new LoadCap(this.#tier, this.#batchDemand, {demand, rows: this.#state});
    const known = this.#probed.find(hash);
    let attempt = known < 0 ? 0 : this.#probed.next(known);
    let refused = known < 0 ? 0 : this.#probed.refused(known);
    const before = refused;
    for (; attempt < MAX_ATTEMPTS && refused < MAX_PROBES; attempt++) {
      const position = slots[probe(hash, attempt, mask)]!;
      if (position < 0) continue;
      if (fits(free, position, demand) && this.#cap.allows(position)) {
        this.affinity = refused === 0 ? WARM : NEAR;
        if (refused > before) this.#probed.set(hash, attempt, refused);
        return position;
      }
      refused++;
    }
    if (refused > before) this.#probed.set(hash, attempt, refused);
    return -1;
  }

  /** The first probed worker with room and no more load than `least` has; -1 if none is. */
  #atLoadOf(least: number, hash: number): number {
    const loads = this.#loads;
    writeLoad(this.#state, least, this.#one, loads, LEAST);
    if (hash === this.#probedHash && loads[LEAST]! < loads[PROBED]!) return -1;
    const {free} = this.#state;
    const {slots, mask} = this.#slots;
    let first = -1;
    this.#probedHash = hash;
    loads[PROBED] = Number.POSITIVE_INFINITY;
    for (let attempt = 0, probes = 0; attempt < MAX_ATTEMPTS && probes < MAX_PROBES; attempt++) {
      const position = slots[probe(hash, attempt, mask)]!;
      if (position < 0) continue;
      if (probes++ === 0) first = position;
      if (!fits(free, position, this.#demand)) continue;
      writeLoad(this.#state, position, this.#one, loads, ONE);
      if (loads[ONE]! <= loads[LEAST]!) {
        // Of those behind it nothing is known.
        loads[PROBED] = 0;
        this.affinity = position === first ? WARM : NEAR;
        return position;
      }
      if (loads[ONE]! < loads[PROBED]!) loads[PROBED] = loads[ONE]!;
    }
    return -1;
  }
}
