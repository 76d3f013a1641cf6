import type {Random} from './random.ts';

export interface BackoffRange {
  /** Longest delay of the first attempt. */
  readonly baseMs: number;
  /** Longest delay of any attempt. */
  readonly maxMs: number;
}

/**
 * How long to wait before trying again: anything between 0 and a ceiling that doubles with each
 * attempt (0 is the first). Full jitter, as whatever failed together must not come back together
 * (Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog).
 */
export function fullJitterMs(
  attempt: number,
  {baseMs, maxMs}: BackoffRange,
  random: Random,
): number {
  // Beyond 2^30 every ceiling is reached, and 2 ** 1100 is Infinity.
  return random.next() * Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30));
}
