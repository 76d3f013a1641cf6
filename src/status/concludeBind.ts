import {parseRequest} from '../api/parseRequest.ts';
import type {ParsedRequest, RequestKey} from '../api/records.ts';
import {assertNever} from '../lib/assertNever.ts';
import type {BindIntent} from './intent.ts';
import type {StatusOutcome} from './outcome.ts';

export interface BindConclusion {
  readonly cache: {
    forgetAssumed(uid: string): unknown;
  };
  readonly update: {release(uid: string): void};
  readonly queue: {
    done(key: RequestKey, uid: string, resourceVersion: string): void;
    requeue(key: RequestKey, options: {readonly uid: string; readonly delayMs?: number}): void;
    remove(key: RequestKey): void;
  };
  /** False where the watch knows better. */
  readonly router: {replied(request: ParsedRequest): boolean};
}

/**
 * What the end of a bind means for the capacity that it holds. Released is only what is surely not
 * bound; where nobody knows, the capacity stays held until somebody has read the object.
 */
export function concludeBind(
  {record}: BindIntent,
  outcome: StatusOutcome,
  {cache, update, queue, router}: BindConclusion,
): void {
  const {key, uid} = record;
  switch (outcome.kind) {
    case 'written':
      queue.done(key, uid, outcome.resourceVersion);
      // The reply says what the watch will: there is no need to wait for it. Where the watch has
      // shown a later state already, one without this worker holds nothing.
      if (!router.replied(parseRequest(outcome.object))) release();
      return;
    case 'superseded':
      // The read is ahead of the watch: where a bind of the leader before this one came late, it
      // shows the capacity as bound, which released now would be given to somebody else.
      if (outcome.object !== undefined) router.replied(parseRequest(outcome.object));
      release();
      // Where it still waits it is decided anew, on its present state.
      queue.requeue(key, {uid, delayMs: 0});
      return;
    case 'refused':
      release();
      queue.requeue(key, {uid});
      return;
    case 'gone':
      release();
      // Where another one has its name that is ahead of the watch, which ends the backoff.
      queue.requeue(key, {uid});
      return;
    case 'unchanged':
    case 'abandoned':
    case 'unknown':
      return;
    default:
      assertNever(outcome);
  }

  function release(): void {
    // What somebody else has bound elsewhere stays: the router has had it adopted, and the settle
    // that brings leaves nothing here.
    if (cache.forgetAssumed(uid) !== undefined) update.release(uid);
  }
}
