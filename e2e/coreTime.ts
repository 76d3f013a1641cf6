import {readFile} from 'node:fs/promises';

/** How the main thread of a process came by its core, since the start of that. Linux only. */
export interface CoreTime {
  /** On a core. */
  readonly ranMs: number;
  /** Ready to run, while others had every core. */
  readonly waitedMs: number;
}

const nanosecondsPerMs = 1_000_000;

/** @throws Error where the kernel keeps no such count, or the process has ended */
export async function coreTimeOf(pid: number): Promise<CoreTime> {
  const path = `/proc/${pid}/task/${pid}/schedstat`;
  const text = await readFile(path, 'utf8');
  const [ran, waited] = text.split(' ').map(Number);
  if (!(ran! > 0 && waited! >= 0)) {
    throw new Error(
      `Cannot read ${path} as its first two fields must be nanoseconds on a core and waiting for one: current value is ${text.trim()}`,
    );
  }
  return {ranMs: ran! / nanosecondsPerMs, waitedMs: waited! / nanosecondsPerMs};
}
