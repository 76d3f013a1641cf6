import type {Clock} from './clock.ts';
import {Heap} from './heap.ts';

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly fire: () => void;
  /** In the heap; -1 once it has left. */
  index: number;
}

/**
 * A clock that moves only when told to. Timers fire in the order of their due time, then of their
 * creation, so that a run repeats exactly. Used by tests and by the simulation.
 */
export class VirtualClock implements Clock {
  #nowMs: number;
  #wallOffsetMs: number;
  #order = 0;
  readonly #timers = new Heap<Timer>({
    before: (left, right) =>
      left.dueMs < right.dueMs || (left.dueMs === right.dueMs && left.order < right.order),
    moved: (timer, index) => {
      timer.index = index;
    },
  });

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
    const dueMs = this.#nowMs + Math.max(0, delayMs);
    const timer: Timer = {dueMs, order: this.#order++, fire, index: -1};
    this.#timers.push(timer);
    return () => {
      if (timer.index >= 0) this.#timers.removeAt(timer.index);
    };
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
    while ((this.#timers.peek()?.dueMs ?? Number.POSITIVE_INFINITY) <= targetMs) {
      this.#fireNext();
      await settlePromises();
    }
    this.#nowMs = targetMs;
  }

  /** Jumps to the next timer and fires it; false when there is none. */
  async advanceToNextTimer(): Promise<boolean> {
    await settlePromises();
    if (!this.#fireNext()) return false;
    await settlePromises();
    return true;
  }

  /**
   * Fires timer after timer until `isOver` says so between two of them; false when none was left
   * before. `outside` is waited for before each: what takes real time, as a server's reply.
   */
  async run(isOver: () => boolean, outside?: () => Promise<void> | undefined): Promise<boolean> {
    await settlePromises();
    for (let fired = 1; !isOver(); fired++) {
      for (let waited = outside?.(); waited; waited = outside?.()) {
        await waited;
        await settlePromises();
      }
      if (!this.#fireNext()) return false;
      await (fired % timersATurn === 0 ? settlePromises() : drainMicrotasks());
    }
    return true;
  }

  #fireNext(): boolean {
    const next = this.#timers.pop();
    if (!next) return false;
    this.#nowMs = next.dueMs;
    next.fire();
    return true;
  }
}

/** A long run lets go of the event loop so often: what is garbage is given up between its turns. */
const timersATurn = 64;

/** Lets every promise chain that is ready run to its next real wait. */
function settlePromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The same where nothing waits for the event loop; a turn of that costs several times as much. */
function drainMicrotasks(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
