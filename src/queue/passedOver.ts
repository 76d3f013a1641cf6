import type {Entry} from './entry.ts';

/** How long a request is passed over before it says so: a burst is over sooner. */
export const PASSED_OVER_MS = 5_000;

/** What such a request says. */
export const PASSED_OVER =
  'requests of higher priority have filled every batch for 5 s: it has its turn when one has room';

/** A look at all entries for those that were passed over. */
interface Sweep {
  readonly entries: Iterator<Entry>;
  /** Those with less, */
  readonly below: number;
  /** and known since then, have been in no batch since then. */
  readonly sinceMs: number;
}

/**
 * Who waits behind higher priorities, batch after batch: as long as each batch is full and leaves
 * requests behind, all with less than the lowest priority taken have been passed over.
 *
 *     takes    [1000 .. 7]  [1000 .. 9]  [9 .. 9]  ...    all full, others left
 *     below        7            7           7             passed over since the first of them
 *
 * While the ledger does not answer nobody has a turn, and all are below: see `awaitLedger`.
 *
 * Cost: O(1) a batch, and O(entries) once in `PASSED_OVER_MS` while it lasts, a page at a time. A
 * batch that takes all ends it; so does a sweep, and it begins anew.
 */
export class PassedOver {
  /** What they say. */
  readonly message: string;
  #below = Number.POSITIVE_INFINITY;
  #sinceMs: number | undefined;
  #sweep: Sweep | undefined;

  constructor(message: string) {
    this.message = message;
  }

  /**
   * Takes note of a batch; true when there may be somebody to tell.
   *
   * @param lowest priority of the batch, when it is full and others are left; else undefined
   */
  note(lowest: number | undefined, nowMs: number, entries: () => Iterator<Entry>): boolean {
    if (lowest === undefined) {
      this.#sinceMs = undefined;
      return false;
    }
    this.#below = Math.min(this.#sinceMs === undefined ? lowest : this.#below, lowest);
    this.#sinceMs ??= nowMs;
    if (this.#sweep || nowMs - this.#sinceMs < PASSED_OVER_MS) return false;
    this.#sweep = {entries: entries(), below: this.#below, sinceMs: this.#sinceMs};
    this.#sinceMs = undefined;
    return true;
  }

  /** At most `max` who were passed over, have not said so, and pass `isWaiting`. */
  take(max: number, isWaiting: (entry: Entry) => boolean): Entry[] {
    const page: Entry[] = [];
    while (this.#sweep && page.length < max) {
      const {entries, below, sinceMs} = this.#sweep;
      const {value: entry, done} = entries.next();
      if (done) this.forget();
      else if (entry.priority < below && entry.seenMs <= sinceMs) {
        if (entry.reportedMessage !== this.message && isWaiting(entry)) page.push(entry);
      }
    }
    return page;
  }

  /** Ends a sweep under way. */
  forget(): void {
    this.#sweep = undefined;
  }
}
