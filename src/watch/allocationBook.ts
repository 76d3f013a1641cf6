import {isSameAllocation} from '../api/allocation.ts';
import type {Allocation} from '../api/resources.ts';
import type {Clock} from '../lib/clock.ts';
import type {Usage} from '../placement/plan.ts';
import {UsageSum} from './usageSum.ts';

interface OnWorker {
  readonly uids: Set<string>;
  readonly sum: UsageSum;
}

/**
 * Every allocation by uid, whether it is assumed or bound, and the sum of each worker. The three
 * change together or not at all, in `#put` and `#drop`.
 */
export class AllocationBook {
  readonly #clock: Clock;
  readonly #byUid = new Map<string, Allocation>();
  /** When each was assumed; in that order, as an assumption made again goes to the end. */
  readonly #assumedAtMs = new Map<string, number>();
  readonly #onWorker = new Map<string, OnWorker>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(uid: string): Allocation | undefined {
    return this.#byUid.get(uid);
  }

  isBound(uid: string): boolean {
    return this.#byUid.has(uid) && !this.#assumedAtMs.has(uid);
  }

  get assumedCount(): number {
    return this.#assumedAtMs.size;
  }

  /** What the uid held before; the very same `allocation` when nothing was to change. */
  assume(allocation: Allocation): Allocation | undefined {
    const before = this.#put(allocation);
    this.#assumedAtMs.delete(allocation.uid);
    this.#assumedAtMs.set(allocation.uid, this.#clock.monotonicMs());
    return before;
  }

  /** As `assume`. */
  confirm(allocation: Allocation): Allocation | undefined {
    const before = this.#put(allocation);
    this.#assumedAtMs.delete(allocation.uid);
    return before;
  }

  forget(uid: string): Allocation | undefined {
    const allocation = this.#byUid.get(uid);
    if (allocation) this.#drop(allocation);
    this.#assumedAtMs.delete(uid);
    return allocation;
  }

  *boundOn(workerName: string): Iterable<Allocation> {
    for (const uid of this.#onWorker.get(workerName)?.uids ?? []) {
      if (!this.#assumedAtMs.has(uid)) yield this.#byUid.get(uid)!;
    }
  }

  all(): Iterable<Allocation> {
    return this.#byUid.values();
  }

  *allBound(): Iterable<Allocation> {
    for (const [uid, allocation] of this.#byUid) {
      if (!this.#assumedAtMs.has(uid)) yield allocation;
    }
  }

  assumedOlderThan(ageMs: number): readonly string[] {
    const limitMs = this.#clock.monotonicMs() - ageMs;
    const uids: string[] = [];
    for (const [uid, atMs] of this.#assumedAtMs) {
      if (atMs > limitMs) break;
      uids.push(uid);
    }
    return uids;
  }

  usageOf(workerName: string, gpuCount: number): Usage {
    return (this.#onWorker.get(workerName)?.sum ?? new UsageSum()).usage(gpuCount);
  }

  /** Workers of which anything is taken. */
  workerNames(): Iterable<string> {
    return this.#onWorker.keys();
  }

  #put(allocation: Allocation): Allocation | undefined {
    const before = this.#byUid.get(allocation.uid);
    if (before && isSameAllocation(before, allocation)) return allocation;
    if (before) this.#drop(before);
    this.#byUid.set(allocation.uid, allocation);
    let on = this.#onWorker.get(allocation.workerName);
    if (!on) {
      on = {uids: new Set(), sum: new UsageSum()};
      this.#onWorker.set(allocation.workerName, on);
    }
    on.uids.add(allocation.uid);
    on.sum.add(allocation);
    return before;
  }

  #drop(allocation: Allocation): void {
    this.#byUid.delete(allocation.uid);
    const on = this.#onWorker.get(allocation.workerName)!;
    on.uids.delete(allocation.uid);
    on.sum.subtract(allocation);
    if (on.uids.size === 0) this.#onWorker.delete(allocation.workerName);
  }
}
