import type {Demand} from '../api/resources.ts';
import type {BatchState} from './batchState.ts';
import {fits} from './freeCapacity.ts';
import {type Addition, writeLoad} from './load.ts';
import {LoadTree} from './loadTree.ts';
import type {Tier} from './tier.ts';

/** Places in `#loads`. */
const LEAST = 0;
const OTHER = 1;

/** Leaves cleared one by one before all are: a class that hardly fits anywhere. */
const FEW_LEAVES = 16;

/**
 * The least loaded worker of each size group of a tier that has room for a request of a class, and
 * of those the one that has the least load with it; the lowest position of equals.
 *
 * It asks the tier's trees, which all classes share, one a size group. A class that meets a top
 * without room for it goes on with a copy of its own, out of which such workers are taken a word at
 * a time: what has no room now has none until the end of the batch.
 */
export class LeastLoaded {
  /** What the best worker so far would have with the request, and what another one would. */
  readonly #loads = new Float64Array(2);
  readonly #demand: Demand;
  readonly #one: Addition;
  readonly #state: BatchState;
  readonly #hasRoom: (position: number) => boolean;
  readonly #trees: LoadTree[];
  /** How often a top had no room. */
  #tooSmall = 0;
  /** Which of `#trees` are copies. */
  readonly #isOwn: boolean[] = [];

  constructor(
    tier: Tier,
    {demand, one, state}: {readonly demand: Demand; one: Addition; state: BatchState},
  ) {
    this.#demand = demand;
    this.#one = one;
    this.#state = state;
    this.#hasRoom = (position) => fits(state.free, position, demand);
    this.#trees = tier.trees(state.rows.lowered).filter((tree) => tree !== undefined);
  }

  /** -1 when no worker has room. */
  find(): number {
    let best = this.#topOf(0);
    for (let group = 1; group < this.#trees.length; group++) {
      const other = this.#topOf(group);
      if (other >= 0 && (best < 0 || this.#isBetter(other, best))) best = other;
    }
    return best;
  }

  /** Whether `other` has less load with the request than `best`, or the lower position. */
  #isBetter(other: number, best: number): boolean {
    const loads = this.#loads;
    writeLoad(this.#state, best, this.#one, loads, LEAST);
    writeLoad(this.#state, other, this.#one, loads, OTHER);
    return loads[OTHER]! < loads[LEAST]! || (loads[OTHER] === loads[LEAST] && other < best);
  }

  #topOf(group: number): number {
    const {free} = this.#state;
    for (;;) {
      const top = this.#trees[group]!.settledTop();
      if (top < 0 || fits(free, top, this.#demand)) return top;
      const own = this.#ownTree(group);
      if (this.#tooSmall++ < FEW_LEAVES) own.keep(top, this.#hasRoom);
      else own.keepAll(this.#hasRoom);
    }
  }

  #ownTree(group: number): LoadTree {
    const tree = this.#trees[group]!;
    if (this.#isOwn[group]) return tree;
    const own = this.#state.rows.spareTrees.lend(
      () => new LoadTree(tree.wordCount, this.#state.rows),
      (spare) => spare.wordCount === tree.wordCount,
    );
    own.copyFrom(tree);
    this.#isOwn[group] = true;
    this.#trees[group] = own;
    return own;
  }
}
