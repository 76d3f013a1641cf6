import {WHOLE_GPU_MILLIS} from '../api/resources.ts';
import type {CandidateHeap} from './candidateHeap.ts';
import {EligibilityCache} from './eligibilityCache.ts';
import {findGap} from './findGap.ts';
import {countDevices, FreeCapacity} from './freeCapacity.ts';
import {Journal} from './journal.ts';
import {KeyHomes} from './keyHomes.ts';
import {Layout} from './layout.ts';
import {NOTHING, writeLoad} from './load.ts';
import type {LoadTree} from './loadTree.ts';
import {NameColumn} from './nameColumn.ts';
import type {PlacementPool, PlacementWorker} from './plan.ts';
import {PreferenceCache} from './preferenceCache.ts';
import {SavedRows} from './savedRows.ts';
import {Spares} from './spares.ts';
import {WorkerBuckets} from './workerBuckets.ts';
import type {WorkerEntry} from './workerEntry.ts';
import type {WorkerRows} from './workerRows.ts';
import {WorkloadShapes} from './workloadShapes.ts';

/** Of all changes at once, up to one of so many workers is brought in by itself. */
const FEW_SHARE = 16;
/** As many are always few: laying out anew is for large tables that change as a whole. */
const FEW_WORKERS = 64;

/**
 * The rows of all workers, and everything that is derived from them: brought in line with the
 * table's entries one row at a time, or laid out anew where there is no gap for one that joins.
 *
 *     entry --bring in--> layout, free  --then told--> eligibility (slots, usage, trees)
 *                                                      buckets, journal of falling loads
 *
 * Cost: O(log workers) a change and a look per set of terms remembered; laid out anew O(workers).
 */
export class LiveRows implements WorkerRows {
  layout = new Layout(0);
  free = new FreeCapacity(0, 0);
  readonly eligibility = new EligibilityCache(this);
  /** What packing expects to come, and what follows from it for each demand. */
  readonly workload = new WorkloadShapes();
  readonly preferences = new PreferenceCache(this.workload);
  /** Where requests with chosen keys were taken, and where those of the batch under way go. */
  readonly homes = new KeyHomes();
  readonly batchHomes = new KeyHomes();
  /** Positions whose load may be less than it was. */
  readonly lowered = new Journal();
  /** Of classes of the batch under way. */
  readonly spareTrees = new Spares<LoadTree>();
  readonly spareHeaps = new Spares<CandidateHeap>();
  /** What `place` has to put back; empty between its calls. */
  readonly saved = new SavedRows();
  /** Of the table; a snapshot of another one is out of date. */
  generation = 0;
  names = new NameColumn([]);
  #gpusUsed = 0;
  #buckets: WorkerBuckets | undefined;

  /** Of the packed workers; made when somebody packs. */
  get buckets(): WorkerBuckets {
    this.#buckets ??= new WorkerBuckets(this);
    return this.#buckets;
  }

