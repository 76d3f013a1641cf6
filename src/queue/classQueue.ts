import {ScheduledReason} from '../api/reasons.ts';
import type {RequestRecord} from '../api/records.ts';
import {Heap} from '../lib/heap.ts';
import type {Verdict} from '../placement/plan.ts';
import {type Entry, goesBefore} from './entry.ts';
import {EntryList} from './entryList.ts';

/**
 * The waiting requests of one class, best first. With a verdict all of them are Parked, without one
 * all are Ready: one field decides for 100,000.
 *
 * Each verdict with a new message gets a version. `#reports` lists the members whose version is
 * older, then those that know the present one; so a new verdict outdates every member in O(1), and
 * they are handed out for reporting one by one.
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
    this.#members.push(entry);
    const isKnown = this.#message !== undefined && this.#message === entry.reportedMessage;
    entry.reportedVersion = isKnown && !showsOtherReason(entry.record) ? this.#version : 0;
    if (this.#isUnreported(entry)) this.#reports.prepend(entry);
    else this.#reports.append(entry);
  }

  remove(entry: Entry): void {
    this.#members.removeAt(entry.heapIndex);
    this.#reports.remove(entry);
  }

  /** Takes a newer record of the same class into account. */
  replace(entry: Entry, record: RequestRecord): void {
    entry.record = record;
    this.#members.update(entry.heapIndex);
  }

  park(verdict: Verdict): void {
    this.#verdict = verdict;
    if (verdict.message === this.#message) return;
    this.#message = verdict.message;
    this.#version++;
  }

  unpark(): void {
    this.#verdict = undefined;
  }

  /**
   * The next member whose status does not say the verdict yet; it counts as reported from now on.
   */
  takeUnreported(): Entry | undefined {
    if (!this.hasUnreported) return undefined;
    const entry = this.#reports.first!;
    this.#reports.remove(entry);
    entry.reportedVersion = this.#version;
    entry.reportedMessage = this.#message;
    this.#reports.append(entry);
    return entry;
  }

  /** Forgets what was reported: whether it was written is not known any more. */
  forgetReports(): void {
    this.#message = undefined;
    this.#version++;
    for (const entry of this.#members) entry.reportedMessage = undefined;
  }

  #isUnreported(entry: Entry): boolean {
    return entry.reportedVersion !== this.#version;
  }
}

/** True when something else than a verdict was written over the verdict since. */
function showsOtherReason(record: RequestRecord): boolean {
  const scheduled = record.conditions.find((condition) => condition.type === 'Scheduled');
  return scheduled !== undefined && scheduled.reason !== ScheduledReason.Unplaceable;
}
