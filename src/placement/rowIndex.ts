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

/**
 * A structure that mirrors rows in an order of its own, for example buckets of positions by state.
 * It is told of every change before anybody reads it again, and may be told of one that it cannot
 * see: comparing with what it noted of the row makes the second call free.
 *
 *     table: take, release, join, leave, edit --(at the next snapshot)--> rowChanged
 *     place: take ------------------------------(at once)---------------> rowChanged
 *     place: its end gives all back ------------(at once)---------------> rowChanged
 *     table: no gap left, or a pool changed ----(at the next snapshot)--> remap
 */
export interface RowIndex {
  /** The worker at `position` has other free amounts, was edited, joined there or left. */
  rowChanged(position: number): void;
  /** Every row may be another one, and there may be more of them: build everything anew. */
  remap(): void;
}

/** The indexes over one table's rows. Each is made at its first use and told of changes since. */
export class RowIndexes {
  readonly #rows: WorkerRows;
  readonly #byBuilder = new Map<unknown, RowIndex>();
  readonly #all: RowIndex[] = [];

  constructor(rows: WorkerRows) {
    this.#rows = rows;
  }

  /** The index that `build` made, the same one for the same function. */
  of<Index extends RowIndex>(build: (rows: WorkerRows) => Index): Index {
    const known = this.#byBuilder.get(build);
    if (known) return known as Index;
    const built = build(this.#rows);
    this.#byBuilder.set(build, built);
    this.#all.push(built);
    return built;
  }

  rowChanged(position: number): void {
    for (let at = 0; at < this.#all.length; at++) this.#all[at]!.rowChanged(position);
  }

  remap(): void {
    for (const index of this.#all) index.remap();
  }
}
