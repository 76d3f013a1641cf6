import type {RequestRecord} from '../api/records.ts';
import {Heap} from '../lib/heap.ts';
import type {Verdict} from '../placement/plan.ts';
import {type Entry, goesBefore} from './entry.ts';
import {EntryList} from './entryList.ts';

export const BEHIND_OWN_KIND = 'Requests of its kind with higher priority go first.';

/**
 * The waiting requests of one class, best first. With a verdict all of them are Parked, without one
 * all are Ready: one field decides for 100,000.
 *
 * Each verdict with a new message gets a version. `#reports` lists the members whose version is
 * older, then those that know the present one; so a new verdict outdates every member in O(1), and
 * they are handed out for reporting one by one.
 *
 * One verdict serves all, but for one sentence: who has a lower priority than a member that got the
 * verdict in its batch waits for that one too, and would otherwise see nothing of it.
 */
export class ClassQueue {
  readonly classKey: string;
  /** Of the heap of class heads; -1 while Parked. */
  heapIndex = -1;
  readonly #members = new Heap<Entry>({
    before: goesBefore,
    moved: (entry, index) => {
      entry.heapIndex = index;
    },
  });
  readonly #reports = new EntryList();
  #verdict: Verdict | undefined;
  #message: string | undefined;
  /** The highest priority among those of the batch that got the verdict. */
  #foremost = Number.NEGATIVE_INFINITY;
  #version = 0;

  constructor(classKey: string) {
    this.classKey = classKey;
  }

  get size(): number {
    return this.#members.size;
  }

  /** Why its members wait; undefined while they are Ready. */
  get verdict(): Verdict | undefined {
    return this.#verdict;
  }

  /** The member that goes first, and stands for all: they are equal in what placement looks at. */
  get head(): Entry | undefined {
    return this.#members.peek();
  }

  get hasUnreported(): boolean {
    const first = this.#reports.first;
    return this.#verdict !== undefined && first !== undefined && this.#isUnreported(first);
  }

  add(entry: Entry): void {
    entry.state = 'Member';
    entry.priority = entry.record.priority;
    this.#members.push(entry);
    const isKnown = this.#message !== undefined && this.#textFor(entry) === entry.reportedMessage;
    entry.reportedVersion = isKnown ? this.#version : 0;
    if (!isKnown) entry.reportedMessage = undefined;
    if (this.#isUnreported(entry)) this.#reports.prepend(entry);
    else this.#reports.append(entry);
  }

  remove(entry: Entry): void {
    this.#members.removeAt(entry.heapIndex);
    this.#reports.remove(entry);
  }

  /**
   * Takes a newer record of the same class into account. Where nothing counts as told to it any
   * more, it is due at once.
   */
  replace(entry: Entry, record: RequestRecord): void {
    const before = this.#textFor(entry);
    entry.record = record;
    entry.priority = record.priority;
    this.#members.update(entry.heapIndex);
    const isDue = entry.reportedMessage === undefined || this.#textFor(entry) !== before;
    if (isDue) this.#outdate(entry);
  }

  /** @param foremost the highest priority among those of the batch that got the verdict */
  park(verdict: Verdict, foremost: number): void {
    this.#verdict = verdict;
    if (verdict.message === this.#message && foremost === this.#foremost) return;
    this.#message = verdict.message;
    this.#foremost = foremost;
    this.#version++;
  }

  unpark(): void {
    this.#verdict = undefined;
  }

  /**
   * The next member whose status does not say the verdict yet, which counts as reported from now
   * on; with the message for it.
   */
  takeUnreported(): {readonly entry: Entry; readonly verdict: Verdict} | undefined {
    while (this.hasUnreported) {
      const entry = this.#reports.first!;
      const message = this.#textFor(entry);
      this.#reports.remove(entry);
      entry.reportedVersion = this.#version;
      this.#reports.append(entry);
      // Others of the class have a new text, this one has not.
      if (entry.reportedMessage === message) continue;
      entry.reportedMessage = message;
      return {entry, verdict: {...this.#verdict!, message}};
    }
    return undefined;
  }

  /** Its status says something else than a verdict from now on. */
  saysOther(entry: Entry, message: string): void {
    this.#outdate(entry);
    entry.reportedMessage = message;
  }

  /** Forgets what was reported: whether it was written is not known any more. */
  forgetReports(): void {
    this.#message = undefined;
    this.#version++;
    for (const entry of this.#members) entry.reportedMessage = undefined;
  }

  #textFor({priority}: Entry): string {
    const message = this.#message ?? '';
    return priority < this.#foremost ? `${message} ${BEHIND_OWN_KIND}` : message;
  }

  /** Its next report is due, whatever it was told before. */
  #outdate(entry: Entry): void {
    this.#reports.remove(entry);
    entry.reportedVersion = 0;
    this.#reports.prepend(entry);
  }

  #isUnreported(entry: Entry): boolean {
    return entry.reportedVersion !== this.#version;
  }
}
