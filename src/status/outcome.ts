import type {BindIntent, PendingIntent} from './intent.ts';

export type StatusIntent = BindIntent | PendingIntent;

/** The end of one intent; each has exactly one. */
export type StatusOutcome =
  /** The object says so, by this write or by an earlier one whose reply was lost. */
  | {
      readonly kind: 'written';
      readonly resourceVersion: string;
      /** The object as the server returned it. */
      readonly object: unknown;
    }
  /** It said so before: nothing was sent. */
  | {readonly kind: 'unchanged'}
  /** The request is not any more what was decided upon: release, and decide anew where it waits. */
  | {
      readonly kind: 'superseded';
      /** The object as it was read; absent where a newer intent took the place of this one. */
      readonly object?: unknown;
    }
  /** The object is deleted, or another one has its name: release. */
  | {readonly kind: 'gone'}
  /** The server does not take it, and did not: release, and try again after a backoff. */
  | {readonly kind: 'refused'; readonly message: string}
  /** The writer was stopped, and this was surely not written. */
  | {readonly kind: 'abandoned'}
  /**
   * Nobody knows whether it was written, and the writer may not find out: keep, and read it later.
   */
  | {readonly kind: 'unknown'};
