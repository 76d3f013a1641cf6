import {describe, expect, it} from 'vitest';
import {RoundRobin} from '../../src/lib/roundRobin.ts';

const take = <Key>(turns: RoundRobin<Key>, count: number) =>
  Array.from({length: count}, () => turns.next());

describe('a round robin', () => {
  it('come oldest first, then an end, then anew', () => {
    const turns = new RoundRobin(new Set(['a', 'b']));
    expect(take(turns, 5)).toEqual(['a', 'b', undefined, 'a', 'b']);
  });

  it('of a map are its keys', () => {
    expect(take(new RoundRobin(new Map([['a', 1]])), 2)).toEqual(['a', undefined]);
  });

  it('are those that are there when it is their turn', () => {
    const members = new Set(['a', 'b', 'c']);
    const turns = new RoundRobin(members);
    turns.next();
    members.delete('b');
    members.add('d');
    expect(take(turns, 3)).toEqual(['c', 'd', undefined]);
  });

  it('go on after the last one was taken, and after all were cleared', () => {
    const members = new Set(Array.from({length: 1_000}, (_, index) => index));
    const turns = new RoundRobin(members);
    for (let taken = 0; taken < 1_000; taken++) members.delete(turns.next()!);
    members.add(-1);
    expect(turns.next()).toBe(-1);
    members.clear();
    members.add(-2);
    expect(turns.next()).toBe(-2);
  });
});
