import {loadWith, NOTHING} from './load.ts';
import type {WorkerRows} from './rowIndex.ts';

const NONE = -1;

/**
 * The least loaded worker of a set: a tournament over the words of a bitmap, 32 positions each.
 *
 *                      [ 1: .10 at 70 ]                     winners: position and its score
 *             [ 2: .25 at 3 ]     [ 3: .10 at 70 ]
 *       [ 4: .25 ] [ 5: .40 ]  [ 6: .10 ] [ 7: none ]       one leaf a word: its best position
 *        0..31      32..63      64..95     96..127          words: 1 = in the set
 *
 * The scores are in one column for all trees (`FreeCapacity.load`). Ties go to the lower position.
 * Loads mostly grow: a score that is out of date is too low, comes to the top too early and is put
 * right there (`settledTop`), so that a placement need not tell any tree. What makes a load fall is
 * noted in a journal, which the tree's owner follows with `refresh`.
 *
 * Cost: `settledTop` O(1) where nothing changed; a refresh is one word and O(log words) matches; a
 * copy is two memory moves of 12 bytes a word and level (20,000 workers: 50 KB).
 * Source: tournament (winner) trees, Knuth, The Art of Computer Programming 3, §5.4.1.
 */
export class LoadTree {
  readonly #words: Int32Array;
  readonly #leaves: number;
  readonly #winners: Int32Array;
  readonly #scores: Float64Array;

  /** An empty set. @param words of its bitmap */
  constructor(words: number) {
    let leaves = 1;
    while (leaves < words) leaves *= 2;
    this.#words = new Int32Array(words);
    this.#leaves = leaves;
    this.#winners = new Int32Array(2 * leaves).fill(NONE);
    this.#scores = new Float64Array(2 * leaves).fill(Number.POSITIVE_INFINITY);
  }

  /** Makes this one equal to a tree over as many words. */
  copyFrom(other: LoadTree): void {
    this.#words.set(other.#words);
    this.#winners.set(other.#winners);
    this.#scores.set(other.#scores);
  }

  get wordCount(): number {
    return this.#words.length;
  }

  /** The position with the least load, the lowest of equals; -1 when the set is empty. */
  settledTop({layout, free}: WorkerRows): number {
    for (;;) {
      const top = this.#winners[1]!;
      if (top < 0) return top;
      const load = loadWith(layout, free, top, NOTHING);
      if (load === this.#scores[1]) return top;
      free.load[top] = load;
      this.refresh(top >> 5, free.load);
    }
  }

  /** Puts a position into the set without a look at its load: `refresh` or `build` must follow. */
  add(position: number): void {
    this.#words[position >> 5]! |= 1 << (position & 31);
  }

  remove(position: number, load: Float64Array): void {
    this.#words[position >> 5]! &= ~(1 << (position & 31));
    this.refresh(position >> 5, load);
  }

  /** Takes out those of a word's 32 positions that do not pass. */
  keep(word: number, passes: (position: number) => boolean, load: Float64Array): void {
    for (let bits = this.#words[word]!; bits !== 0; bits &= bits - 1) {
      const bit = bits & -bits;
      if (!passes((word << 5) + 31 - Math.clz32(bit))) this.#words[word]! &= ~bit;
    }
    this.refresh(word, load);
  }

  /** All matches anew. O(positions). */
  build(load: Float64Array): void {
    for (let word = 0; word < this.#words.length; word++) this.#judgeWord(word, load);
    for (let place = this.#leaves - 1; place >= 1; place--) this.#match(place);
  }

  /** The matches that the 32 positions of a word take part in. */
  refresh(word: number, load: Float64Array): void {
    this.#judgeWord(word, load);
    for (let place = (this.#leaves + word) >> 1; place >= 1; place >>= 1) this.#match(place);
  }

  #judgeWord(word: number, load: Float64Array): void {
    let best = NONE;
    let least = Number.POSITIVE_INFINITY;
    for (let bits = this.#words[word]!; bits !== 0; bits &= bits - 1) {
      const position = (word << 5) + 31 - Math.clz32(bits & -bits);
      const score = load[position]!;
      if (score >= least) continue;
      best = position;
      least = score;
    }
    this.#winners[this.#leaves + word] = best;
    this.#scores[this.#leaves + word] = least;
  }

  #match(place: number): void {
    const left = 2 * place;
    const winner = this.#scores[left + 1]! < this.#scores[left]! ? left + 1 : left;
    this.#winners[place] = this.#winners[winner]!;
    this.#scores[place] = this.#scores[winner]!;
  }
}
