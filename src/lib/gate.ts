/** Where loops wait for something to do. */
export class Gate {
  #waiting = new Set<() => void>();

  /** Wakes everybody who waits now; who comes later waits for the next time. */
  open(): void {
    const woken = this.#waiting;
    this.#waiting = new Set();
    for (const wake of woken) wake();
  }

  /** Wakes who has waited longest, where one of many is enough. */
  openForOne(): void {
    for (const wake of this.#waiting) {
      wake();
      return;
    }
  }

  /**
   * Resolves at the next `open`, or when `signal` aborts: without an error, as callers loop on it.
   */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const wake = () => {
        signal.removeEventListener('abort', wake);
        this.#waiting.delete(wake);
        resolve();
      };
      signal.addEventListener('abort', wake, {once: true});
      this.#waiting.add(wake);
    });
  }
}
