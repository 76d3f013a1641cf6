import type {PoolRecord, WorkerRecord} from '../api/records.ts';
import type {Allocation, Capacity} from '../api/resources.ts';
import type {Clock} from '../lib/clock.ts';
import type {PlacementWorker, Snapshot, Usage} from '../placement/plan.ts';
import {isSameWorker} from '../placement/sameWorker.ts';
import type {WorkerTable} from '../placement/workerTable.ts';
import {AllocationBook} from './allocationBook.ts';
import {type CacheStats, SnapshotStats} from './snapshotStats.ts';
import {isSameUsage, UsageSum} from './usageSum.ts';

/** Something that may let a waiting class fit. */
export interface CacheChange {
  readonly kind: 'workerAdded' | 'workerChanged' | 'workerRemoved' | 'capacityFreed';
  readonly workerName: string;
}

/** A running sum that is not the sum over its allocations: a defect of this cache. */
export interface UsageDifference {
  readonly workerName: string;
  readonly kept: Usage;
  readonly recomputed: Usage;
}

export interface WorkerCacheOptions {
  /** Fed with everything that placement reads; nobody else may change it. */
  readonly table: WorkerTable;
  readonly clock: Clock;
  readonly maxWorkers: number;
  /** Told of each Worker that is turned away as `maxWorkers` are known already. */
  readonly onRefused?: (workerName: string) => void;
}

/**
 * What the operator believes of workers, pools, and of what is taken of them. It owns nothing: it
 * can be rebuilt from the API server and the ledger at any moment.
 *
 * The life of one allocation, by the uid of its request:
 *
 * ```
 *             assume                 confirm
 *   Initial ----------> Assumed ---------------> Bound --+
 *      |                 |   | ^ assume (again)    ^ |   | confirm (again, elsewhere)
 *      |          forget |   +-+                   | +---+
 *      |                 v                         | |
 *      |               (gone) <--------------------|-+ forget
 *      +-------------------------------------------+ confirm
 * ```
 *
 * - Capacity is held from `assume`, the moment of the decision, not from the moment somebody saw
 *   it.
 * - Confirming needs no assumption before it, and may name another worker: what is bound is true.
 * - Assuming what is bound changes nothing, for the same reason.
 * - An assumption that is never confirmed stays until somebody has read the object
 *   (`assumedOlderThan`): guessing that it failed would give its capacity away twice.
 */
export class WorkerCache {
  readonly #table: WorkerTable;
  readonly #maxWorkers: number;
  readonly #onRefused: (workerName: string) => void;
  readonly #workers = new Map<string, WorkerRecord>();
  readonly #pools = new Map<string, PoolRecord>();
  readonly #book: AllocationBook;
  readonly #stats: SnapshotStats;
  readonly #listeners = new Set<(change: CacheChange) => void>();
  #snapshot: Snapshot | undefined;

  constructor({table, clock, maxWorkers, onRefused = () => {}}: WorkerCacheOptions) {
    this.#table = table;
    this.#maxWorkers = maxWorkers;
    this.#onRefused = onRefused;
    this.#book = new AllocationBook(clock);
    this.#stats = new SnapshotStats(clock);
  }

