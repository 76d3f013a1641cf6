import {assert} from '../lib/assert.ts';
import type {FreeCapacity} from './freeCapacity.ts';
import type {Layout} from './layout.ts';
import type {LiveRows} from './liveRows.ts';
import type {Snapshot} from './plan.ts';

/**
 * The one implementation of `Snapshot`: a view of a table's rows that ends with the table's next
 * change. A copy of the rows would cost more than all decisions of a cycle.
 */
export class FrozenSnapshot implements Snapshot {
  readonly generation: number;
  readonly workerCount: number;
  readonly #rows: LiveRows;

  constructor(rows: LiveRows) {
    this.#rows = rows;
    this.generation = rows.generation;
    this.workerCount = rows.layout.workerCount;
    Object.freeze(this);
  }

  /** @throws Error when the table has changed since */
  get rows(): LiveRows {
    const now = this.#rows.generation;
    assert(
      now === this.generation,
      `a snapshot is used until the table changes: it is of generation ${this.generation}, the ` +
        `table is at ${now}`,
    );
    return this.#rows;
  }

  get layout(): Layout {
    return this.rows.layout;
  }

  get free(): FreeCapacity {
    return this.rows.free;
  }
}
