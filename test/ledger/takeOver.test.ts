import {describe, expect, it} from 'vitest';
import {takeOver} from '../../src/ledger/takeOver.ts';
import {makeAllocation} from './allocations.ts';

const on = (uid: string, workerName: string) => makeAllocation(uid, {workerName});

describe('a new leader', () => {
  const rows = [
    {
      name: 'binds a committed request where it was committed',
      held: [on('a', 'w-1')],
      bound: [],
      pending: ['a'],
      rollForward: ['a@w-1'],
      truth: ['a@w-1'],
      released: 0,
      added: 0,
    },
    {
      name: 'releases an allocation whose request is gone',
      held: [on('a', 'w-1')],
      bound: [],
      pending: [],
      rollForward: [],
      truth: [],
      released: 1,
      added: 0,
    },
    {
      name: 'keeps an allocation whose request is bound there',
      held: [on('a', 'w-1')],
      bound: [on('a', 'w-1')],
      pending: [],
      rollForward: [],
      truth: ['a@w-1'],
      released: 0,
      added: 0,
    },
    {
      name: 'believes the API server where the request is bound elsewhere',
      held: [on('a', 'w-1')],
      bound: [on('a', 'w-2')],
      pending: [],
      rollForward: [],
      truth: ['a@w-2'],
      released: 1,
      added: 1,
    },
    {
      name: 'adds a bound request that the ledger never knew',
      held: [],
      bound: [on('a', 'w-1')],
      pending: [],
      rollForward: [],
      truth: ['a@w-1'],
      released: 0,
      added: 1,
    },
  ];
  it.each(rows)('$name', ({held, bound, pending, rollForward, truth, released, added}) => {
    const plan = takeOver({
      held,
      bound,
      canBind: (uid) => (pending as readonly string[]).includes(uid),
    });
    const shown = (all: readonly {uid: string; workerName: string}[]) =>
      all.map(({uid, workerName}) => `${uid}@${workerName}`);
    expect(shown(plan.rollForward)).toEqual(rollForward);
    expect(shown(plan.truth)).toEqual(truth);
    expect(plan).toMatchObject({released, added});
  });
});
