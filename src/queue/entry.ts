import {findCondition} from '../api/conditions.ts';
import {withoutNearest} from '../api/nearestText.ts';
import type {RequestRecord} from '../api/records.ts';

/** One request of the queue, with its place in whichever heap holds it. */
export interface Entry {
  /** The newest that is known. */
  record: RequestRecord;
  /** Of the record: reasons ask for it once each. */
  priority: number;
  /** When it was first seen without a worker; monotonic. */
  readonly seenMs: number;
  state: EntryState;
  /** Of the heap of its class, or of the delayed ones; -1 in neither. */
  heapIndex: number;
  /** Of the heap of those in backoff that keep their rank; -1 for others. */
  rankIndex: number;
  /** How often it was given back since its spec last changed; the attempt of its backoff. */
  requeues: number;
  /** Monotonic; while Delayed. */
  dueMs: number;
  /** Of the write that placed it; while Placed. */
  placedVersion: string;
  /** What was last handed out for its status: message of a verdict, or that it is outranked. */
  reportedMessage: string | undefined;
  /** `ClassQueue` counts its verdicts; 0 says that the present one is unreported. */
  reportedVersion: number;
  previous: Entry | undefined;
  next: Entry | undefined;
}

/** Ready and Parked are a state of the class, so that a whole class changes it at once. */
export type EntryState = 'Member' | 'InFlight' | 'Delayed' | 'Placed';

export function newEntry(record: RequestRecord, seenMs: number): Entry {
  return {
    record,
    priority: record.priority,
    seenMs,
    state: 'Member',
    heapIndex: -1,
    rankIndex: -1,
    requeues: 0,
    dueMs: 0,
    placedVersion: '',
    reportedMessage: undefined,
    reportedVersion: 0,
    previous: undefined,
    next: undefined,
  };
}

/**
 * Whether a newer state lacks what was last handed out for it. Then the write of that has not come
 * yet, or never comes, as the state that it was decided on said so already: it is due again.
 */
export function lacksReport({reportedMessage}: Entry, {conditions}: RequestRecord): boolean {
  if (reportedMessage === undefined) return false;
  const said = findCondition(conditions, 'Scheduled')?.message ?? '';
  return withoutNearest(said) !== reportedMessage;
}

/** Higher priority first, then the older one; the key ends it, as two may be of one second. */
export function goesBefore(
  {record: left}: Pick<Entry, 'record'>,
  {record: right}: Pick<Entry, 'record'>,
): boolean {
  if (left.priority !== right.priority) return left.priority > right.priority;
  if (left.createdMs !== right.createdMs) return left.createdMs < right.createdMs;
  return left.key < right.key;
}
