import {fmix32, hashString} from '../lib/hash.ts';

/** Characters at the end of a uid that say where it is looked for: 100,000 of numbered ones. */
const END = 5;

/**
 * The uids of one batch: open addressing, at most half full.
 *
 *     slots   [ 0 | ..a4 | ..70 | 0 | ..32 | ... ]     the upper bits of a hash of the end, which
 *                  ^ the end of a uid says so          are compared before texts are, and below
 *                                 ^ the whole uid      them the number in the batch, from 1
 *
 * A uid goes to the slot of its end if that is free. Who finds somebody there goes where the hash
 * of the whole uid says, and on from slot to slot. So most uids are read by a few characters, as
 * reading is most of the cost, and uids that all end alike are no worse than with one hash.
 *
 * A Set of strings takes three times as long and leaves garbage.
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
    const slots = this.#slots;
    const mask = this.#mask;
    const hash = hashOfEnd(uid);
    // A number is at most half of the slots, and never 0.
    const entry = (hash & ~mask) | (index + 1);
    let slot = hash & mask;
    if (slots[slot] !== 0) {
      if (this.#holds(slot, entry, uid)) return false;
      slot = hashString(uid) & mask;
      while (slots[slot] !== 0) {
        if (this.#holds(slot, entry, uid)) return false;
        slot = (slot + 1) & mask;
      }
    }
    slots[slot] = entry;
    return true;
  }

  #holds(slot: number, entry: number, uid: string): boolean {
    const other = this.#slots[slot]!;
    const mask = this.#mask;
    return ((other ^ entry) & ~mask) === 0 && this.#uidOf((other & mask) - 1) === uid;
  }
}

/** Of the last characters, without a loop: bits of letters overlap, those of digits do not. */
function hashOfEnd(text: string): number {
  const end = text.length;
  if (end < END) return hashString(text);
  return fmix32(
    text.charCodeAt(end - 1) ^
      (text.charCodeAt(end - 2) << 5) ^
      (text.charCodeAt(end - 3) << 10) ^
      (text.charCodeAt(end - 4) << 15) ^
      (text.charCodeAt(end - 5) << 20),
  );
}
