import {systemClock} from '../../lib/clock.ts';

/** As a shell reports a process that SIGINT ended. */
const interruptedExitCode = 130;

export interface Interruptible {
  /** Says what happens at present on stderr, with the time since the start. */
  readonly progress: (line: string) => void;
  /**
   * Aborts at the first SIGINT or SIGTERM, so that what was created is removed; the second ends at
   * once.
   */
  readonly interrupt: AbortSignal;
}

/**
 * Runs a command that must not end in the middle, and sets the exit code: that of `run`, or 130
 * when it was interrupted.
 *
 * @param what for people: the demo, the measurement
 */
export async function interruptible(
  what: string,
  run: (context: Interruptible) => Promise<number>,
): Promise<void> {
  const startMs = systemClock.monotonicMs();
  const progress = (line: string) => {
    const elapsed = ((systemClock.monotonicMs() - startMs) / 1000).toFixed(1);
    process.stderr.write(`[${elapsed.padStart(5)} s] ${line}\n`);
  };
  const interrupt = interruptSignal(what, progress);
  try {
    process.exitCode = await run({progress, interrupt});
  } catch (error) {
    if (!interrupt.aborted) throw error;
    process.stderr.write(`berth: ${endOf(interrupt, error)}\n`);
    process.exitCode = interruptedExitCode;
  }
}

/**
 * The interrupt says more than the call that it broke off, unless something could not be removed.
 */
function endOf(interrupt: AbortSignal, error: unknown): string {
  const why = (interrupt.reason as Error).message;
  return error instanceof Error && error.message.includes(why) ? error.message : why;
}

function interruptSignal(what: string, progress: (line: string) => void): AbortSignal {
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (interrupt.signal.aborted) process.exit(interruptedExitCode);
      progress(`${name}: ending`);
      interrupt.abort(new Error(`Cannot finish the ${what}: ended by ${name}`));
    });
  }
  return interrupt.signal;
}
