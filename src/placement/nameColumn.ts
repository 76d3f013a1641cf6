const CHUNK_BITS = 8;
const CHUNK_LENGTH = 1 << CHUNK_BITS;

/**
 * Names of workers by position, of which a plan keeps a view that later changes leave alone.
 *
 *     chunks  [ . | . | . ]         a view has this list; a write replaces the list and one chunk
 *               |   '-> [ name 256 .. 511 ]
 *               '-> [ name 0 .. 255 ]
 *
 * Plans make their objects when somebody asks, maybe after a worker has joined where another one
 * was. A copy of all names for each that joins would cost 0.2 ms at 20,000 workers; this one 1 us.
 */
export class NameColumn {
  #chunks: readonly (readonly string[])[];

  /** @param names of all positions */
  constructor(names: readonly string[]) {
    const count = Math.ceil(names.length / CHUNK_LENGTH);
    this.#chunks = Array.from({length: count}, (_, chunk) =>
      names.slice(chunk * CHUNK_LENGTH, (chunk + 1) * CHUNK_LENGTH),
    );
  }

  set(position: number, name: string): void {
    const chunk = position >> CHUNK_BITS;
    const written = this.#chunks[chunk]!.with(position & (CHUNK_LENGTH - 1), name);
    this.#chunks = this.#chunks.with(chunk, written);
  }

  /** Reads the names as they are now, whatever is written later. */
  view(): (position: number) => string {
    const chunks = this.#chunks;
    return (position) => chunks[position >> CHUNK_BITS]![position & (CHUNK_LENGTH - 1)]!;
  }
}
