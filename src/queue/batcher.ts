import type {RequestRecord} from '../api/records.ts';
import type {Clock} from '../lib/clock.ts';

export interface BatcherOptions {
  readonly queue: {
    readonly readyCount: number;
    take(max: number): readonly RequestRecord[];
    /** The batcher is the one listener. */
    onReady: () => void;
  };
  /** Whether nothing that was decided is still on its way. */
  readonly isIdle: () => boolean;
  readonly clock: Clock;
  readonly limits: {
    readonly maxRequests: number;
    /**
     * The window closes so long after the latest arrival, and at once where nobody came for so long
     * before its first one and nothing is on its way,
     */
    readonly idleMs: number;
    /** and at the latest so long after its first one. */
    readonly maxMs: number;
  };
}

/** What one read of the watch brings comes within this time, and is one batch. */
const SAME_READ_MS = 1;

/**
 * Gathers waiting requests into batches. A window opens with the first one that waits and closes
 * when enough of them do, when no more come, or at its longest. Whoever comes after a pause does
 * not wait for others: a burst costs one batch more for that, a single request nothing. But a
 * server that has not written the last placement yet is not helped by a commit for each.
 *
 * Windows run on their own time, whether or not anybody waits in `next`: what arrives during a
 * cycle has waited already, and does not wait a second time after it. Requests that a full batch
 * left behind keep their window, so they are the next batch at once.
 */
export class Batcher {
  readonly #options: BatcherOptions;
  #openedMs: number | undefined;
  /** Whether the window opened after a pause. */
  #isAlone = false;
  #latestMs = -Infinity;
  #notify: () => void = () => {};

  constructor(options: BatcherOptions) {
    this.#options = options;
    options.queue.onReady = () => this.#arrived();
    if (options.queue.readyCount > 0) this.#arrived();
  }

  /**
   * The next batch; empty only when `signal` aborts. One caller at a time.
   * @param most the batch has no more; what it leaves behind keeps its window
   */
  next(signal: AbortSignal, most: number): Promise<readonly RequestRecord[]> {
    return new Promise((resolve) => {
      let cancelTimer = () => {};
      const finish = (batch: readonly RequestRecord[]) => {
        cancelTimer();
        signal.removeEventListener('abort', abandon);
        this.#notify = () => {};
        resolve(batch);
      };
      const abandon = () => finish([]);
      const look = () => {
        cancelTimer();
        const leftMs = this.#msUntilClosed();
        if (leftMs === 0) {
          // While it takes, the queue may ready others: one more look would take a batch that
          // nobody gets.
          this.#notify = () => {};
          return finish(this.#take(most));
        }
        if (leftMs === undefined) this.#notify = look;
        else {
          // A timer for each of 512 arrivals would cost more than looking again when this one
          // fires.
          cancelTimer = this.#options.clock.setTimer(leftMs, look);
          this.#notify = () => {
            if (this.#isFull()) look();
          };
        }
      };
      if (signal.aborted) return abandon();
      signal.addEventListener('abort', abandon, {once: true});
      look();
    });
  }

  #arrived(): void {
    const {clock, limits} = this.#options;
    const nowMs = clock.monotonicMs();
    if (this.#openedMs === undefined) {
      this.#openedMs = nowMs;
      this.#isAlone = nowMs - this.#latestMs >= limits.idleMs;
    }
    this.#latestMs = nowMs;
    this.#notify();
  }

  /** 0 when the window is closed, undefined when none is open. */
  #msUntilClosed(): number | undefined {
    const {queue, clock, limits, isIdle} = this.#options;
    // Whoever opened the window may have been deleted, or parked with its class.
    if (queue.readyCount === 0) this.#openedMs = undefined;
    if (this.#openedMs === undefined) return undefined;
    if (this.#isFull()) return 0;
    const closesMs =
      this.#isAlone && isIdle()
        ? this.#openedMs + Math.min(SAME_READ_MS, limits.idleMs)
        : Math.min(this.#openedMs + limits.maxMs, this.#latestMs + limits.idleMs);
    return Math.max(0, closesMs - clock.monotonicMs());
  }

  #isFull(): boolean {
    const {queue, limits} = this.#options;
    return queue.readyCount >= limits.maxRequests;
  }

  #take(most: number): readonly RequestRecord[] {
    const {queue, limits} = this.#options;
    const batch = queue.take(Math.min(most, limits.maxRequests));
    if (queue.readyCount === 0) this.#openedMs = undefined;
    return batch;
  }
}