  /** What is free of the row has changed: by the table, by `place`, or put back after it. */
  rowChanged(position: number): void {
    if (this.#buckets) this.#buckets.rowChanged(position);
  }

  /** Whether so many rows at once are better brought in one by one. */
  areFew(changed: number): boolean {
    return changed <= Math.max(FEW_WORKERS, this.layout.workerCount / FEW_SHARE);
  }

  /** Brings one row in line with its entry; false when there is no gap or no room for it. */
  bringIn(entry: WorkerEntry, pools: ReadonlyMap<string, PlacementPool>): boolean {
    const {worker} = entry;
    if (!worker) {
      if (entry.position >= 0) this.#leave(entry);
      return true;
    }
    const pool = pools.get(worker.poolName);
    if (entry.position < 0) return this.#join(entry, worker, pool);
    const {position} = entry;
    const old = this.layout.workers[position]!;
    if (this.layout.isAlike(position, worker, pool)) {
      this.layout.workers[position] = worker;
      if (old !== worker) for (const one of this.eligibility.all()) one.reconsider(position);
      this.#rewriteFree(entry);
      return true;
    }
    return this.#reshape(entry, worker, pool);
  }

  /** Every worker anew, with a gap before and after each. O(workers). */
  layOut(entries: readonly WorkerEntry[], pools: ReadonlyMap<string, PlacementPool>): void {
    const positions = 2 * entries.length + 1;
    let gpus = 0;
    for (const {worker} of entries) gpus += worker?.capacity.gpuCount ?? 0;
    this.layout = new Layout(positions);
    // Room for a quarter more devices, and for one worker with many.
    this.free = new FreeCapacity(positions, gpus + (gpus >> 2) + 64);
    this.eligibility.clear();
    this.#gpusUsed = 0;
    const names = Array.from({length: positions}, () => '');
    for (const [index, entry] of entries.entries()) {
      const position = 2 * index + 1;
      entry.position = position;
      this.layout.hash.fill(entry.hash, position, position + 2);
      this.#write(entry, entry.worker!, pools.get(entry.worker!.poolName));
      names[position] = entry.name;
    }
    this.names = new NameColumn(names);
    if (this.#buckets) this.#buckets.remap();
  }

  #join(entry: WorkerEntry, worker: PlacementWorker, pool: PlacementPool | undefined): boolean {
    const position = findGap(this.layout, entry.hash, entry.name);
    if (position < 0 || !this.#hasDevices(worker.capacity.gpuCount)) return false;
    entry.position = position;
    this.names.set(position, entry.name);
    this.#write(entry, worker, pool);
    for (const one of this.eligibility.all()) one.admit(position);
    this.rowChanged(position);
    return true;
  }

  #leave(entry: WorkerEntry): void {
    const {position} = entry;
    for (const one of this.eligibility.all()) one.dismiss(position);
    this.layout.clear(position);
    entry.position = -1;
    this.rowChanged(position);
  }

  /** Another capacity or strategy: as if it left and joined, in its place. */
  #reshape(entry: WorkerEntry, worker: PlacementWorker, pool: PlacementPool | undefined): boolean {
    if (!this.#hasDevices(worker.capacity.gpuCount)) return false;
    for (const one of this.eligibility.all()) one.dismiss(entry.position);
    this.#write(entry, worker, pool);
    for (const one of this.eligibility.all()) one.admit(entry.position);
    this.rowChanged(entry.position);
    return true;
  }

  #rewriteFree(entry: WorkerEntry): void {
    const {position} = entry;
    const before = this.free.load[position]!;
    for (const one of this.eligibility.all()) one.countUsage(position, -1);
    this.#writeFree(entry);
    for (const one of this.eligibility.all()) one.countUsage(position, 1);
    if (this.free.load[position]! < before) this.lowered.note(position);
    this.rowChanged(position);
  }

  #hasDevices(count: number): boolean {
    return this.#gpusUsed + count <= this.free.gpuMillis.length;
  }

  #write(entry: WorkerEntry, worker: PlacementWorker, pool: PlacementPool | undefined): void {
    const {position} = entry;
    const {gpuCount} = worker.capacity;
    const {gpuStart, gpuEnd} = this.layout;
    const hasOwn = gpuEnd[position]! - gpuStart[position]! === gpuCount;
    this.layout.write(position, worker, {
      gpuStart: hasOwn ? gpuStart[position]! : this.#gpusUsed,
      pool,
    });
    if (!hasOwn) this.#gpusUsed += gpuCount;
    this.#writeFree(entry);
  }

  #writeFree(entry: WorkerEntry): void {
    const {layout, free} = this;
    const {position} = entry;
    free.cpuMillis[position] = layout.cpuMillis[position]! - entry.cpuMillis;
    free.memoryBytes[position] = layout.memoryBytes[position]! - entry.memoryBytes;
    free.containers[position] = layout.containers[position]! - entry.containers;
    const start = layout.gpuStart[position]!;
    const end = layout.gpuEnd[position]!;
    for (let at = start; at < end; at++) {
      free.gpuMillis[at] = Math.max(0, WHOLE_GPU_MILLIS - (entry.gpuMillis[at - start] ?? 0));
    }
    countDevices(free, layout, position);
    writeLoad(this, position, NOTHING, free.load, position);
  }
}
