/**
 * A set of positions: a bitmap, and a bitmap of its words that are not empty.
 *
 *     summary   [ 1 0 1 ... ]            1 = the word has a member
 *     words     [ 0010.. | 0000.. | 1000.. | ...
 *
 * So the members of a sparse set among 20,000 positions are found by looking at 20 summary words,
 * not at 625. Add, delete: O(1). Next member: O(positions / 1024) at worst.
 */
export class WordMap {
  readonly words: Int32Array;
  readonly summary: Int32Array;

  /** @param positions members are from 0 below it */
  constructor(positions: number) {
    this.words = new Int32Array(Math.ceil(positions / 32));
    this.summary = new Int32Array(Math.ceil(this.words.length / 32));
  }

  /** A position that is not in it. */
  add(position: number): void {
    const word = position >> 5;
    this.words[word]! |= 1 << (position & 31);
    this.summary[word >> 5]! |= 1 << (word & 31);
  }

  /** A position that is in it. */
  delete(position: number): void {
    const word = position >> 5;
    this.words[word]! &= ~(1 << (position & 31));
    if (this.words[word] === 0) this.summary[word >> 5]! &= ~(1 << (word & 31));
  }

  /**
   * The least member from `from` on that `bits` has too, and below `end`; `end` when there is none.
   *
   * @param bits a bitmap over the same positions
   */
  next(from: number, bits: Int32Array, end: number): number {
    const {words, summary} = this;
    const endWord = (end + 31) >> 5;
    let word = from >> 5;
    if (word >= endWord) return end;
    let both = words[word]! & bits[word]! & (-1 << (from & 31));
    while (both === 0) {
      word = nextSet(summary, word + 1);
      if (word < 0 || word >= endWord) return end;
      both = words[word]! & bits[word]!;
    }
    return Math.min(end, (word << 5) + 31 - Math.clz32(both & -both));
  }
}

/** The least bit that is set, from `from` on; -1 when there is none. */
function nextSet(bits: Int32Array, from: number): number {
  let word = from >> 5;
  if (word >= bits.length) return -1;
  let left = bits[word]! & (-1 << (from & 31));
  while (left === 0) {
    if (++word >= bits.length) return -1;
    left = bits[word]!;
  }
  return (word << 5) + 31 - Math.clz32(left & -left);
}
