import {describe, expect, it} from 'vitest';
import {concludeBind} from '../../src/status/concludeBind.ts';
import type {StatusOutcome} from '../../src/status/outcome.ts';
import {makeRequest} from './makeRecords.ts';
import {makeObject} from './scriptedServer.ts';
import {bind} from './writerRig.ts';

const placed = makeObject('r-1', {
  metadata: {resourceVersion: '12'},
  status: {phase: 'Scheduled', workerName: 'w-1', assignment: {id: '7.1.r-1', epoch: 7}},
});
const written: StatusOutcome = {kind: 'written', resourceVersion: '12', object: placed};

interface Row {
  readonly name: string;
  readonly outcome: StatusOutcome;
  /**
   * Whether the capacity is held by the decision alone; false: it is bound, or given back already.
   */
  readonly isAssumed?: boolean;
  /** The worker that the cache has it on, where that is another one. */
  /** Whether the watch takes the reply for news. */
  readonly isNews?: boolean;
  readonly calls: readonly string[];
}

const rows: readonly Row[] = [
  {
    name: 'written: the reply stands for the watch, and the capacity stays',
    outcome: written,
    calls: ['done uid-r-1 12', 'replied w-1'],
  },
  {
    name: 'written, and the watch has shown a later state without the worker: released',
    outcome: written,
    isNews: false,
    calls: ['done uid-r-1 12', 'replied w-1', 'forget uid-r-1', 'release uid-r-1'],
  },
  {
    name: 'written, and the watch has shown a later state that holds the worker still: kept',
    outcome: written,
    isNews: false,
    isAssumed: false,
    calls: ['done uid-r-1 12', 'replied w-1', 'forget uid-r-1'],
  },
  {
    name: 'superseded: released, and decided anew at once where it waits',
    outcome: {kind: 'superseded'},
    calls: ['forget uid-r-1', 'release uid-r-1', 'requeue uid-r-1 0'],
  },
  {
    name: 'superseded by what a read has shown: that counts before anything is released',
    outcome: {kind: 'superseded', object: placed},
    calls: ['replied w-1', 'forget uid-r-1', 'release uid-r-1', 'requeue uid-r-1 0'],
  },
  {
    name: 'superseded by a placement that is bound: nothing is released',
    outcome: {kind: 'superseded'},
    isAssumed: false,
    calls: ['forget uid-r-1', 'requeue uid-r-1 0'],
  },
  {
    name: 'refused: released, and tried again after a backoff',
    outcome: {kind: 'refused', message: 'no'},
    calls: ['forget uid-r-1', 'release uid-r-1', 'requeue uid-r-1 backoff'],
  },
  {
    name: 'gone: released, and off the books with what the watch shows next',
    outcome: {kind: 'gone'},
    calls: ['forget uid-r-1', 'release uid-r-1', 'requeue uid-r-1 backoff'],
  },
  {name: 'unknown: held until somebody has read it', outcome: {kind: 'unknown'}, calls: []},
  {name: 'abandoned: held for the next leader', outcome: {kind: 'abandoned'}, calls: []},
];

describe('the end of a bind', () => {
  it.each(rows)('$name', ({outcome, isAssumed = true, isNews = true, calls: wanted}) => {
    const calls: string[] = [];
    concludeBind(bind(makeRequest()), outcome, {
      cache: {
        forgetAssumed(uid) {
          calls.push(`forget ${uid}`);
          return isAssumed ? {} : undefined;
        },
      },
      update: {release: (uid) => calls.push(`release ${uid}`)},
      queue: {
        done: (_, uid, resourceVersion) => calls.push(`done ${uid} ${resourceVersion}`),
        requeue: (_, {uid, delayMs}) => calls.push(`requeue ${uid} ${delayMs ?? 'backoff'}`),
        remove: () => calls.push('remove'),
      },
      router: {
        replied(request) {
          const workerName =
            request.kind === 'valid' ? request.placement?.workerName : request.kind;
          calls.push(`replied ${workerName}`);
          return isNews;
        },
      },
    });
    expect(calls).toEqual(wanted);
  });
});
