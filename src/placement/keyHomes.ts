import {lowerBound} from './findGap.ts';
import type {Layout} from './layout.ts';

/** Homes remembered of the keys that share a set. */
const WAYS = 8;
/** So 32,768 homes, in 288 KB. */
const SETS = 4096;

/**
 * On which workers requests of a key ran lately, whether or not they still do: what they left there
 * (image, checkpoint, cache) is warm. A table of sets of 8, the newest first; the oldest falls out.
 *
 *     set of a key   [ (k, w) | (k', w') | (k, w'') | ... ]      hash of key and of worker's name
 *
 * Workers are kept by hash, not by position: it outlives any layout, and whoever takes the place of
 * a worker that left is not taken for it. Two keys or workers with one hash of 32 bits are taken
 * for each other: a warm start that is none, nothing worse. O(1), and O(log workers) a home asked
 * for.
 */
export class KeyHomes {
  readonly #keys = new Int32Array(SETS * WAYS);
  readonly #workers = new Int32Array(SETS * WAYS);
  /** Of each set, how many are filled. */
  readonly #filled = new Uint8Array(SETS);
  #isEmpty = true;

  remember(key: number, workerHash: number): void {
    const set = key & (SETS - 1);
    const start = set * WAYS;
    const end = start + this.#filled[set]!;
    let at = start;
    while (at < end && (this.#keys[at] !== key || this.#workers[at] !== (workerHash | 0))) at++;
    if (at === start + WAYS) at--;
    else if (at === end) this.#filled[set]!++;
    this.#keys.copyWithin(start + 1, start, at);
    this.#workers.copyWithin(start + 1, start, at);
    this.#keys[start] = key;
    this.#workers[start] = workerHash;
    this.#isEmpty = false;
  }

  /** The lowest position of a worker that is a home of `key` and that `isGood`; else -1. */
  first(key: number, layout: Layout, isGood: (position: number) => boolean): number {
    const set = key & (SETS - 1);
    let first = -1;
    for (let at = set * WAYS; at < set * WAYS + this.#filled[set]!; at++) {
      if (this.#keys[at] !== key) continue;
      const hash = this.#workers[at]! >>> 0;
      const position = lowerBound(layout.hash, hash);
      if (layout.hash[position] !== hash || !layout.workers[position]) continue;
      if ((first < 0 || position < first) && isGood(position)) first = position;
    }
    return first;
  }

  has(key: number, workerHash: number): boolean {
    const set = key & (SETS - 1);
    for (let at = set * WAYS; at < set * WAYS + this.#filled[set]!; at++) {
      if (this.#keys[at] === key && this.#workers[at] === (workerHash | 0)) return true;
    }
    return false;
  }

  clear(): void {
    if (this.#isEmpty) return;
    this.#filled.fill(0);
    this.#isEmpty = true;
  }
}
