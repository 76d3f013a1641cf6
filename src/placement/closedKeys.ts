/** A power of two. */
const PLACES = 1024;

/**
 * Keys of a class that no probed worker has room for any more. A table without chains: a key that
 * is pushed out by another one is probed in vain once more, and comes back. Made at the first key.
 */
export class ClosedKeys {
  #hashes: Float64Array | undefined;

  has(hash: number): boolean {
    return this.#hashes?.[hash & (PLACES - 1)] === hash;
  }

  add(hash: number): void {
    this.#hashes ??= new Float64Array(PLACES).fill(Number.NaN);
    this.#hashes[hash & (PLACES - 1)] = hash;
  }
}
