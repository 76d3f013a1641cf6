import type {RequestRecord} from '../api/records.ts';
import {Heap} from '../lib/heap.ts';
import type {Verdict} from '../placement/plan.ts';
import {ClassQueue} from './classQueue.ts';
import {type Entry, goesBefore} from './entry.ts';

/** A waiting request, and the verdict that its status shall show. */
export interface UnreportedRequest {
  readonly record: RequestRecord;
  readonly verdict: Verdict;
}

/** Members of one class that are handed out before the next class has its turn. */
const REPORTS_A_TURN = 16;

/**
 * The Ready and Parked requests, by class: a heap of the heads of the Ready classes over one heap a
 * class. A class without members is forgotten.
 */
export class WaitingClasses {
  readonly #classes = new Map<string, ClassQueue>();
  readonly #parked = new Set<ClassQueue>();
  /** Parked classes with members to report, in the order of their turns. */
  readonly #unreported = new Set<ClassQueue>();
  readonly #heads = new Heap<ClassQueue>({
    before: (left, right) => goesBefore(left.head!, right.head!),
    moved: (queue, index) => {
      queue.heapIndex = index;
    },
  });
  #ready = 0;
  #onReady: () => void = () => {};
  #onUnreported: () => void = () => {};

  set onReady(listener: () => void) {
    this.#onReady = listener;
  }

  set onUnreported(listener: () => void) {
    this.#onUnreported = listener;
  }

  get readyCount(): number {
    return this.#ready;
  }

  get parkedClassCount(): number {
    return this.#parked.size;
  }

  /** The Ready request that goes first. */
  get best(): Entry | undefined {
    return this.#heads.peek()?.head;
  }

  /** Ready, or Parked where its class is. O(log classes + log members). */
  add(entry: Entry): void {
    const queue = this.#classOf(entry.record.classKey);
    queue.add(entry);
    if (queue.verdict !== undefined) {
      this.#noteUnreported(queue);
      return;
    }
    this.#ready++;
    if (queue.heapIndex < 0) this.#heads.push(queue);
    else this.#heads.update(queue.heapIndex);
    this.#onReady();
  }

  remove(entry: Entry): void {
    const queue = this.#classes.get(entry.record.classKey)!;
    queue.remove(entry);
    if (queue.verdict === undefined) {
      this.#ready--;
      if (queue.size === 0) this.#heads.removeAt(queue.heapIndex);
      else this.#heads.update(queue.heapIndex);
    }
    if (!queue.hasUnreported) this.#unreported.delete(queue);
    if (queue.size > 0) return;
    this.#parked.delete(queue);
    this.#classes.delete(queue.classKey);
  }

  /** Takes in a newer record of a request that is here. */
  replace(entry: Entry, record: RequestRecord): void {
    if (entry.record.classKey !== record.classKey) {
      this.remove(entry);
      entry.record = record;
      this.add(entry);
      return;
    }
    const queue = this.#classes.get(record.classKey)!;
    queue.replace(entry, record);
    if (queue.heapIndex >= 0) this.#heads.update(queue.heapIndex);
    this.#noteUnreported(queue);
  }

  /** Parks a class and whoever joins it from now on. O(log classes), whatever its size. */
  park(classKey: string, verdict: Verdict, joining: readonly Entry[]): void {
    const judged = joining.filter(({record}) => record.classKey === classKey);
    if (judged.length === 0 && !this.#classes.has(classKey)) return;
    const foremost = judged.reduce(
      (highest, {record}) => Math.max(highest, record.priority),
      Number.NEGATIVE_INFINITY,
    );
    const queue = this.#classOf(classKey);
    if (queue.heapIndex >= 0) {
      this.#heads.removeAt(queue.heapIndex);
      this.#ready -= queue.size;
    }
    queue.park(verdict, foremost);
    this.#parked.add(queue);
    this.#noteUnreported(queue);
  }

  /** Readies every Parked class whose head passes. O(parked classes). */
  wake(couldHelp: (representative: RequestRecord) => boolean): void {
    let isAnyReady = false;
    for (const queue of this.#parked) {
      if (!couldHelp(queue.head!.record)) continue;
      queue.unpark();
      this.#parked.delete(queue);
      this.#unreported.delete(queue);
      this.#heads.push(queue);
      this.#ready += queue.size;
      isAnyReady = true;
    }
    if (isAnyReady) this.#onReady();
  }

  /** See `RequestQueue.takeUnreported`. */
  takeUnreported(max: number): UnreportedRequest[] {
    const page: UnreportedRequest[] = [];
    for (const queue of this.#unreported) {
      if (page.length >= max) break;
      for (let turn = 0; turn < REPORTS_A_TURN && page.length < max; turn++) {
        const taken = queue.takeUnreported();
        if (!taken) break;
        page.push({record: taken.entry.record, verdict: taken.verdict});
      }
      this.#unreported.delete(queue);
      // Added again it is last: this loop comes back to it after the others.
      if (queue.hasUnreported) this.#unreported.add(queue);
    }
    return page;
  }

  /** Whether it waits for its turn only. */
  isReady({state, record}: Entry): boolean {
    return state === 'Member' && this.#classes.get(record.classKey)?.verdict === undefined;
  }

  /** The status of one that is here says something else than a verdict from now on. */
  saysOther(entry: Entry, message: string): void {
    this.#classes.get(entry.record.classKey)?.saysOther(entry, message);
  }

  forgetReports(): void {
    for (const queue of this.#classes.values()) queue.forgetReports();
    this.#unreported.clear();
    for (const queue of this.#parked) this.#unreported.add(queue);
  }

  #classOf(classKey: string): ClassQueue {
    const known = this.#classes.get(classKey);
    if (known) return known;
    const created = new ClassQueue(classKey);
    this.#classes.set(classKey, created);
    return created;
  }

  #noteUnreported(queue: ClassQueue): void {
    if (!queue.hasUnreported) return;
    this.#unreported.add(queue);
    this.#onUnreported();
  }
}
