/** A power of two. */
const PLACES = 1024;

/**
 * Keys of a class that no probed worker has room for any more. A table without chains: a key that
 * is pushed out by another one is probed in vain once more, and comes back. Made at the first key.
 */
export class ClosedKeys {
  /** A place that is free has what no key there has: all its low bits are the other way round. */
  #hashes: Int32Array | undefined;

  has(hash: number): boolean {
    // No optional chaining: what it yields would be an object in each call.
    if (!this.#hashes) return false;
    return this.#hashes[hash & (PLACES - 1)] === hash;
  }

  add(hash: number): void {
    this.#hashes ??= Int32Array.from({length: PLACES}, (_, place) => ~place);
    this.#hashes[hash & (PLACES - 1)] = hash;
  }
}
