import {extended} from './extended.ts';

/**
 * Sets of positions, numbered from 0: of each a bitmap, and a bitmap of its words that are not
 * empty. All bitmaps are one after the other in one column: the sets are many, and asked in turn.
 *
 *     set            0                     1
 *     summary   [ 1 0 1 ... | ...     [ 0 1 0 ...           1 = the word has a member
 *     words     [ 0010.. | 0000.. | 1000.. | ...
 *
 * So the members of a sparse set among 20,000 positions are found by looking at 20 summary words,
 * not at 625. Add, delete: O(1). Next member: O(positions / 1024) at worst. A set more is O(1) with
 * room for as many as there are.
 */
export class WordMaps {
  #count = 0;
  /** Words of one set, and summary words of one. */
  readonly #wordCount: number;
  readonly #summaryCount: number;
  #words = new Int32Array(0);
  #summary = new Int32Array(0);

  /** @param positions members are from 0 below it */
  constructor(positions: number) {
    this.#wordCount = Math.ceil(positions / 32);
    this.#summaryCount = Math.ceil(this.#wordCount / 32);
  }

  /** The number of one more set, which is empty. */
  open(): number {
    const needed = (this.#count + 1) * this.#wordCount;
    if (needed > this.#words.length) {
      const summaries = (this.#count + 1) * this.#summaryCount;
      this.#words = extended(this.#words, new Int32Array(2 * needed));
      this.#summary = extended(this.#summary, new Int32Array(2 * summaries));
    }
    return this.#count++;
  }

  /** A position that is not in the set. */
  add(set: number, position: number): void {
    const word = position >> 5;
    this.#words[set * this.#wordCount + word]! |= 1 << (position & 31);
    this.#summary[set * this.#summaryCount + (word >> 5)]! |= 1 << (word & 31);
  }

  /** A position that is in the set. */
  delete(set: number, position: number): void {
    const word = position >> 5;
    const at = set * this.#wordCount + word;
    this.#words[at]! &= ~(1 << (position & 31));
    if (this.#words[at] !== 0) return;
    this.#summary[set * this.#summaryCount + (word >> 5)]! &= ~(1 << (word & 31));
  }

  /**
   * The least member from `from` on that `bits` has too; -1 when there is none.
   *
   * @param bits a bitmap over the same positions
   */
  next(set: number, from: number, bits: Int32Array): number {
    const words = this.#words;
    const first = set * this.#wordCount;
    let word = from >> 5;
    if (word >= this.#wordCount) return -1;
    let both = words[first + word]! & bits[word]! & (-1 << (from & 31));
    while (both === 0) {
      word = this.#nextWord(set, word + 1);
      if (word < 0) return -1;
      both = words[first + word]! & bits[word]!;
    }
    return (word << 5) + 31 - Math.clz32(both & -both);
  }

  /** The next word of a set with a member, from `from` on; -1 when there is none. */
  #nextWord(set: number, from: number): number {
    const summary = this.#summary;
    const first = set * this.#summaryCount;
    let at = from >> 5;
    if (at >= this.#summaryCount) return -1;
    let left = summary[first + at]! & (-1 << (from & 31));
    while (left === 0) {
      if (++at >= this.#summaryCount) return -1;
      left = summary[first + at]!;
    }
    return (at << 5) + 31 - Math.clz32(left & -left);
  }
}
