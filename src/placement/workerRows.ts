import type {FreeCapacity} from './freeCapacity.ts';
import type {Layout} from './layout.ts';

/**
 * The live rows of all workers, by position. Columns are replaced by larger ones when they grow:
 * read them from here in every call, and hoist them only inside one.
 *
 * Positions are in rank order (hash of the name, then name) and may be empty: `layout.workers` has
 * undefined there, and no tier has its bit. The devices of a row stand in `free.gpuMillis` from
 * `layout.gpuStart[position]` up to `layout.gpuEnd[position]`.
 */
export interface WorkerRows {
  readonly layout: Layout;
  readonly free: FreeCapacity;
}
