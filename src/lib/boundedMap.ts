import {RoundRobin} from './roundRobin.ts';

/**
 * A map with a limit: beyond it the entry that was put in longest ago is forgotten.
 *
 * A Map keeps the order of insertion: taking out and putting back moves an entry to the young end.
 */
export class BoundedMap<Key, Value> {
  readonly #limit: number;
  readonly #entries = new Map<Key, Value>();
  readonly #oldest = new RoundRobin(this.#entries);

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The entry becomes no younger by it. */
  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  /** Puts it in as the youngest, known or not; true when another one was forgotten for it. */
  put(key: Key, value: Value): boolean {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#limit) return false;
    // All that stood before it are gone, or back at the young end.
    this.#entries.delete(this.#oldest.next()!);
    return true;
  }

  /** What is known, else what `make` gives; the youngest from then on, as a cache wants it. */
  use(key: Key, make: () => Value): Value {
    const value = this.#entries.get(key) ?? make();
    this.put(key, value);
    return value;
  }

  delete(key: Key): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** The oldest first. */
  values(): Iterable<Value> {
    return this.#entries.values();
  }
}
