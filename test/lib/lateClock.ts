import type {Clock} from '../../src/lib/clock.ts';

/**
 * The clock of a process that was stopped, or has only worked, for `behindMs`: whoever reads it
 * sees that they have passed, and the timers that are due by then have not fired.
 */
export class LateClock implements Clock {
  behindMs = 0;
  readonly #inner: Clock;

  constructor(inner: Clock) {
    this.#inner = inner;
  }

  nowMs(): number {
    return this.#inner.nowMs();
  }

  monotonicMs(): number {
    return this.#inner.monotonicMs() + this.behindMs;
  }

  setTimer(delayMs: number, fire: () => void): () => void {
    return this.#inner.setTimer(delayMs, fire);
  }
}
