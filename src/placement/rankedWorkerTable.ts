import type {Allocation} from '../api/resources.ts';
import {assert} from '../lib/assert.ts';
import {FreeCapacity, WHOLE_GPU_MILLIS} from './freeCapacity.ts';
import {FrozenSnapshot} from './frozenSnapshot.ts';
import {checkAllocation, checkPool, checkWorker} from './inputChecks.ts';
import {buildLayout, type Layout} from './layout.ts';
import type {PlacementPool, PlacementWorker, Snapshot} from './plan.ts';
import {isSameWorker} from './sameWorker.ts';
import {WorkerEntry} from './workerEntry.ts';
import type {WorkerTable} from './workerTable.ts';

/**
 * The changing side of placement.
 *
 *     entries: by name, what is taken of each ----take / release----> one rank of `free`
 *     layout:  built at the first snapshot after a worker or pool changed, O(workers)
 *     free:    one column a resource by rank; a snapshot is a copy of it (20,000 workers: < 1 ms)
 *
 * A burst of worker events costs one rebuild, as nothing is built before somebody asks.
 */
export class RankedWorkerTable implements WorkerTable {
  readonly #entries = new Map<string, WorkerEntry>();
  readonly #pools = new Map<string, PlacementPool>();
  /** Entries with a worker, in rank order; those that came since the last layout at the end. */
  #ranked: WorkerEntry[] = [];
  #layout: Layout | undefined;
  #free = FreeCapacity.ofSize(0, 0);
  #snapshot: FrozenSnapshot | undefined;
  #generation = 0;

  upsertWorker(worker: PlacementWorker): void {
    checkWorker(worker);
    const entry = this.#entryOf(worker.name);
    if (entry.worker && isSameWorker(entry.worker, worker)) return;
    if (!entry.worker && !entry.isRanked) {
      entry.isRanked = true;
      this.#ranked.push(entry);
    }
    entry.worker = worker;
    this.#changed('layout');
  }

  removeWorker(name: string): void {
    const entry = this.#entries.get(name);
    if (!entry?.worker) return;
    entry.worker = undefined;
    this.#changed('layout');
    this.#dropIfEmpty(entry);
  }

  upsertPool(pool: PlacementPool): void {
    checkPool(pool);
    const known = this.#pools.get(pool.name);
    if (known?.strategy === pool.strategy && known?.loadBound === pool.loadBound) return;
    this.#pools.set(pool.name, pool);
    this.#changed('layout');
  }

  removePool(name: string): void {
    if (this.#pools.delete(name)) this.#changed('layout');
  }

  take(allocation: Allocation): void {
    checkAllocation(allocation);
    const entry = this.#entryOf(allocation.workerName);
    entry.add(allocation, 1);
    this.#refresh(entry);
  }

  release(allocation: Allocation): void {
    checkAllocation(allocation);
    const entry = this.#entries.get(allocation.workerName);
    assert(
      entry !== undefined,
      `allocation ${allocation.uid} was taken of worker ${allocation.workerName}`,
    );
    entry.add(allocation, -1);
    this.#refresh(entry);
    this.#dropIfEmpty(entry);
  }

  snapshot(): Snapshot {
    if (this.#snapshot) return this.#snapshot;
    this.#layout ??= this.#rebuild();
    this.#snapshot = new FrozenSnapshot(this.#layout, this.#free.copy(), this.#generation);
    return this.#snapshot;
  }

  #rebuild(): Layout {
    const ranked: {entry: WorkerEntry; worker: PlacementWorker; hash: number}[] = [];
    for (const entry of this.#ranked) {
      const {worker, hash} = entry;
      entry.isRanked = worker !== undefined;
      if (worker) ranked.push({entry, worker, hash});
    }
    // All but the new ones stand in order already, which the built-in merge sort turns to account.
    ranked.sort(
      (left, right) => left.hash - right.hash || (left.worker.name < right.worker.name ? -1 : 1),
    );
    this.#ranked = ranked.map(({entry}) => entry);
    const layout = buildLayout(ranked, this.#pools);
    this.#free = FreeCapacity.ofSize(ranked.length, layout.total.gpus);
    for (const [rank, {entry}] of ranked.entries()) {
      entry.rank = rank;
      this.#writeFree(entry, layout);
    }
    return layout;
  }

  /** Brings the columns in line with what is taken of one worker. */
  #refresh(entry: WorkerEntry): void {
    if (this.#layout && entry.worker) this.#writeFree(entry, this.#layout);
    this.#changed('free');
  }

  #writeFree(entry: WorkerEntry, layout: Layout): void {
    const {rank} = entry;
    const free = this.#free;
    free.cpuMillis[rank] = layout.cpuMillis[rank]! - entry.cpuMillis;
    free.memoryBytes[rank] = layout.memoryBytes[rank]! - entry.memoryBytes;
    free.containers[rank] = layout.containers[rank]! - entry.containers;
    const start = layout.gpuStart[rank]!;
    const end = layout.gpuStart[rank + 1]!;
    let total = 0;
    for (let at = start; at < end; at++) {
      const left = Math.max(0, WHOLE_GPU_MILLIS - (entry.gpuMillis[at - start] ?? 0));
      free.gpuMillis[at] = left;
      total += left;
    }
    free.gpuTotal[rank] = total;
  }

  #changed(what: 'layout' | 'free'): void {
    this.#generation++;
    this.#snapshot = undefined;
    if (what === 'layout') this.#layout = undefined;
  }

  #entryOf(name: string): WorkerEntry {
    let entry = this.#entries.get(name);
    if (!entry) {
      entry = new WorkerEntry(name);
      this.#entries.set(name, entry);
    }
    return entry;
  }

  #dropIfEmpty(entry: WorkerEntry): void {
    if (!entry.worker && entry.containers === 0) this.#entries.delete(entry.name);
  }
}