  /** Called after each change that placement could see; the returned function ends that. */
  onChange(listener: (change: CacheChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // Workers and pools

  worker(name: string): WorkerRecord | undefined {
    return this.#workers.get(name);
  }

  workers(): Iterable<WorkerRecord> {
    return this.#workers.values();
  }

  get workerCount(): number {
    return this.#workers.size;
  }

  upsertWorker(record: WorkerRecord): void {
    const known = this.#workers.get(record.name);
    if (!known && this.#workers.size >= this.#maxWorkers) {
      this.#onRefused(record.name);
      return;
    }
    this.#workers.set(record.name, record);
    const worker = toPlacementWorker(record);
    // A heartbeat, or its own status view, changes a Worker each second and placement never.
    if (known && isSameWorker(toPlacementWorker(known), worker)) return;
    this.#table.upsertWorker(worker);
    this.#changed({kind: known ? 'workerChanged' : 'workerAdded', workerName: record.name});
  }

  /** What was bound on it stays booked until its requests say otherwise: it may come back. */
  removeWorker(name: string): void {
    if (!this.#workers.delete(name)) return;
    this.#table.removeWorker(name);
    this.#changed({kind: 'workerRemoved', workerName: name});
  }

  /** A whole list: what it lacks is gone. */
  replaceWorkers(records: readonly WorkerRecord[]): void {
    const listed = new Set(records.map(({name}) => name));
    for (const name of [...this.#workers.keys()]) if (!listed.has(name)) this.removeWorker(name);
    for (const record of records) this.upsertWorker(record);
    this.#stats.loaded();
  }

  pools(): Iterable<PoolRecord> {
    return this.#pools.values();
  }

  upsertPool(record: PoolRecord): void {
    const known = this.#pools.get(record.name);
    this.#pools.set(record.name, record);
    if (known?.strategy === record.strategy && known?.loadBound === record.loadBound) return;
    this.#table.upsertPool(record);
    this.#changed();
  }

  removePool(name: string): void {
    if (!this.#pools.delete(name)) return;
    this.#table.removePool(name);
    this.#changed();
  }

  replacePools(records: readonly PoolRecord[]): void {
    const listed = new Set(records.map(({name}) => name));
    for (const name of [...this.#pools.keys()]) if (!listed.has(name)) this.removePool(name);
    for (const record of records) this.upsertPool(record);
  }

  // Allocations

  /**
   * Holds the capacity of a decision that nobody has confirmed yet.
   *
   * @param chosenKey hash of the request's key: the worker is a home of it from now on
   */
  assume(allocation: Allocation, chosenKey?: number): void {
    if (this.#book.isBound(allocation.uid)) return;
    const before = this.#book.assume(allocation);
    this.#move(before, allocation, chosenKey);
  }

  /** As seen bound in the API server, or as told by the reply to the bind; keys as in `assume`. */
  confirm(allocation: Allocation, chosenKey?: number): void {
    const before = this.#book.confirm(allocation);
    this.#move(before, allocation, chosenKey);
  }

  /** Rejected, finished or gone: gives the capacity back. Undefined when it held nothing. */
  forget(uid: string): Allocation | undefined {
    const allocation = this.#book.forget(uid);
    this.#move(allocation, undefined);
    return allocation;
  }

  /**
   * As `forget`, but leaves alone what has been seen bound since: for a decision that came to
   * nothing (a reject) while a bind from elsewhere may already have become true.
   */
  forgetAssumed(uid: string): Allocation | undefined {
    return this.#book.isBound(uid) ? undefined : this.forget(uid);
  }

  allocationOf(uid: string): Allocation | undefined {
    return this.#book.get(uid);
  }

  isBound(uid: string): boolean {
    return this.#book.isBound(uid);
  }

  /** Confirmed ones on one worker, in no order. */
  boundOn(workerName: string): Iterable<Allocation> {
    return this.#book.boundOn(workerName);
  }

  /** All, assumed and bound. */
  allocations(): Iterable<Allocation> {
    return this.#book.all();
  }

  /** Confirmed ones alone: what a new leader may take as true. */
  boundAllocations(): Iterable<Allocation> {
    return this.#book.allBound();
  }

  /** Uids assumed for at least `ageMs` and still unconfirmed, oldest first: read these objects. */
  assumedOlderThan(ageMs: number): readonly string[] {
    return this.#book.assumedOlderThan(ageMs);
  }

  get assumedCount(): number {
    return this.#book.assumedCount;
  }

  /** What is taken of one worker; zeros for an unknown one of which nothing is taken. */
  usageOf(workerName: string): Usage {
    return this.#book.usageOf(workerName, this.#gpuCountOf(workerName));
  }

  /** Of those of the workers that take something new. */
  capacities(workerNames: Iterable<string>): ReadonlyMap<string, Capacity> {
    const capacities = new Map<string, Capacity>();
    for (const name of workerNames) {
      const worker = this.#workers.get(name);
      const takes = worker?.ready && !worker.unschedulable && !worker.deleting;
      if (takes) capacities.set(name, worker.capacity);
    }
    return capacities;
  }

  /**
   * Whether the worker of an assumption would still take it: it may have left, been cordoned or
   * shrunk since the decision. O(GPU devices).
   */
  stillTakes({workerName, gpuDevices}: Allocation): boolean {
    const capacity = this.capacities([workerName]).get(workerName);
    if (!capacity) return false;
    const used = this.usageOf(workerName);
    return (
      used.cpuMillis <= capacity.cpuMillis &&
      used.memoryBytes <= capacity.memoryBytes &&
      used.containers <= capacity.containers &&
      gpuDevices.every((device) => device < capacity.gpuCount)
    );
  }

  // Reading

  /** The same object until something changes that placement could see. */
  snapshot(): Snapshot {
    const isFrozen = this.#snapshot === undefined;
    this.#snapshot ??= this.#table.snapshot();
    this.#stats.read(isFrozen);
    return this.#snapshot;
  }

  get cacheStats(): CacheStats {
    return this.#stats.stats;
  }

  /** Recomputes every worker's usage from the allocations; what differs is a defect. */
  audit(): readonly UsageDifference[] {
    const byWorker = Map.groupBy(this.#book.all(), ({workerName}) => workerName);
    const names = new Set([...this.#book.workerNames(), ...byWorker.keys()]);
    const differences: UsageDifference[] = [];
    for (const workerName of names) {
      const kept = this.usageOf(workerName);
      const sum = UsageSum.of(byWorker.get(workerName) ?? []);
      const recomputed = sum.usage(this.#gpuCountOf(workerName));
      if (!isSameUsage(kept, recomputed)) differences.push({workerName, kept, recomputed});
    }
    return differences;
  }

  /** Brings the table from one allocation of a request to its next one. */
  #move(before: Allocation | undefined, after: Allocation | undefined, chosenKey?: number): void {
    if (before === after) return;
    if (before) this.#table.release(before);
    if (after) this.#table.take(after, chosenKey);
    const isFreed = before && this.#workers.has(before.workerName) && frees(before, after);
    this.#changed(isFreed ? {kind: 'capacityFreed', workerName: before.workerName} : undefined);
  }

  #changed(change?: CacheChange): void {
    if (this.#snapshot) this.#stats.invalidated();
    this.#snapshot = undefined;
    if (change) for (const listener of this.#listeners) listener(change);
  }

  #gpuCountOf(workerName: string): number {
    return this.#workers.get(workerName)?.capacity.gpuCount ?? 0;
  }
}

/** Whether the worker of `before` has more of anything once `after` has taken its place. */
function frees(before: Allocation, after: Allocation | undefined): boolean {
  if (after?.workerName !== before.workerName) return true;
  return (
    after.cpuMillis < before.cpuMillis ||
    after.memoryBytes < before.memoryBytes ||
    after.gpuMillis < before.gpuMillis ||
    before.gpuDevices.some((device) => !after.gpuDevices.includes(device))
  );
}

/** A worker that is being deleted finishes what it has and takes nothing new. */
function toPlacementWorker(record: WorkerRecord): PlacementWorker {
  const {name, poolName, labels, taints, unschedulable, ready, deleting, capacity} = record;
  return {
    name,
    poolName,
    labels,
    taints,
    unschedulable: unschedulable || deleting,
    ready,
    capacity,
  };
}
