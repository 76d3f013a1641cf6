import type {AffinityLevel} from '../api/records.ts';
import type {Demand} from '../api/resources.ts';
import type {BatchState} from './batchState.ts';
import {CandidateHeap} from './candidateHeap.ts';
import {fits, WHOLE_GPU_MILLIS} from './freeCapacity.ts';
import {tightestDevice} from './gpuDevices.ts';
import {MAX_ATTEMPTS, MAX_PROBES, type OpenTier} from './openTier.ts';
import {probe} from './slotTable.ts';
import type {Tier} from './tier.ts';

/** Above the free GPU thousandths of any worker, so that what counts more outweighs them. */
const GPU_SCALE = 2 ** 21;

/**
 * Packs the requests of one class into the workers of one tier: best fit, the worker with the least
 * left over after it. Ties go to the lowest rank, never by chance or by key: with one fixed order
 * 95 % of the GPUs are allocated, with random ties 90 % (PLACEMENT.md).
 *
 * The heap holds what each worker would have left over. Unlike load, that may fall when another
 * class takes of the worker, so the class catches up with the batch's journal of touched workers
 * before it looks at the top. Cost: O(log workers) for each placement of the batch, once a class.
 */
export class PackTier implements OpenTier {
  affinity: AffinityLevel = 'None';
  readonly #tier: Tier;
  readonly #demand: Demand;
  readonly #state: BatchState;
  #heap: CandidateHeap | undefined;
  /** How much of the journal the heap has seen. */
  #seen = 0;

  constructor(tier: Tier, demand: Demand, state: BatchState) {
    this.#tier = tier;
    this.#demand = demand;
    this.#state = state;
  }

  choose(hash: number, _isExplicit: boolean): number {
    const heap = this.#currentHeap();
    const rank = heap.top;
    if (rank >= 0) this.affinity = this.#affinityOf(hash, rank);
    return rank;
  }

  #currentHeap(): CandidateHeap {
    const {layout, free, touched, touchedCount} = this.#state;
    if (!this.#heap) {
      this.#seen = touchedCount;
      this.#heap = this.#buildHeap();
      return this.#heap;
    }
    const heap = this.#heap;
    for (; this.#seen < touchedCount; this.#seen++) {
      const rank = touched[this.#seen]!;
      if (!heap.has(rank)) continue;
      if (fits(free, layout, rank, this.#demand)) heap.update(rank, this.#leftover(rank));
      else heap.remove(rank);
    }
    return heap;
  }

  #buildHeap(): CandidateHeap {
    const {layout, free} = this.#state;
    const heap = new CandidateHeap(this.#tier.ranks.length, layout.workers.length);
    for (const rank of this.#tier.ranks) {
      if (fits(free, layout, rank, this.#demand)) heap.add(rank, this.#leftover(rank));
    }
    heap.heapify();
    return heap;
  }

  /**
   * What counts, in this order: what a share leaves of its device (so that a whole GPU is cut only
   * when no cut one has the share), or how many GPUs stay whole beside whole ones; the GPU
   * thousandths left; the cpu and memory left, as a share below 1.
   */
  #leftover(rank: number): number {
    const {layout, free} = this.#state;
    const {cpuMillis, memoryBytes, gpuCount, gpuMillis} = this.#demand;
    const cpu = (free.cpuMillis[rank]! - cpuMillis) * layout.perCpu[rank]!;
    const memory = (free.memoryBytes[rank]! - memoryBytes) * layout.perMemory[rank]!;
    const gpuLeft = free.gpuTotal[rank]! - gpuCount * gpuMillis;
    const minor = gpuLeft + (cpu + memory) / 4;
    if (gpuCount === 0) return minor;
    const start = layout.gpuStart[rank]!;
    const end = layout.gpuEnd[rank]!;
    if (gpuMillis < WHOLE_GPU_MILLIS) {
      const device = tightestDevice(free.gpuMillis, start, end, gpuMillis);
      return (free.gpuMillis[device]! - gpuMillis) * GPU_SCALE + minor;
    }
    let whole = -gpuCount;
    for (let at = start; at < end; at++) if (free.gpuMillis[at] === WHOLE_GPU_MILLIS) whole++;
    return whole * GPU_SCALE + minor;
  }

  /** Packing does not follow keys; where it leads to one's worker all the same, it says so. */
  #affinityOf(hash: number, chosen: number): AffinityLevel {
    const {slots, mask} = this.#tier.slots;
    for (let attempt = 0, probes = 0; attempt < MAX_ATTEMPTS && probes < MAX_PROBES; attempt++) {
      const rank = slots[probe(hash, attempt, mask)]!;
      if (rank === chosen) return probes === 0 ? 'Warm' : 'Near';
      if (rank >= 0) probes++;
    }
    return 'None';
  }
}
