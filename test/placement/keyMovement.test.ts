import {describe, expect, test} from 'vitest';
import {type Change, keyMovement} from './keyMovement.ts';

/**
 * Most that may move, as a multiple of what must: measured 1.00 to 1.2 at 20 and 100 workers, 1.6
 * to 1.8 at 1,000, where the slot table is fuller. `hash mod N` moves 94 to 99.9 % of all keys.
 */
const bounds: readonly {readonly count: number; readonly change: Change; readonly most: number}[] =
  [
    {count: 20, change: 'joins', most: 1.25},
    {count: 20, change: 'leaves', most: 1.05},
    {count: 20, change: 'is cordoned', most: 1.05},
    {count: 100, change: 'joins', most: 1.25},
    {count: 100, change: 'leaves', most: 1.05},
    {count: 100, change: 'is cordoned', most: 1.05},
    {count: 1_000, change: 'joins', most: 2},
    {count: 1_000, change: 'leaves', most: 1.75},
    {count: 1_000, change: 'is cordoned', most: 1.75},
  ];

/** Workers that it happens to: of 1,000 they hold a fair share of the keys together, not each. */
const TRIALS = 10;

describe('when one of many workers changes', () => {
  test.each(bounds)(
    'and of $count one $change, at most $most times the ideal share of the keys moves',
    ({count, change, most}) => {
      const {moved, ideal, hashModN} = keyMovement(count, change, TRIALS);
      expect(moved).toBeGreaterThan(0);
      expect(moved / ideal).toBeLessThanOrEqual(most);
      expect(hashModN).toBeGreaterThan(0.9);
    },
  );

  test.each([20, 100, 1_000])('and of %i one doubles its size, no key moves', (count) => {
    expect(keyMovement(count, 'doubles its size', 2).moved).toBe(0);
  });
});
