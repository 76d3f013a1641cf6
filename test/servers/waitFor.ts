import {sleep, systemClock} from '../../src/lib/clock.ts';

const POLL_MS = 20;
const never = new AbortController().signal;

/**
 * Waits for a condition in the world of real servers.
 * @throws Error naming `what` when it is not true by the deadline
 */
export async function waitFor(
  what: string,
  deadlineMs: number,
  check: () => boolean | Promise<boolean>,
): Promise<void> {
  const endMs = systemClock.monotonicMs() + deadlineMs;
  while (!(await check())) {
    if (systemClock.monotonicMs() > endMs) {
      throw new Error(`Cannot go on as ${what} did not happen within ${deadlineMs} ms`);
    }
    await sleep(systemClock, POLL_MS, never);
  }
}
