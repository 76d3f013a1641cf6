import type {Kind} from './kind.ts';
import type {StoredObject} from './storedObject.ts';

/** The objects of one kind, in the order of their keys (`namespace/name`). */
export class Collection {
  kind: Kind;
  readonly #objects = new Map<string, StoredObject>();
  readonly #keys: string[] = [];

  constructor(kind: Kind) {
    this.kind = kind;
  }

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key);
  }

  set(key: string, stored: StoredObject): void {
    if (!this.#objects.has(key)) this.#keys.splice(lowerBound(this.#keys, key), 0, key);
    this.#objects.set(key, stored);
  }

  delete(key: string): void {
    if (this.#objects.delete(key)) this.#keys.splice(lowerBound(this.#keys, key), 1);
  }

  /** Keys from `from` on that start with `prefix`, ascending. */
  *keys(prefix: string, from: string): Generator<string> {
    const start = from > prefix ? from : prefix;
    for (let index = lowerBound(this.#keys, start); index < this.#keys.length; index++) {
      const key = this.#keys[index]!;
      if (!key.startsWith(prefix)) return;
      yield key;
    }
  }

  /** How many keys start with `prefix` and are not before `from`. */
  count(prefix: string, from: string): number {
    const start = lowerBound(this.#keys, from > prefix ? from : prefix);
    // No key holds a character above U+007F: names and namespaces are DNS labels.
    return lowerBound(this.#keys, `${prefix}\uffff`) - start;
  }
}

/** Index of the first key that is not before `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  // Names mostly come in ascending order, so that the end is the likely place.
  if (high > 0 && keys[high - 1]! < key) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
