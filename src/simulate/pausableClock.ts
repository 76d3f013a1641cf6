import type {Clock} from '../lib/clock.ts';

/**
 * The clock of one process that can be stopped (SIGSTOP, a starved machine): time goes on, its
 * timers do not fire until it is resumed, and then all that are due do at once.
 */
export class PausableClock implements Clock {
  readonly #inner: Clock;
  #due: (() => void)[] = [];
  #isPaused = false;

  constructor(inner: Clock) {
    this.#inner = inner;
  }

  nowMs(): number {
    return this.#inner.nowMs();
  }

  monotonicMs(): number {
    return this.#inner.monotonicMs();
  }

  setTimer(delayMs: number, fire: () => void): () => void {
    let isCancelled = false;
    const run = () => {
      if (!isCancelled) fire();
    };
    const cancel = this.#inner.setTimer(delayMs, () => {
      if (this.#isPaused) this.#due.push(run);
      else run();
    });
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    const due = this.#due;
    this.#due = [];
    for (const run of due) run();
  }
}
