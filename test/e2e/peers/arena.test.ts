import {describe, expect, it} from 'vitest';
import {refuseBadPlacement} from '../../../e2e/peers/arena.ts';

const on = (host: string, count: number) => Array.from({length: count}, () => host);

describe('the recount of a burst', () => {
  it('takes hosts that are just full', () => {
    expect(() => refuseBadPlacement([...on('a', 40), ...on('b', 3)], 43)).not.toThrow();
  });

  it.each([
    ['one is not placed', [...on('a', 2), undefined], 3, '2 of 3 objects are placed, wanted 3'],
    ['one more waits', [...on('a', 2), undefined], 2, '2 of 3 objects are placed, wanted 2'],
    ['one is missing', on('a', 2), 3, '2 of 2 objects are placed, wanted 3'],
    ['there is one too many', on('a', 4), 3, '4 of 4 objects are placed, wanted 3'],
    ['a host has more than it holds', on('a', 41), 41, 'a has 41 objects, it holds 40'],
  ])('refuses it where %s', (_, hosts, count, why) => {
    expect(() => refuseBadPlacement(hosts, count)).toThrow(why);
  });
});
