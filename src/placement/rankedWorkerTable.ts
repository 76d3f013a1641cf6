import type {Allocation, Demand} from '../api/resources.ts';
import {assert} from '../lib/assert.ts';
import {FrozenSnapshot} from './frozenSnapshot.ts';
import {checkAllocation, checkPool, checkWorker} from './inputChecks.ts';
import {LiveRows} from './liveRows.ts';
import type {PlacementPool, PlacementWorker, Snapshot} from './plan.ts';
import {isSameWorker} from './sameWorker.ts';
import {WorkerEntry} from './workerEntry.ts';
import type {WorkerTable} from './workerTable.ts';

/**
 * The changing side of placement.
 *
 *     entries: by name, what is taken of each; a change makes an entry stale, and nothing else
 *     rows:    brought in line with the stale entries when somebody asks for a snapshot
 *
 * So a worker that gives and takes within one cycle is written once, and a burst of workers that
 * join costs one layout.
 */
export class RankedWorkerTable implements WorkerTable {
  readonly #entries = new Map<string, WorkerEntry>();
  readonly #pools = new Map<string, PlacementPool>();
  readonly #rows = new LiveRows();
  #stale: WorkerEntry[] = [];
  /** Workers that joined, left or were edited since the last snapshot. */
  #edits = 0;
  #snapshot: FrozenSnapshot | undefined;

  /** @param workload demands to expect, one a request; none where nothing is known */
  constructor(workload: Iterable<Demand>) {
    this.#rows.workload.tell(workload);
  }

  upsertWorker(worker: PlacementWorker): void {
    checkWorker(worker);
    const entry = this.#entryOf(worker.name);
    if (entry.worker && isSameWorker(entry.worker, worker)) return;
    entry.worker = worker;
    this.#edits++;
    this.#changed(entry);
  }

  removeWorker(name: string): void {
    const entry = this.#entries.get(name);
    if (!entry?.worker) return;
    entry.worker = undefined;
    this.#edits++;
    this.#changed(entry);
  }

  upsertPool(pool: PlacementPool): void {
    checkPool(pool);
    const known = this.#pools.get(pool.name);
    if (known?.strategy === pool.strategy && known?.loadBound === pool.loadBound) return;
    this.#pools.set(pool.name, pool);
    this.#poolChanged(pool.name);
  }

  removePool(name: string): void {
    if (this.#pools.delete(name)) this.#poolChanged(name);
  }

  take(allocation: Allocation, affinityHash?: number): void {
    checkAllocation(allocation);
    const entry = this.#entryOf(allocation.workerName);
    if (affinityHash !== undefined) this.#rows.homes.remember(affinityHash, entry.hash);
    entry.add(allocation, 1);
    const {cpuMillis, gpuDevices, gpuMillis} = allocation;
    this.#rows.workload.count({cpuMillis, gpuCount: gpuDevices.length, gpuMillis, gpuTypes: []});
    this.#changed(entry);
  }

  release(allocation: Allocation): void {
    checkAllocation(allocation);
    const entry = this.#entries.get(allocation.workerName);
    assert(
      entry !== undefined,
      `allocation ${allocation.uid} was taken of worker ${allocation.workerName}`,
    );
    entry.add(allocation, -1);
    this.#changed(entry);
  }

  snapshot(): Snapshot {
    if (this.#snapshot) return this.#snapshot;
    this.#rows.workload.review();
    if (!this.#bringInStale()) this.#layOut();
    for (const entry of this.#stale) {
      entry.isStale = false;
      if (!entry.worker && entry.containers === 0) this.#entries.delete(entry.name);
    }
    this.#stale = [];
    this.#edits = 0;
    this.#snapshot = new FrozenSnapshot(this.#rows);
    return this.#snapshot;
  }

  /** False when all have to be laid out anew; some of them may be brought in by then. */
  #bringInStale(): boolean {
    return (
      this.#rows.areFew(this.#edits) &&
      this.#stale.every((entry) => this.#rows.bringIn(entry, this.#pools))
    );
  }

  #layOut(): void {
    const entries: WorkerEntry[] = [];
    for (const entry of this.#entries.values()) {
      entry.position = -1;
      if (entry.worker) entries.push(entry);
    }
    entries.sort((left, right) => left.hash - right.hash || (left.name < right.name ? -1 : 1));
    this.#rows.layOut(entries, this.#pools);
  }

  #poolChanged(name: string): void {
    this.#generationEnded();
    for (const entry of this.#entries.values()) {
      if (entry.worker?.poolName !== name) continue;
      this.#edits++;
      this.#changed(entry);
    }
  }

  #changed(entry: WorkerEntry): void {
    this.#generationEnded();
    if (entry.isStale) return;
    entry.isStale = true;
    this.#stale.push(entry);
  }

  #generationEnded(): void {
    this.#rows.generation++;
    this.#snapshot = undefined;
  }

  #entryOf(name: string): WorkerEntry {
    let entry = this.#entries.get(name);
    if (!entry) {
      entry = new WorkerEntry(name);
      this.#entries.set(name, entry);
    }
    return entry;
  }
}
