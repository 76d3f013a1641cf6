/** Kept for the next batch. */
const MAX_SPARE = 256;

/** Things that live as long as one batch, used again in the next one. */
export class Spares<Item> {
  readonly #items: Item[] = [];
  #lent = 0;

  /** One that suits, with whatever it holds from before; else a new one. */
  lend(make: () => Item, suits: (item: Item) => boolean = () => true): Item {
    const at = this.#lent++;
    const spare = this.#items[at];
    if (spare !== undefined && suits(spare)) return spare;
    const made = make();
    if (at < MAX_SPARE) this.#items[at] = made;
    return made;
  }

  /** The batch is over, and nobody has one any more. */
  giveBack(): void {
    this.#lent = 0;
  }
}
