import {setImmediate} from 'node:timers/promises';
import type {Clock} from './clock.ts';

const SLICE_MS = 5;

/**
 * Keeps long work from holding up the event loop: do each piece with `work`, and `await rest()`
 * once `isOver`. Only work counts, not what was waited for, so that on a virtual clock, where work
 * takes no time, a simulated run is never cut and repeats exactly.
 */
export class TimeSlice {
  readonly #clock: Clock;
  #workedMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isOver(): boolean {
    return this.#workedMs >= SLICE_MS;
  }

  work<Result>(piece: () => Result): Result {
    const startMs = this.#clock.monotonicMs();
    const result = piece();
    this.#workedMs += this.#clock.monotonicMs() - startMs;
    return result;
  }

  /** Lets timers and sockets have their turn. */
  async rest(): Promise<void> {
    await setImmediate();
    this.#workedMs = 0;
  }
}
