import {hashString} from '../lib/hash.ts';
import {type Random, seededRandom} from '../lib/random.ts';

/**
 * One stream of chance of a seed. Each purpose has its own, so that what is left out of one does
 * not change what the others draw.
 */
export function streamOf(seed: number, purpose: string): Random {
  return seededRandom(hashString(`${seed} ${purpose}`));
}

/** Draws whole numbers and choices. */
export class Draw {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A whole number from `least` to `most`, both included. */
  int(least: number, most: number): number {
    return least + Math.floor(this.#random.next() * (most - least + 1));
  }

  /** As `int`, but each order of magnitude is as likely as the next; `least` is at least 1. */
  magnitude(least: number, most: number): number {
    return Math.round(least * (most / least) ** this.#random.next());
  }

  chance(share: number): boolean {
    return this.#random.next() < share;
  }

  of<Item>(items: readonly [Item, ...Item[]] | readonly Item[]): Item {
    const item = items[this.int(0, items.length - 1)];
    if (item === undefined) throw new Error('Cannot draw from a list as it must have an item');
    return item;
  }
}
