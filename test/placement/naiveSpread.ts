import {hashString} from '../../src/lib/hash.ts';
import type {PlacementPool, PlacementRequest, PlacementWorker} from '../../src/placement/plan.ts';
import {probe, SlotTable} from '../../src/placement/slotTable.ts';

export interface NaiveDecision {
  readonly uid: string;
  /** Undefined where no worker has room. */
  readonly workerName: string | undefined;
  readonly affinity: string;
}

interface Amounts {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  readonly containers: number;
  readonly gpuMillis: number;
}

interface Row {
  readonly name: string;
  readonly capacity: Amounts;
  readonly loadBound: number;
  used: Amounts;
  /** Free of each device. */
  readonly devices: number[];
}

const NOTHING: Amounts = {cpuMillis: 0, memoryBytes: 0, containers: 0, gpuMillis: 0};
const FIELDS = ['cpuMillis', 'memoryBytes', 'containers', 'gpuMillis'] as const;

/**
 * What PLACEMENT.md §2.5 says of spread workers, written down as it reads: every decision looks at
 * every worker, nothing is remembered between two of them. For requests without constraints and of
 * one priority, on workers that all levelled.
 */
export class NaiveSpread {
  readonly #rows: readonly Row[];
  readonly #slots: SlotTable;

  constructor(workers: readonly PlacementWorker[], pools: readonly PlacementPool[]) {
    const boundOf = new Map(pools.map(({name, loadBound}) => [name, loadBound]));
    this.#rows = workers
      .toSorted((left, right) => rankOf(left) - rankOf(right) || (left.name < right.name ? -1 : 1))
      .map(({name, poolName, capacity}) => ({
        name,
        capacity: {...capacity, gpuMillis: capacity.gpuCount * 1000},
        loadBound: boundOf.get(poolName) ?? 1.25,
        used: NOTHING,
        devices: Array.from({length: capacity.gpuCount}, () => 1000),
      }));
    const hashes = Uint32Array.from(this.#rows, ({name}) => hashString(name));
    this.#slots = new SlotTable(hashes.length, hashes);
    for (const rank of this.#rows.keys()) this.#slots.join(rank);
  }

  place(batch: readonly PlacementRequest[]): NaiveDecision[] {
    // Requests without a GPU and those with one have terms of their own, and so means of their own.
    const [without, withGpus] = [false, true].map((needsGpu) =>
      this.#meanAfter(batch.filter(({demand}) => demand.gpuCount > 0 === needsGpu)),
    );
    const bySize = batch.toSorted((left, right) => this.#sizeOf(right) - this.#sizeOf(left));
    return bySize.map((request) => {
      const mean = request.demand.gpuCount > 0 ? withGpus! : without!;
      const {rank, affinity} = this.#choose(request, mean);
      if (rank >= 0) this.#take(rank, request);
      return {uid: request.uid, workerName: this.#rows[rank]?.name, affinity};
    });
  }

  #choose(request: PlacementRequest, mean: Amounts): {rank: number; affinity: string} {
    const probed = this.#probedBy(request.affinityHash);
    const fitting = (rank: number) => this.#fits(rank, request);
    const level = (place: number) => (place === 0 ? 'Warm' : 'Near');
    if (request.affinityExplicit) {
      const place = probed.findIndex(
        (rank) => fitting(rank) && this.#isBelowCap(rank, request, mean),
      );
      if (place >= 0) return {rank: probed[place]!, affinity: level(place)};
    }
    const least = this.#leastLoaded(request);
    if (least >= 0 && !request.affinityExplicit) {
      const limit = this.#loadOf(least, amountsOf(request));
      const place = probed.findIndex(
        (rank) => fitting(rank) && this.#loadOf(rank, amountsOf(request)) <= limit,
      );
      if (place >= 0) return {rank: probed[place]!, affinity: level(place)};
    }
    return {rank: least, affinity: 'None'};
  }

  /** The first eight workers among the first 64 slots that the key looks at. */
  #probedBy(hash: number): number[] {
    const {slots, mask} = this.#slots;
    const seen = Array.from({length: 64}, (_, attempt) => slots[probe(hash, attempt, mask)]!);
    return seen.filter((rank) => rank >= 0).slice(0, 8);
  }

  /** Of each group of about one size who has least now, and of those who would have least then. */
  #leastLoaded(request: PlacementRequest): number {
    const ranks = [...this.#rows.keys()].filter((rank) => this.#fits(rank, request));
    const groups = Map.groupBy(ranks, (rank) => Math.clz32(this.#rows[rank]!.capacity.cpuMillis));
    const tops = [...groups.values()].map((some) =>
      least(some, (rank) => this.#loadOf(rank, NOTHING)),
    );
    tops.sort((left, right) => left - right);
    return least(tops, (rank) => this.#loadOf(rank, amountsOf(request)));
  }

  #loadOf(rank: number, added: Amounts): number {
    const {capacity, used} = this.#rows[rank]!;
    const shares = FIELDS.map((field) => {
      if (capacity[field] === 0) return 0;
      const per = 1 / capacity[field];
      if (field !== 'gpuMillis') return (used[field] + added[field]) * per;
      return 1 - (capacity[field] - used[field] - added[field]) * per;
    });
    const [cpu, memory, containers, gpu] = shares as [number, number, number, number];
    return Math.max(...shares) + (cpu + memory + containers + gpu) * (1 / 1024);
  }

  #isBelowCap(rank: number, request: PlacementRequest, mean: Amounts): boolean {
    const {capacity, used, loadBound} = this.#rows[rank]!;
    const asked = amountsOf(request);
    const counted = FIELDS.filter((field) => field !== 'containers' && asked[field] > 0);
    const hasOnlyCount = asked.cpuMillis === 0 && asked.memoryBytes === 0;
    return [...counted, ...(hasOnlyCount ? (['containers'] as const) : [])].every((field) => {
      const after = used[field] + asked[field];
      const own = mean[field] * capacity[field];
      const whole = Math.ceil(own / asked[field] - 1e-9) * asked[field];
      return after <= Math.max(loadBound * own, whole);
    });
  }

  /** Per resource, as a share of all capacity: once all of the batch were placed. */
  #meanAfter(batch: readonly PlacementRequest[]): Amounts {
    const shareOf = (field: (typeof FIELDS)[number]) => {
      const all = this.#rows.reduce((sum, {capacity}) => sum + capacity[field], 0);
      const used = this.#rows.reduce((sum, row) => sum + row.used[field], 0);
      const asked = batch.reduce((sum, request) => sum + amountsOf(request)[field], 0);
      return (used + asked) / all;
    };
    return Object.fromEntries(FIELDS.map((field) => [field, shareOf(field)])) as never as Amounts;
  }

  #sizeOf(request: PlacementRequest): number {
    const asked = amountsOf(request);
    const shares = (['cpuMillis', 'memoryBytes', 'gpuMillis'] as const).map((field) => {
      const all = this.#rows.reduce((sum, {capacity}) => sum + capacity[field], 0);
      return all > 0 ? asked[field] / all : 0;
    });
    return Math.max(...shares);
  }

  #fits(rank: number, {demand}: PlacementRequest): boolean {
    const {capacity, used, devices} = this.#rows[rank]!;
    return (
      used.cpuMillis + demand.cpuMillis <= capacity.cpuMillis &&
      used.memoryBytes + demand.memoryBytes <= capacity.memoryBytes &&
      used.containers < capacity.containers &&
      devices.filter((free) => free >= demand.gpuMillis).length >= demand.gpuCount
    );
  }

  #take(rank: number, request: PlacementRequest): void {
    const row = this.#rows[rank]!;
    const asked = amountsOf(request);
    row.used = Object.fromEntries(
      FIELDS.map((field) => [field, row.used[field] + asked[field]]),
    ) as never as Amounts;
    const {gpuCount, gpuMillis} = request.demand;
    const able = [...row.devices.keys()].filter((device) => row.devices[device]! >= gpuMillis);
    // A share goes where it fits tightest, whole devices are taken from the lowest on.
    able.sort((left, right) => row.devices[left]! - row.devices[right]! || left - right);
    for (const device of able.slice(0, gpuCount)) row.devices[device]! -= gpuMillis;
  }
}

function amountsOf({demand}: PlacementRequest): Amounts {
  const {cpuMillis, memoryBytes, gpuCount, gpuMillis} = demand;
  return {cpuMillis, memoryBytes, containers: 1, gpuMillis: gpuCount * gpuMillis};
}

function rankOf({name}: PlacementWorker): number {
  return hashString(name);
}

/** The first of those with the least; -1 of none. */
function least(ranks: readonly number[], loadOf: (rank: number) => number): number {
  let best = -1;
  for (const rank of ranks) if (best < 0 || loadOf(rank) < loadOf(best)) best = rank;
  return best;
}
