import {readFile} from 'node:fs/promises';

/** How the main thread of a process came by its core, since the start of that. Linux only. */
interface CoreTime {
  /** On a core. */
  readonly ranMs: number;
  /** Ready to run, while others had every core. */
  readonly waitedMs: number;
}

const nanosecondsPerMs = 1_000_000;

/** @throws Error where the kernel keeps no such count, or the process has ended */
export async function coreTimeOf(pid: number): Promise<CoreTime> {
  return coreTimeFrom(await readFile(`/proc/${pid}/task/${pid}/schedstat`, 'utf8'));
}

/** From the text of `/proc/PID/task/TID/schedstat`: nanoseconds on a core and waiting, turns. */
export function coreTimeFrom(text: string): CoreTime {
  const [ran, waited] = text.split(' ').map(Number);
  if (!(ran! > 0 && waited! >= 0)) {
    throw new Error(
      `Cannot read a core time as fields 1 and 2 of schedstat must be nanoseconds on a core and waiting for one: current value is ${text.trim()}`,
    );
  }
  return {ranMs: ran! / nanosecondsPerMs, waitedMs: waited! / nanosecondsPerMs};
}
