import {LoadTree} from './loadTree.ts';

/** Kept for the next batch; 256 of 20,000 workers are 13 MB. */
const MAX_SPARE = 256;

/** Trees for copies that live as long as one batch, used again in the next one. */
export class SpareTrees {
  #trees: LoadTree[] = [];
  #lent = 0;

  copyOf(tree: LoadTree): LoadTree {
    let copy = this.#trees[this.#lent];
    if (copy?.wordCount !== tree.wordCount) {
      copy = new LoadTree(tree.wordCount);
      if (this.#lent < MAX_SPARE) this.#trees[this.#lent] = copy;
    }
    this.#lent++;
    copy.copyFrom(tree);
    return copy;
  }

  /** The batch is over, and nobody has one any more. */
  giveBack(): void {
    this.#lent = 0;
  }
}
