import {readFileSync} from 'node:fs';
import {sleep, systemClock} from '../../src/lib/clock.ts';

/** The kernel reports in ticks of USER_HZ, which is 100 on every platform that Node runs on. */
const msPerTick = 10;

/** User and system time that a process and its threads have had so far. Linux only. */
export function processorMs(pid: number): number {
  const path = `/proc/${pid}/stat`;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Error(`Cannot read the processor time of process ${pid}: there is no ${path}`, {
      cause,
    });
  }
  return processorMsOf(text);
}

/** From the text of `/proc/PID/stat`; the second field, a name, may hold blanks and brackets. */
export function processorMsOf(stat: string): number {
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [Number(afterName[11]), Number(afterName[12])];
  if (Number.isInteger(user) && Number.isInteger(system)) return (user + system) * msPerTick;
  throw new Error(
    `Cannot read a processor time as fields 14 and 15 of /proc/PID/stat must be numbers: current value is ${stat.trim()}`,
  );
}

/**
 * Asked so often, a process that took less than a tenth of a processor meanwhile is at rest. Longer
 * than the second for which Berth collects the sums of Workers before it writes them.
 */
const restMs = 1_500;
const restShare = 0.1;
const never = new AbortController().signal;

/**
 * Waits until a process is at rest: what a burst leaves to do, Events and sums for example, belongs
 * to its costs.
 * @throws Error when it is not at rest by the deadline
 */
export async function untilAtRest(pid: number, deadlineMs: number): Promise<void> {
  const endMs = systemClock.monotonicMs() + deadlineMs;
  for (let before = processorMs(pid); ; ) {
    await sleep(systemClock, restMs, never);
    const now = processorMs(pid);
    if (now - before < restMs * restShare) return;
    if (systemClock.monotonicMs() > endMs) {
      throw new Error(`Cannot measure on as process ${pid} is still busy after ${deadlineMs} ms`);
    }
    before = now;
  }
}
