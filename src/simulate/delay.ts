import type {Clock} from '../lib/clock.ts';

/** Waits on the world's clock; nothing cuts it short: what is on its way arrives. */
export function delay(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(delayMs, resolve);
  });
}

/** Of what a process that died was about to do. */
export function never(): Promise<never> {
  // A promise of its own each time: one for all would keep everybody who ever waited.
  return new Promise(() => {});
}
