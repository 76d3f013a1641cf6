import {setImmediate} from 'node:timers/promises';
import type {Clock} from '../lib/clock.ts';

const SLICE_MS = 8;

/**
 * Keeps long work from holding up the event loop: ask `isOver` after each piece and `await rest()`
 * when it is. On a virtual clock no time passes inside a piece, so that a simulated run, which
 * must repeat exactly, is never cut.
 */
export class TimeSlice {
  readonly #clock: Clock;
  #startMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startMs = clock.monotonicMs();
  }

  get isOver(): boolean {
    return this.#clock.monotonicMs() - this.#startMs >= SLICE_MS;
  }

  /** Lets timers and sockets have their turn. */
  async rest(): Promise<void> {
    await setImmediate();
    this.#startMs = this.#clock.monotonicMs();
  }
}
