import {createHash, type Hash} from 'node:crypto';
import type {Clock} from '../lib/clock.ts';

/**
 * What happened in a run, line by line. Two runs of one seed have the same hash, or something in
 * them is not told by the clock and the random source.
 */
export class Trace {
  readonly #clock: Clock;
  readonly #hash: Hash = createHash('sha256');
  readonly #onLine: ((line: string) => void) | undefined;
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
    this.#hash.update(line);
    this.#onLine?.(line);
  }

  /** Ends it. */
  digest(): string {
    return this.#hash.digest('hex').slice(0, 16);
  }
}
