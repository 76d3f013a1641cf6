import type {RequestRecord} from '../api/records.ts';
import type {Clock} from '../lib/clock.ts';
import {Heap} from '../lib/heap.ts';
import {type Entry, goesBefore} from './entry.ts';

/**
 * Requests in backoff. One timer for all of them: 500,000 timers would cost more than the requests.
 *
 * Some keep their rank meanwhile: whoever takes others asks for the foremost of these first.
 */
export class DelayQueue {
  readonly #clock: Clock;
  readonly #onDue: (entry: Entry) => void;
  readonly #entries = new Heap<Entry>({
    before: isDueBefore,
    moved: (entry, index) => {
      entry.heapIndex = index;
    },
  });
  readonly #ranked = new Heap<Entry>({
    before: goesBefore,
    moved: (entry, index) => {
      entry.rankIndex = index;
    },
  });
  #armedMs = Number.POSITIVE_INFINITY;
  #cancel: () => void = () => {};

  /** @param onDue takes each entry whose delay is over, after it has left */
  constructor(clock: Clock, onDue: (entry: Entry) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Of those that keep their rank, the one that goes first. */
  get foremost(): Entry | undefined {
    return this.#ranked.peek();
  }

  add(entry: Entry, {delayMs, keepsRank}: {delayMs: number; keepsRank: boolean}): void {
    entry.state = 'Delayed';
    entry.dueMs = this.#clock.monotonicMs() + delayMs;
    this.#entries.push(entry);
    if (keepsRank) this.#ranked.push(entry);
    this.#arm();
  }

  remove(entry: Entry): void {
    this.#entries.removeAt(entry.heapIndex);
    this.#unrank(entry);
    this.#arm();
  }

  /** Takes in a newer record, which may have another priority. */
  replace(entry: Entry, record: RequestRecord): void {
    entry.record = record;
    if (entry.rankIndex >= 0) this.#ranked.update(entry.rankIndex);
  }

  #unrank(entry: Entry): void {
    if (entry.rankIndex >= 0) this.#ranked.removeAt(entry.rankIndex);
  }

  #arm(): void {
    const dueMs = this.#entries.peek()?.dueMs ?? Number.POSITIVE_INFINITY;
    if (dueMs === this.#armedMs) return;
    this.#cancel();
    this.#cancel = () => {};
    this.#armedMs = dueMs;
    if (dueMs === Number.POSITIVE_INFINITY) return;
    this.#cancel = this.#clock.setTimer(dueMs - this.#clock.monotonicMs(), () => this.#fire());
  }

  #fire(): void {
    this.#armedMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.monotonicMs();
    for (let first = this.#entries.peek(); first; first = this.#entries.peek()) {
      if (first.dueMs > nowMs) break;
      this.#entries.pop();
      this.#unrank(first);
      this.#onDue(first);
    }
    this.#arm();
  }
}

function isDueBefore(left: Entry, right: Entry): boolean {
  if (left.dueMs !== right.dueMs) return left.dueMs < right.dueMs;
  return left.record.key < right.record.key;
}
