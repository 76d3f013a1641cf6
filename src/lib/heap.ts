export interface HeapOptions<Item> {
  /**
   * True when `left` leaves first. Ties leave in no particular order: compare down to an identity.
   */
  readonly before: (left: Item, right: Item) => boolean;
  /**
   * Told each new index of an item, -1 when it has left, so that it can be found for `removeAt`.
   */
  readonly moved?: (item: Item, index: number) => void;
}

/**
 * Binary heap: `peek` O(1), `push`, `pop`, `removeAt` and `update` O(log size). Items that note
 * their index (`moved`) can be taken from the middle at once, so that no dead ones pile up.
 */
export class Heap<Item> {
  readonly #items: Item[] = [];
  readonly #before: (left: Item, right: Item) => boolean;
  readonly #moved: (item: Item, index: number) => void;

  constructor({before, moved = () => {}}: HeapOptions<Item>) {
    this.#before = before;
    this.#moved = moved;
  }

  get size(): number {
    return this.#items.length;
  }

  /** The item that leaves next. */
  peek(): Item | undefined {
    return this.#items[0];
  }

  push(item: Item): void {
    this.#items.push(item);
    this.#siftUp(this.#items.length - 1);
  }

  pop(): Item | undefined {
    return this.#items.length === 0 ? undefined : this.removeAt(0);
  }

  /** @throws Error when there is no such index */
  removeAt(index: number): Item {
    const removed = this.#at(index);
    const last = this.#items.pop()!;
    if (index < this.#items.length) {
      this.#items[index] = last;
      this.update(index);
    }
    this.#moved(removed, -1);
    return removed;
  }

  /**
   * Restores the order after what `before` reads of the item at `index` has changed.
   * @throws Error when there is no such index
   */
  update(index: number): void {
    const item = this.#at(index);
    this.#siftUp(index);
    if (this.#items[index] === item) this.#siftDown(index);
  }

  /** Every item, in no particular order. */
  [Symbol.iterator](): Iterator<Item> {
    return this.#items.values();
  }

  #at(index: number): Item {
    const item = this.#items[index];
    if (item === undefined) {
      throw new Error(
        `Cannot reach an item of the heap as its index must be below ${this.#items.length}: current value is ${index}`,
      );
    }
    return item;
  }

  #siftUp(start: number): void {
    const item = this.#items[start]!;
    let index = start;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#items[parentIndex]!;
      if (!this.#before(item, parent)) break;
      this.#put(parent, index);
      index = parentIndex;
    }
    this.#put(item, index);
  }

  #siftDown(start: number): void {
    const item = this.#items[start]!;
    const size = this.#items.length;
    let index = start;
    for (let childIndex = 2 * index + 1; childIndex < size; childIndex = 2 * index + 1) {
      const right = childIndex + 1;
      if (right < size && this.#before(this.#items[right]!, this.#items[childIndex]!)) {
        childIndex = right;
      }
      const child = this.#items[childIndex]!;
      if (!this.#before(child, item)) break;
      this.#put(child, index);
      index = childIndex;
    }
    this.#put(item, index);
  }

  #put(item: Item, index: number): void {
    this.#items[index] = item;
    this.#moved(item, index);
  }
}
