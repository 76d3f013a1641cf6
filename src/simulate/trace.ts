import {createHash, type Hash} from 'node:crypto';
import type {Clock} from '../lib/clock.ts';

/** A call of the hash for each line would cost more than the line. */
const hashedAtOnce = 16_384;

/**
 * What happened in a run, line by line. Two runs of one seed have the same hash, or something in
 * them is not told by the clock and the random source.
 */
export class Trace {
  readonly #clock: Clock;
  readonly #hash: Hash = createHash('sha256');
  readonly #onLine: ((line: string) => void) | undefined;
  #unhashed = '';
  #lines = 0;

  constructor(clock: Clock, onLine?: (line: string) => void) {
    this.#clock = clock;
    this.#onLine = onLine;
  }

  get lines(): number {
    return this.#lines;
  }

  note(text: string): void {
    const line = `${this.#clock.monotonicMs().toFixed(3)} ${text}\n`;
    this.#lines++;
    this.#unhashed += line;
    if (this.#unhashed.length > hashedAtOnce) this.#update();
    this.#onLine?.(line);
  }

  /** Ends it. */
  digest(): string {
    this.#update();
    return this.#hash.digest('hex').slice(0, 16);
  }

  #update(): void {
    this.#hash.update(this.#unhashed);
    this.#unhashed = '';
  }
}
