import {type Clock, sleep} from '../../lib/clock.ts';

export interface OpenLoopOptions {
  readonly clock: Clock;
  readonly ratePerSecond: number;
  readonly count: number;
  /** Begins one; its outcome is nobody's business here. */
  readonly begin: (index: number, dueMs: number) => void;
}

/**
 * Begins one after the other at a fixed rate, whatever has become of those before: users do not
 * wait for each other. A process that was kept from it catches up at once, and tells each its own
 * due time, on the monotonic clock: what is measured from there leaves out no wait (no coordinated
 * omission). Resolves when the last one has begun, or `signal` aborts.
 */
export async function openLoop(
  {clock, ratePerSecond, count, begin}: OpenLoopOptions,
  signal: AbortSignal,
): Promise<void> {
  const startMs = clock.monotonicMs();
  for (let index = 0; index < count && !signal.aborted; ) {
    const dueMs = startMs + (index * 1000) / ratePerSecond;
    const waitMs = dueMs - clock.monotonicMs();
    if (waitMs > 0) {
      await sleep(clock, waitMs, signal);
      continue;
    }
    begin(index, dueMs);
    index++;
  }
}
