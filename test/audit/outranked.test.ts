import {describe, expect, it} from 'vitest';
import {History, type Row} from './history.ts';
import {graceMs, itJudgesInTime, showing} from './inTime.ts';

const outage = 'LedgerUnavailable';
const urgent = {spec: {priority: 1}};
const tooMuch = {resources: {cpu: '2'}};

describe('a request that says it is outranked', () => {
  itJudgesInTime([
    [
      'may be, by one that waits for its turn',
      (h) => h.waiting('a', 'Outranked').waiting('b', outage, '', urgent),
      [],
    ],
    [
      'may be, by one that says nothing yet',
      (h) => h.waiting('a', 'Outranked').at(1).request('b', undefined, urgent),
      [],
    ],
    [
      'is not, by one of its own priority',
      (h) => h.waiting('a', 'Outranked').waiting('b', outage),
      ['untrue reason'],
    ],
    [
      'is not, by one that is placed for long',
      (h) =>
        h
          .waiting('a', 'Outranked')
          .request('b', 'w-1', urgent)
          .worker('w-1', {}, showing('500m', '500m')),
      ['untrue reason'],
    ],
    ...['Unplaceable', 'InvalidSpec'].map(
      (reason): Row => [
        `is not, by one that waits in vain: ${reason}`,
        (h) =>
          h
            .waiting('a', 'Outranked', '', tooMuch)
            .waiting('b', reason, '', {spec: {priority: 1, workerName: 'w-2'}}),
        ['untrue reason'],
      ],
    ),
    [
      'is not, by one that is suspended',
      (h) =>
        h
          .waiting('a', 'Outranked')
          .waiting('b', 'Suspended', '', {spec: {priority: 1, suspend: true}}),
      ['untrue reason'],
    ],
    [
      'is not, by one that has ended',
      (h) =>
        h.waiting('a', 'Outranked').request('b', undefined, {...urgent, status: {phase: 'Failed'}}),
      ['untrue reason'],
    ],
  ]);

  it.each([
    ['may be, by one that was placed within the grace and is gone', 5, []],
    ['is not, by one that was placed before that', 0, ['untrue reason']],
  ])('%s', (_, atMs, rules) => {
    const history = new History({graceMs}).worker('w-1').waiting('a', 'Outranked');
    history.waiting('b', outage, '', urgent);
    history.at(atMs).request('b', 'w-1', urgent).requestGone('b').tick(graceMs);
    expect(history.rules).toEqual(rules);
  });
});
