const NO_KEYS = new Int32Array(0);

/** Keys remembered at most, and where a class has few requests; powers of two. */
const MOST_PLACES = 1024;
const FEW_PLACES = 64;
const REQUESTS_A_PLACE = 4;

/**
 * From which attempt on each key of a class still has to probe: workers that had no room for it, or
 * were above the cap, stay so until the end of the batch.
 *
 *     place       0     1     2    ...     low bits of the key's hash
 *     hashes   [ a400 |  ~1 | 7f02 ...     ~place = nobody yet: all its low bits are wrong
 *     next     [   12 |   0 |    3 ...     attempt
 *     refused  [    8 |   0 |    1 ...     workers among those before it
 *
 * A table without chains: a key that is pushed out by another one probes from the start once more.
 * Made at the first key that is refused.
 */
export class ProbedKeys {
  readonly #requests: number;
  #hashes = NO_KEYS;
  #next = NO_KEYS;
  #refused = NO_KEYS;

  /** @param requests of the class, with whatever key */
  constructor(requests: number) {
    this.#requests = requests;
  }

  /** Its place, to ask `next` and `refused` with; -1 when nothing is known of it. */
  find(hash: number): number {
    const place = hash & (this.#hashes.length - 1);
    return this.#hashes[place] === hash ? place : -1;
  }

  next(place: number): number {
    return this.#next[place]!;
  }

  refused(place: number): number {
    return this.#refused[place]!;
  }

  set(hash: number, next: number, refused: number): void {
    if (this.#hashes.length === 0) this.#make();
    const place = hash & (this.#hashes.length - 1);
    this.#hashes[place] = hash;
    this.#next[place] = next;
    this.#refused[place] = refused;
  }

  #make(): void {
    let places = FEW_PLACES;
    while (places < MOST_PLACES && places * REQUESTS_A_PLACE < this.#requests) places *= 2;
    this.#hashes = new Int32Array(places);
    for (let place = 0; place < places; place++) this.#hashes[place] = ~place;
    this.#next = new Int32Array(places);
    this.#refused = new Int32Array(places);
  }
}
