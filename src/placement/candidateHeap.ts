/**
 * Workers ordered by a score, least first, ties to the lower rank: a binary heap in typed arrays
 * that knows where each rank stands, so that the score of any one can change.
 *
 *     place       0     1     2     3          children of i: 2i+1, 2i+2
 *     ranks    [  7  |  2  |  9  |  4  ]
 *     scores   [ .10 | .25 | .10 | .60 ]       by place, beside the ranks: one cache line a level
 *     places   [ -1 -1 1 -1 3 -1 -1 0 -1 2 ]   by rank; -1 = not in the heap
 *
 * Build: add all, then `heapify`, O(n). Query: `top`, O(1). Change: O(log n).
 * Source: Williams' heap with Floyd's bottom-up construction.
 */
export class CandidateHeap {
  readonly #ranks: Int32Array;
  readonly #scores: Float64Array;
  readonly #places: Int32Array;
  #size = 0;

  /** @param capacity most candidates it will hold; @param rankCount ranks run from 0 below it */
  constructor(capacity: number, rankCount: number) {
    this.#ranks = new Int32Array(capacity);
    this.#scores = new Float64Array(capacity);
    this.#places = new Int32Array(rankCount).fill(-1);
  }

  /** Only before `heapify`. */
  add(rank: number, score: number): void {
    this.#write(this.#size++, rank, score);
  }

  heapify(): void {
    for (let place = (this.#size >> 1) - 1; place >= 0; place--) {
      this.#sinkFrom(place, this.#ranks[place]!, this.#scores[place]!);
    }
  }

  /** The candidate with the least score; -1 when there is none. */
  get top(): number {
    return this.#size === 0 ? -1 : this.#ranks[0]!;
  }

  get topScore(): number {
    return this.#scores[0]!;
  }

  has(rank: number): boolean {
    return this.#places[rank]! >= 0;
  }

  update(rank: number, score: number): void {
    const place = this.#places[rank]!;
    if (score < this.#scores[place]!) this.#riseFrom(place, rank, score);
    else this.#sinkFrom(place, rank, score);
  }

  remove(rank: number): void {
    const place = this.#places[rank]!;
    this.#places[rank] = -1;
    const last = --this.#size;
    if (place === last) return;
    const moved = this.#ranks[last]!;
    const score = this.#scores[last]!;
    this.#sinkFrom(place, moved, score);
    this.#riseFrom(this.#places[moved]!, moved, score);
  }

  #riseFrom(start: number, rank: number, score: number): void {
    let place = start;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#isBefore(score, rank, parent)) break;
      this.#write(place, this.#ranks[parent]!, this.#scores[parent]!);
      place = parent;
    }
    this.#write(place, rank, score);
  }

  #sinkFrom(start: number, rank: number, score: number): void {
    let place = start;
    for (let child = 2 * place + 1; child < this.#size; child = 2 * place + 1) {
      const right = child + 1;
      if (right < this.#size && this.#isBefore(this.#scores[right]!, this.#ranks[right]!, child)) {
        child = right;
      }
      if (!this.#isBefore(this.#scores[child]!, this.#ranks[child]!, place, score, rank)) break;
      this.#write(place, this.#ranks[child]!, this.#scores[child]!);
      place = child;
    }
    this.#write(place, rank, score);
  }

  /** Whether (score, rank) comes before what stands at `place`, or before what is given for it. */
  #isBefore(
    score: number,
    rank: number,
    place: number,
    otherScore = this.#scores[place]!,
    otherRank = this.#ranks[place]!,
  ): boolean {
    return score < otherScore || (score === otherScore && rank < otherRank);
  }

  #write(place: number, rank: number, score: number): void {
    this.#ranks[place] = rank;
    this.#scores[place] = score;
    this.#places[rank] = place;
  }
}
