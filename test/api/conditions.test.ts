import {describe, expect, it} from 'vitest';
import {type Condition, setCondition} from '../../src/api/conditions.ts';

const ready: Condition = {
  type: 'Ready',
  status: 'False',
  observedGeneration: 1,
  lastTransitionTime: '2026-01-01T00:00:00Z',
  reason: 'Placed',
  message: 'starts',
};
const scheduled: Condition = {...ready, type: 'Scheduled', status: 'True'};
const now = '2026-01-02T00:00:00Z';
const {lastTransitionTime: _, ...wanted} = ready;

describe('setting a condition', () => {
  it('gives the very same list when nothing would change', () => {
    const list = [ready, scheduled];
    expect(setCondition(list, wanted, now)).toBe(list);
  });

  it('adds it with the time of now, in the order of types', () => {
    const finished = {...wanted, type: 'Finished'};
    expect(setCondition([ready, scheduled], finished, now)).toEqual([
      {...finished, lastTransitionTime: now},
      ready,
      scheduled,
    ]);
  });

  it.each([
    ['reason', {reason: 'Running'}, ready.lastTransitionTime],
    ['message', {message: 'other'}, ready.lastTransitionTime],
    ['observedGeneration', {observedGeneration: 2}, ready.lastTransitionTime],
    ['status', {status: 'True' as const}, now],
  ])('for another %s replaces it, with a new time only for a new status', (_name, change, time) => {
    const next = setCondition([ready, scheduled], {...wanted, ...change}, now);
    expect(next).toEqual([{...ready, ...change, lastTransitionTime: time}, scheduled]);
  });

  it('leaves the list that it was given as it was', () => {
    const list = Object.freeze([scheduled]);
    expect(setCondition(list, wanted, now)).toHaveLength(2);
    expect(list).toEqual([scheduled]);
  });
});
