/** Joins of one bucket that are remembered. */
export const REMEMBERED_JOINS = 32;

/**
 * Which positions joined each bucket lately: whoever knows that no member had room has to look at
 * those only.
 *
 *     counts     [ 35 | 2 | ...                          joins so far, by bucket
 *     positions  [ 71 4 90 .. 17 | 5 33 - .. - | ...     a ring of the last 32 each
 *
 * O(1) a join.
 */
export class RecentJoins {
  counts = new Int32Array(64);
  #positions = new Int32Array(64 * REMEMBERED_JOINS);

  note(bucket: number, position: number): void {
    if (bucket >= this.counts.length) this.#grow(2 * bucket);
    const count = this.counts[bucket]!;
    this.#positions[bucket * REMEMBERED_JOINS + (count % REMEMBERED_JOINS)] = position;
    this.counts[bucket] = count + 1;
  }

  /** Who came with the join `number`, counted from 0: one of the last `REMEMBERED_JOINS`. */
  positionOf(bucket: number, number: number): number {
    return this.#positions[bucket * REMEMBERED_JOINS + (number % REMEMBERED_JOINS)]!;
  }

  #grow(buckets: number): void {
    const {counts} = this;
    const positions = this.#positions;
    this.counts = new Int32Array(buckets);
    this.counts.set(counts);
    this.#positions = new Int32Array(buckets * REMEMBERED_JOINS);
    this.#positions.set(positions);
  }
}
