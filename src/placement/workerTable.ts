import type {Allocation, Demand} from '../api/resources.ts';
import type {PlacementPool, PlacementWorker, Snapshot} from './plan.ts';
import {RankedWorkerTable} from './rankedWorkerTable.ts';

/** The changing side of placement: workers and what is taken of them. `snapshot()` freezes it. */
export interface WorkerTable {
  upsertWorker(worker: PlacementWorker): void;
  removeWorker(name: string): void;
  upsertPool(pool: PlacementPool): void;
  removePool(name: string): void;
  /**
   * May overcommit a worker: what is bound is true. Remembered for a worker not yet known.
   *
   * @param affinityHash of a key that somebody chose: packing takes the worker for a home of it
   */
  take(allocation: Allocation, affinityHash?: number): void;
  /** Undoes `take` of an allocation with the same worker and amounts. */
  release(allocation: Allocation): void;
  snapshot(): Snapshot;
}

export interface WorkerTableOptions {
  /**
   * The demands of a typical workload, one a request, from whoever knows it: packing keeps workers
   * good for them. Without it the table counts what it sees taken.
   */
  readonly workload?: Iterable<Demand>;
}

/** An empty table. */
export function createWorkerTable({workload = []}: WorkerTableOptions = {}): WorkerTable {
  return new RankedWorkerTable(workload);
}
