import {describe, expect, it} from 'vitest';
import {History, itJudges, onGpus, record} from './history.ts';

describe('an epoch', () => {
  const by = (epoch: number) => ({assignment: {epoch}});
  itJudges([
    [
      'that had ended places nobody who came after it',
      (h) => h.request('a', 'w-1', by(2)).request('b', undefined).request('b', 'w-2', by(1)),
      ['epoch went back'],
    ],
    [
      'that had ended may have had a bind on its way',
      (h) => h.request('b', undefined).request('a', 'w-1', by(2)).request('b', 'w-2', by(1)),
      [],
    ],
    [
      'that had ended had none on its way of which the Ledger knows nothing',
      (h) =>
        h
          .request('b', undefined)
          .ledger({epoch: 2, cycle: 1, inFlight: [record('a', 'w-1')]})
          .request('a', 'w-1', by(2))
          .request('b', 'w-2', by(1)),
      ['epoch went back'],
    ],
    [
      'that had ended places on a worker that is gone only what was on its way',
      (h) =>
        h
          .request('b', undefined)
          .ledger({epoch: 2, cycle: 1, inFlight: [record('a', 'w-1')]})
          .request('a', 'w-1', by(2))
          .workerGone('w-2')
          .request('b', 'w-2', by(1)),
      ['unknown worker'],
    ],
    [
      'never falls in the Ledger',
      (h) => h.ledger({epoch: 2}).ledger({epoch: 1}),
      ['epoch went back'],
    ],
    [
      'begins anew in a Ledger that is made anew',
      (h) => h.ledger({epoch: 2}).ledger({epoch: 1}, 'another'),
      [],
    ],
    [
      'has cycles that never fall',
      (h) => h.ledger({epoch: 1, cycle: 4}).ledger({epoch: 1, cycle: 3}),
      ['epoch went back'],
    ],
    [
      'may begin with cycle 0',
      (h) => h.ledger({epoch: 1, cycle: 4}).ledger({epoch: 2, cycle: 0}),
      [],
    ],
    ['never falls in the Lease', (h) => h.lease('x', 3).lease('x', 2), ['epoch went back']],
    [
      'is a new one for a new holder of the Lease',
      (h) => h.lease('x', 3).lease('y', 3),
      ['epoch went back'],
    ],
    [
      'goes on while its holder renews, and gives up',
      (h) => h.lease('x', 3).lease('x', 3).lease('', 3),
      [],
    ],
    [
      'is none of an agent`s Lease',
      (h) => h.lease('x', 3, {name: 'berth-worker-1'}).lease('y', 2, {name: 'berth-worker-1'}),
      [],
    ],
    [
      'begins anew in a Lease that is made anew',
      (h) => h.lease('x', 3).lease('y', 1, {uid: 'another'}),
      [],
    ],
    [
      'that a list has shown counts as well',
      (h) =>
        h
          .listed('request', [h.requestObject('a', 'w-1', by(2))])
          .request('b', undefined)
          .request('b', 'w-2', by(1)),
      ['epoch went back'],
    ],
    ['rises when the Lease is taken', (h) => h.lease('', 3).lease('y', 4), []],
  ]);

  it('that had ended and had a bind on its way is counted, and nothing else is', () => {
    const history = new History().worker('w-1').request('b', undefined);
    history.request('a', 'w-1', by(2)).request('b', 'w-1', by(1));
    expect(history.rules).toEqual([]);
    expect(history.auditor.counts.lateBinds).toBe(1);
  });
});

describe('a commit', () => {
  const inFlight = (...uids: readonly string[]) => uids.map((uid) => record(uid, 'w-1'));
  itJudges([
    [
      'comes before its placement',
      (h) => h.ledger({epoch: 1, cycle: 1, inFlight: inFlight('a')}).request('a', 'w-1'),
      [],
    ],
    [
      'is not left out',
      (h) => h.ledger({epoch: 1, cycle: 1}).request('a', 'w-1'),
      ['not committed'],
    ],
    [
      'is not left out by a leader whose successor has opened the Ledger',
      (h) => h.ledger({epoch: 2, cycle: 0}).request('a', 'w-1'),
      ['not committed'],
    ],
    [
      'is for the worker of the placement',
      (h) => h.ledger({epoch: 1, cycle: 1, inFlight: inFlight('a')}).request('a', 'w-2'),
      ['not committed'],
    ],
    [
      'is for the GPUs of the placement',
      (h) =>
        h
          .ledger({
            epoch: 1,
            cycle: 1,
            inFlight: [record('a', 'w-1', {gpuDevices: [0], gpuMillis: 1000})],
          })
          .request('a', 'w-1', onGpus([1])),
      ['not committed'],
    ],
    [
      'is not looked for in a Ledger that a later leader does not use',
      (h) => h.ledger({epoch: 1, cycle: 1}).request('a', 'w-1', {assignment: {epoch: 5}}),
      [],
    ],
    [
      'is not looked for where a placement says no epoch',
      (h) => h.ledger({epoch: 1, cycle: 1}).request('a', 'w-1', {assignment: {epoch: 0}}),
      [],
    ],
    [
      'is none while a take-over settles, before the first batch',
      (h) =>
        h
          .ledger({epoch: 1, cycle: 0})
          .ledger({epoch: 1, cycle: 0, inFlight: inFlight('a')})
          .ledger({epoch: 1, cycle: 0, inFlight: inFlight('a', 'b')}),
      [],
    ],
    [
      'is one a batch',
      (h) =>
        h
          .ledger({epoch: 1, cycle: 0})
          .ledger({epoch: 1, cycle: 1, inFlight: inFlight('a')})
          .ledger({epoch: 1, cycle: 1, inFlight: inFlight('a', 'b')}),
      ['committed twice'],
    ],
    [
      'of each batch has a cycle of its own',
      (h) =>
        h
          .ledger({epoch: 1, cycle: 0})
          .ledger({epoch: 1, cycle: 1, inFlight: inFlight('a')})
          .ledger({epoch: 1, cycle: 2, inFlight: inFlight('a', 'b')}),
      [],
    ],
  ]);
});
