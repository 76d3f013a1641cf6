/** Planted bugs: each must be found. */
export type Planted =
  | 'nothing'
  /** A new leader does not write its epoch. */
  | 'skip the fence'
  /** A new leader takes the ledger as it is. */
  | 'skip the settle'
  /** A bind carries no resourceVersion. */
  | 'bind without resourceVersion'
  /** A new leader reads the requests before it fences the old one. */
  | 'read before the fence'
  /** A bind that was superseded gives back its capacity without a look at by what. */
  | 'forget what a read showed'
  /** A commit without an answer counts as accepted. */
  | 'bind without an answer';

/** What would keep a fail-over of Redis from doing harm. */
export type Closure =
  | 'none'
  /** A commit counts once the replica has it (`WAIT 1`): no fail-over loses what was answered. */
  | 'replicated commits'
  /** A new leader writes to every waiting request before its read: older binds meet a 409. */
  | 'touch what waits'
  /** As that, with its epoch, and nobody binds what a later epoch has written to. */
  | 'stamp what waits'
  /** That, and a new leader goes on only once the replica has its epoch. */
  | 'stamp what waits, replicate opens'
  /** When a new leader reads, nothing of the one before is under way, and it sends no more. */
  | 'old binds are over';

export interface Protocol {
  readonly ledger: 'kubernetes' | 'redis';
  readonly planted: Planted;
  readonly closure: Closure;
  readonly maxEpoch: number;
}
