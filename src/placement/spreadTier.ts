import type {AffinityLevel} from '../api/records.ts';
import type {Demand} from '../api/resources.ts';
import type {BatchState} from './batchState.ts';
import {CandidateHeap} from './candidateHeap.ts';
import type {Tier} from './eligibility.ts';
import {fits} from './freeCapacity.ts';
import {type BatchDemand, LoadCap} from './loadCap.ts';
import {MAX_ATTEMPTS, MAX_PROBES, type OpenTier} from './openTier.ts';
import {probe, type SlotTable} from './slotTable.ts';

/**
 * Weight of the resources beside the fullest one: enough to break ties, too little to outvote it.
 */
const TIE_WEIGHT = 1 / 1024;

/**
 * Spreads the requests of one class over the workers of one tier (PLACEMENT.md §2.5).
 *
 * A chosen key takes the first of its probed workers that stays below the load cap, else the least
 * loaded one. Without a chosen key the load is levelled exactly: always a least loaded worker, and
 * of several the first that the key (its image) probes. Equal requests on equal workers then never
 * differ by more than one between any two workers, however they are cut into batches.
 *
 * The heap holds the load that each worker would have with one more request of this class. Loads
 * only grow within a batch, so a stale score is too low, comes to the top too early and is put
 * right there; a worker without room leaves for good. Cost: O(1) by a probe, O(log workers) by the
 * heap.
 */
export class SpreadTier implements OpenTier {
  affinity: AffinityLevel = 'None';
  readonly #tier: Tier;
  readonly #demand: Demand;
  readonly #batchDemand: BatchDemand;
  readonly #state: BatchState;
  #slots: SlotTable | undefined;
  #cap: LoadCap | undefined;
  #heap: CandidateHeap | undefined;
  /** The least load among the workers that `#probedHash` last looked at, all above the least. */
  #probedLoad = Number.NEGATIVE_INFINITY;
  #probedHash = -1;

  constructor(tier: Tier, demand: Demand, batchDemand: BatchDemand, state: BatchState) {
    this.#tier = tier;
    this.#demand = demand;
    this.#batchDemand = batchDemand;
    this.#state = state;
  }

  choose(hash: number, isExplicit: boolean): number {
    if (isExplicit) {
      const rank = this.#belowCap(hash);
      if (rank >= 0) return rank;
    }
    const heap = this.#settledHeap();
    const least = heap.top;
    if (!isExplicit && least >= 0) {
      const rank = this.#atLoad(hash, heap.topScore);
      if (rank >= 0) return rank;
    }
    this.affinity = 'None';
    return least;
  }

  /** The first probed worker with room for the request below the cap; -1 when there is none. */
  #belowCap(hash: number): number {
    const {layout, free} = this.#state;
    const demand = this.#demand;
    this.#cap ??= new LoadCap(this.#tier.ranks, this.#batchDemand, this.#state);
    this.#slots ??= this.#tier.slots;
    const {slots, mask} = this.#slots;
    let first = -1;
    for (let attempt = 0, probes = 0; attempt < MAX_ATTEMPTS && probes < MAX_PROBES; attempt++) {
      const rank = slots[probe(hash, attempt, mask)]!;
      if (rank < 0) continue;
      if (probes++ === 0) first = rank;
      if (fits(free, layout, rank, demand) && this.#cap.allows(rank, demand)) {
        this.affinity = rank === first ? 'Warm' : 'Near';
        return rank;
      }
    }
    return -1;
  }

  /** The first probed worker with room whose load is `load`, the least of all; -1 if none is. */
  #atLoad(hash: number, load: number): number {
    if (hash === this.#probedHash && load < this.#probedLoad) return -1;
    const {layout, free} = this.#state;
    this.#slots ??= this.#tier.slots;
    const {slots, mask} = this.#slots;
    let first = -1;
    this.#probedHash = hash;
    this.#probedLoad = Number.POSITIVE_INFINITY;
    for (let attempt = 0, probes = 0; attempt < MAX_ATTEMPTS && probes < MAX_PROBES; attempt++) {
      const rank = slots[probe(hash, attempt, mask)]!;
      if (rank < 0) continue;
      if (probes++ === 0) first = rank;
      if (!fits(free, layout, rank, this.#demand)) continue;
      const probed = this.#loadWith(rank);
      if (probed <= load) {
        this.#probedLoad = load;
        this.affinity = rank === first ? 'Warm' : 'Near';
        return rank;
      }
      this.#probedLoad = Math.min(this.#probedLoad, probed);
    }
    return -1;
  }

  /** The heap with a true score at its top. */
  #settledHeap(): CandidateHeap {
    const {layout, free} = this.#state;
    this.#heap ??= this.#buildHeap();
    const heap = this.#heap;
    for (let rank = heap.top; rank >= 0; rank = heap.top) {
      if (!fits(free, layout, rank, this.#demand)) {
        heap.remove(rank);
        continue;
      }
      const load = this.#loadWith(rank);
      if (load === heap.topScore) break;
      heap.update(rank, load);
    }
    return heap;
  }

  #buildHeap(): CandidateHeap {
    const {layout, free} = this.#state;
    const heap = new CandidateHeap(this.#tier.ranks.length, layout.workers.length);
    for (const rank of this.#tier.ranks) {
      if (fits(free, layout, rank, this.#demand)) heap.add(rank, this.#loadWith(rank));
    }
    heap.heapify();
    return heap;
  }

  /**
   * The worker's load with one more request: the share of its fullest resource. The small addend
   * makes it grow with every container, also where another resource is the fullest.
   */
  #loadWith(rank: number): number {
    const {layout, free} = this.#state;
    const demand = this.#demand;
    const cpu =
      (layout.cpuMillis[rank]! - free.cpuMillis[rank]! + demand.cpuMillis) * layout.perCpu[rank]!;
    const memory =
      (layout.memoryBytes[rank]! - free.memoryBytes[rank]! + demand.memoryBytes) *
      layout.perMemory[rank]!;
    const containers =
      (layout.containers[rank]! - free.containers[rank]! + 1) * layout.perContainer[rank]!;
    const perGpu = layout.perGpuMilli[rank]!;
    const gpu =
      perGpu === 0 ? 0 : 1 - (free.gpuTotal[rank]! - demand.gpuCount * demand.gpuMillis) * perGpu;
    return Math.max(cpu, memory, containers, gpu) + (cpu + memory + containers + gpu) * TIE_WEIGHT;
  }
}
