/** Time as a port: real in production, virtual in tests and in the simulation. */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch; it may jump. Only for what people read. */
  nowMs(): number;
  /** Milliseconds that never go back. For every duration, deadline and timeout. */
  monotonicMs(): number;
  /** Calls `fire` once after `delayMs`; the returned function cancels it (harmless afterwards). */
  setTimer(delayMs: number, fire: () => void): () => void;
}

/** The machine's clock. A pending timer keeps the process alive, as a wait somebody counts on. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, fire) {
    // Due already, on a busy machine: Node would warn of a negative delay on stderr.
    const timer = setTimeout(fire, Math.max(0, delayMs));
    return () => clearTimeout(timer);
  },
};

/**
 * Waits `delayMs` on `clock`. Resolves early, without an error, when `signal` aborts: callers
 * loop on `signal.aborted`, so an exception would only be a second way to say the same.
 */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const finish = () => {
      cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.setTimer(delayMs, finish);
    signal.addEventListener('abort', finish, {once: true});
  });
}
