import {hashString} from '../lib/hash.ts';

/**
 * The uids of one batch: open addressing, at most half full.
 *
 *     slots   [ -1 | 4 | 0 | -1 | 2 | ... ]     index in the batch of whose uid hashed here
 *     hashes  [  0 | h4| h0|  0 | h2| ... ]     compared before the texts are
 *
 * A Set of strings takes twice as long (100 ns a uid at 100,000) and leaves garbage.
 */
export class UidSet {
  readonly #slots: Int32Array;
  readonly #hashes: Int32Array;
  readonly #mask: number;
  readonly #uidOf: (index: number) => string;

  /** @param uidOf reads the uid at an index below `size` */
  constructor(size: number, uidOf: (index: number) => string) {
    let slots = 2;
    while (slots < 2 * size) slots *= 2;
    this.#slots = new Int32Array(slots).fill(-1);
    this.#hashes = new Int32Array(slots);
    this.#mask = slots - 1;
    this.#uidOf = uidOf;
  }

  /** False when one before it has the same uid. */
  add(index: number, uid: string): boolean {
    const hash = hashString(uid) | 0;
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const other = this.#slots[slot]!;
      if (other < 0) {
        this.#slots[slot] = index;
        this.#hashes[slot] = hash;
        return true;
      }
      if (this.#hashes[slot] === hash && this.#uidOf(other) === uid) return false;
    }
  }
}
