const NONE = -1;

/** Positions of one leaf, as a power of two. */
const LEAF_BITS = 4;
const LEAF_MASK = 2 ** (2 ** LEAF_BITS) - 1;
const LEAVES_A_WORD = 32 >> LEAF_BITS;

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
    while (leaves < words * LEAVES_A_WORD) leaves *= 2;
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
  settledTop(load: Float64Array): number {
    for (;;) {
      const top = this.#winners[1]!;
      if (top < 0 || load[top] === this.#scores[1]) return top;
      this.refresh(top, load);
    }
  }

  /** Puts a position into the set without a look at its load: `refresh` or `build` must follow. */
  add(position: number): void {
    this.#words[position >> 5]! |= 1 << (position & 31);
  }

  remove(position: number, load: Float64Array): void {
    this.#words[position >> 5]! &= ~(1 << (position & 31));
    this.refresh(position, load);
  }

  /** Takes out those of a position's leaf that do not pass. */
  keep(position: number, passes: (position: number) => boolean, load: Float64Array): void {
    const first = (position >> LEAF_BITS) << LEAF_BITS;
    const word = first >> 5;
    for (let at = first; at < first + (1 << LEAF_BITS); at++) {
      if (((this.#words[word]! >>> (at & 31)) & 1) === 0 || passes(at)) continue;
      this.#words[word]! &= ~(1 << (at & 31));
    }
    this.refresh(position, load);
  }

  /** As `keep` for every member at once: when many are to go, cheaper than leaf by leaf. */
  keepAll(passes: (position: number) => boolean, load: Float64Array): void {
    for (let word = 0; word < this.#words.length; word++) {
      for (let bits = this.#words[word]!; bits !== 0; bits &= bits - 1) {
        const bit = bits & -bits;
        if (!passes((word << 5) + 31 - Math.clz32(bit))) this.#words[word]! &= ~bit;
      }
    }
    this.build(load);
  }

  /** All matches anew. O(positions). */
  build(load: Float64Array): void {
    const leaves = this.#words.length * LEAVES_A_WORD;
    for (let leaf = 0; leaf < leaves; leaf++) this.#judgeLeaf(leaf, load);
    for (let place = this.#leaves - 1; place >= 1; place--) this.#match(place);
  }

  /** The matches that the 32 positions of a word take part in. */
  refresh(position: number, load: Float64Array): void {
    const leaf = position >> LEAF_BITS;
    this.#judgeLeaf(leaf, load);
    for (let place = (this.#leaves + leaf) >> 1; place >= 1; place >>= 1) this.#match(place);
  }

  #judgeLeaf(leaf: number, load: Float64Array): void {
    const first = leaf << LEAF_BITS;
    let bits = (this.#words[first >> 5]! >>> (first & 31)) & LEAF_MASK;
    let best = NONE;
    let least = Number.POSITIVE_INFINITY;
    for (; bits !== 0; bits &= bits - 1) {
      const position = first + 31 - Math.clz32(bits & -bits);
      const score = load[position]!;
      if (score >= least) continue;
      best = position;
      least = score;
    }
    this.#winners[this.#leaves + leaf] = best;
    this.#scores[this.#leaves + leaf] = least;
  }

  #match(place: number): void {
    const left = 2 * place;
    const winner = this.#scores[left + 1]! < this.#scores[left]! ? left + 1 : left;
    this.#winners[place] = this.#winners[winner]!;
    this.#scores[place] = this.#scores[winner]!;
  }
}
