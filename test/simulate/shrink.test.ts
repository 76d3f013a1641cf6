import {describe, expect, it} from 'vitest';
import {shrink} from '../../src/simulate/shrink.ts';

const thirty = Array.from({length: 30}, (_, index) => index);

describe('a list that fails', () => {
  it.each([
    ['for one item', [17]],
    ['for two that are far apart', [2, 28]],
    ['for three', [0, 13, 14]],
    ['for nothing in it', []],
    ['for all of it', thirty],
  ])('%s is shrunk to that', async (_, needed) => {
    const fails = async (items: readonly number[]) => needed.every((one) => items.includes(one));
    expect(await shrink(thirty, fails, 1_000)).toEqual(needed);
  });

  it('is left as it was found once the tries are used up', async () => {
    let tries = 0;
    const left = await shrink(
      thirty,
      async (items) => {
        tries++;
        return items.includes(0);
      },
      3,
    );
    expect(tries).toBe(3);
    expect(left).toContain(0);
    expect(left.length).toBeGreaterThan(1);
  });
});
