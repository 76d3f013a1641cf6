import {settleLoad} from './load.ts';
import type {WorkerRows} from './workerRows.ts';

const NONE = -1;

/**
 * The least loaded worker of a set: a tournament over the words of a bitmap, 32 positions each.
 *
 *                      [ 1: word 2, .10 ]                   winners: a word and its least score
 *             [ 2: word 0, .25 ]  [ 3: word 2, .10 ]
 *       [ 4: .25 ] [ 5: .40 ]  [ 6: .10 ] [ 7: none ]       one leaf a word
 *        0..31      32..63      64..95     96..127          words: 1 = in the set
 *        best 3     best 40     best 70    -                its lowest position with that score
 *
 * The scores are in one column for all trees (`FreeCapacity.load`). Ties go to the lower position.
 * Loads mostly grow: a score that is out of date is too low, comes to the top too early and is put
 * right there (`settledTop`), so that a placement need not tell any tree. What makes a load fall is
 * noted in a journal, which the tree's owner follows with `refresh`.
 *
 * Workers that are alike and filled in turn have equal loads: while another one of the word has the
 * score that the best one left, nothing above the leaf changes.
 *
 * Cost: `settledTop` O(1) where nothing changed, and mostly where equals are left; a refresh is one
 * word and O(log words) matches; a copy is a few memory moves of 20 bytes a word (20,000 workers:
 * 25 KB).
 * Source: tournament (winner) trees, Knuth, The Art of Computer Programming 3, §5.4.1.
 */
export class LoadTree {
  readonly #rows: WorkerRows;
  readonly #words: Int32Array;
  /** By word; stands as long as the word has members. */
  readonly #best: Int32Array;
  readonly #leaves: number;
  readonly #winners: Int32Array;
  readonly #scores: Float64Array;

  /** An empty set. @param words of its bitmap */
  constructor(words: number, rows: WorkerRows) {
    this.#rows = rows;
    let leaves = 1;
    while (leaves < words) leaves *= 2;
    this.#words = new Int32Array(words);
    this.#best = new Int32Array(words);
    this.#leaves = leaves;
    this.#winners = new Int32Array(2 * leaves).fill(NONE);
    this.#scores = new Float64Array(2 * leaves).fill(Number.POSITIVE_INFINITY);
  }

  /** Makes this one equal to a tree over as many words. */
  copyFrom(other: LoadTree): void {
    this.#words.set(other.#words);
    this.#best.set(other.#best);
    this.#winners.set(other.#winners);
    this.#scores.set(other.#scores);
  }

  get wordCount(): number {
    return this.#words.length;
  }

  /** The position with the least load, the lowest of equals; -1 when the set is empty. */
  settledTop(): number {
    for (;;) {
      const word = this.#winners[1]!;
      if (word < 0) return NONE;
      const best = this.#best[word]!;
      const score = this.#scores[1]!;
      if (this.#rows.free.load[best] === score) return best;
      const equal = this.#nextWith(score, best);
      if (equal < 0) this.refresh(best);
      else this.#best[word] = equal;
    }
  }

  /** Puts a position into the set without a look at its load: `refresh` or `build` must follow. */
  add(position: number): void {
    this.#words[position >> 5]! |= 1 << (position & 31);
  }

  remove(position: number): void {
    this.#words[position >> 5]! &= ~(1 << (position & 31));
    this.refresh(position);
  }

  /** Takes out those of a position's word that do not pass. */
  keep(position: number, passes: (position: number) => boolean): void {
    this.#keepOf(position >> 5, passes);
    this.refresh(position);
  }

  /** As `keep` for every member at once: when many are to go, cheaper than word by word. */
  keepAll(passes: (position: number) => boolean): void {
    for (let word = 0; word < this.#words.length; word++) this.#keepOf(word, passes);
    this.build();
  }

  /** All matches anew. O(positions). */
  build(): void {
    for (let word = 0; word < this.#words.length; word++) this.#judgeLeaf(word);
    for (let place = this.#leaves - 1; place >= 1; place--) this.#match(place);
  }

  /** The matches that the 32 positions of a word take part in. */
  refresh(position: number): void {
    const word = position >> 5;
    this.#judgeLeaf(word);
    for (let place = (this.#leaves + word) >> 1; place >= 1; place >>= 1) this.#match(place);
  }

  #keepOf(word: number, passes: (position: number) => boolean): void {
    for (let bits = this.#words[word]!; bits !== 0; bits &= bits - 1) {
      const bit = bits & -bits;
      if (!passes((word << 5) + 31 - Math.clz32(bit))) this.#words[word]! &= ~bit;
    }
  }

  /** The next member of a position's word behind it with that score; -1 when there is none. */
  #nextWith(score: number, position: number): number {
    const {load} = this.#rows.free;
    // Shifted twice: by 32 at once would be by 0.
    let bits = (this.#words[position >> 5]! >>> (position & 31)) >>> 1;
    for (; bits !== 0; bits &= bits - 1) {
      const other = position + 32 - Math.clz32(bits & -bits);
      if (load[other] === score) return other;
    }
    return NONE;
  }

  #judgeLeaf(word: number): void {
    const {load} = this.#rows.free;
    let best = NONE;
    let least = Number.POSITIVE_INFINITY;
    for (let bits = this.#words[word]!; bits !== 0; bits &= bits - 1) {
      const position = (word << 5) + 31 - Math.clz32(bits & -bits);
      settleLoad(this.#rows, position);
      const score = load[position]!;
      if (score >= least) continue;
      best = position;
      least = score;
    }
    this.#best[word] = best;
    this.#winners[this.#leaves + word] = best < 0 ? NONE : word;
    this.#scores[this.#leaves + word] = least;
  }

  #match(place: number): void {
    const left = 2 * place;
    const winner = this.#scores[left + 1]! < this.#scores[left]! ? left + 1 : left;
    this.#winners[place] = this.#winners[winner]!;
    this.#scores[place] = this.#scores[winner]!;
  }
}
