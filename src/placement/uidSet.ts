import {hashString} from '../lib/hash.ts';

/**
 * The uids of one batch: open addressing, at most half full.
 *
 *     slots   [ 0 | ..a4 | ..70 | 0 | ..32 | ... ]     the upper bits of the hash, which are
 *                                                      compared before texts are, and below them
 *                                                      the number in the batch, counted from 1
 *
 * A Set of strings takes twice as long (100 ns a uid at 100,000) and leaves garbage.
 */
export class UidSet {
  readonly #slots: Int32Array;
  readonly #mask: number;
  readonly #uidOf: (index: number) => string;

  /** @param uidOf reads the uid at an index below `size` */
  constructor(size: number, uidOf: (index: number) => string) {
    let slots = 2;
    while (slots < 2 * size) slots *= 2;
    this.#slots = new Int32Array(slots);
    this.#mask = slots - 1;
    this.#uidOf = uidOf;
  }

  /** False when one before it has the same uid. */
  add(index: number, uid: string): boolean {
    const hash = hashString(uid);
    const mask = this.#mask;
    // A number is at most half of the slots, and never 0.
    const entry = (hash & ~mask) | (index + 1);
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const other = this.#slots[slot]!;
      if (other === 0) {
        this.#slots[slot] = entry;
        return true;
      }
      if (((other ^ entry) & ~mask) === 0 && this.#uidOf((other & mask) - 1) === uid) return false;
    }
  }
}
