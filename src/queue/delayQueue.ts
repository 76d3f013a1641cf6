import type {Clock} from '../lib/clock.ts';
import {Heap} from '../lib/heap.ts';
import type {Entry} from './entry.ts';

/**
 * Requests in backoff. One timer for all of them: 500,000 timers would cost more than the requests.
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

  add(entry: Entry, delayMs: number): void {
    entry.state = 'Delayed';
    entry.dueMs = this.#clock.monotonicMs() + delayMs;
    this.#entries.push(entry);
    this.#arm();
  }

  remove(entry: Entry): void {
    this.#entries.removeAt(entry.heapIndex);
    this.#arm();
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
      this.#onDue(first);
    }
    this.#arm();
  }
}

function isDueBefore(left: Entry, right: Entry): boolean {
  if (left.dueMs !== right.dueMs) return left.dueMs < right.dueMs;
  return left.record.key < right.record.key;
}
