import type {Clock} from './clock.ts';

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly fire: () => void;
}

/**
 * A clock that moves only when told to. Timers fire in the order of their due time, then of their
 * creation, so that a run repeats exactly. Used by tests and by the simulation.
 */
export class VirtualClock implements Clock {
  #nowMs: number;
  #wallOffsetMs: number;
  #order = 0;
  readonly #timers = new Set<Timer>();

  /** @param startMs wall-clock time at the start, in milliseconds since the epoch */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = 0;
    this.#wallOffsetMs = startMs;
  }

  nowMs(): number {
    return this.#wallOffsetMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, fire: () => void): () => void {
    const timer = {dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, fire};
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Number of timers not yet fired or cancelled. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Makes the wall clock jump, as NTP or a suspended machine does; durations are not touched. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  /** Advances by `byMs`, firing what becomes due and letting promises settle between timers. */
  async advance(byMs: number): Promise<void> {
    const targetMs = this.#nowMs + byMs;
    await settlePromises();
    for (let next = this.#next(); next && next.dueMs <= targetMs; next = this.#next()) {
      this.#timers.delete(next);
      this.#nowMs = next.dueMs;
      next.fire();
      await settlePromises();
    }
    this.#nowMs = targetMs;
  }

  /** Jumps to the next timer and fires it; false when there is none. */
  async advanceToNextTimer(): Promise<boolean> {
    await settlePromises();
    const next = this.#next();
    if (!next) return false;
    await this.advance(next.dueMs - this.#nowMs);
    return true;
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (
        !first ||
        timer.dueMs < first.dueMs ||
        (timer.dueMs === first.dueMs && timer.order < first.order)
      ) {
        first = timer;
      }
    }
    return first;
  }
}

/** Lets every promise chain that is ready run to its next real wait. */
function settlePromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
