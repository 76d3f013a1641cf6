import type {Allocation} from '../../src/api/resources.ts';
import type {PlacementPool, PlacementWorker, Snapshot} from '../../src/placement/plan.ts';
import type {WorkerTable} from '../../src/placement/workerTable.ts';

/** A worker table that keeps everything as it was given, so that a test can look at it. */
export class FakeWorkerTable implements WorkerTable {
  readonly workers = new Map<string, PlacementWorker>();
  readonly pools = new Map<string, PlacementPool>();
  readonly taken: Allocation[] = [];
  readonly calls: string[] = [];
  #generation = 0;

  upsertWorker(worker: PlacementWorker): void {
    this.#note(`upsertWorker ${worker.name}`);
    this.workers.set(worker.name, worker);
  }

  removeWorker(name: string): void {
    this.#note(`removeWorker ${name}`);
    this.workers.delete(name);
  }

  upsertPool(pool: PlacementPool): void {
    this.#note(`upsertPool ${pool.name}`);
    this.pools.set(pool.name, pool);
  }

  removePool(name: string): void {
    this.#note(`removePool ${name}`);
    this.pools.delete(name);
  }

  take(allocation: Allocation, affinityHash?: number): void {
    const key = affinityHash === undefined ? '' : ` for key ${affinityHash}`;
    this.#note(`take ${allocation.uid} of ${allocation.workerName}${key}`);
    this.taken.push(allocation);
  }

  release(allocation: Allocation): void {
    this.#note(`release ${allocation.uid} of ${allocation.workerName}`);
    const at = this.taken.findIndex(
      ({uid, workerName}) => uid === allocation.uid && workerName === allocation.workerName,
    );
    if (at < 0) throw new Error(`Cannot release ${allocation.uid} as it was never taken`);
    this.taken.splice(at, 1);
  }

  snapshot(): Snapshot {
    return {workerCount: this.workers.size, generation: this.#generation};
  }

  #note(call: string): void {
    this.calls.push(call);
    this.#generation++;
  }
}
