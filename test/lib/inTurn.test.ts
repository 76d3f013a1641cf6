import {describe, expect, it} from 'vitest';
import {InTurn} from '../../src/lib/inTurn.ts';

const take = <Key>(turns: InTurn<Key>, count: number) =>
  Array.from({length: count}, () => turns.next());

describe('members in turn', () => {
  it('come oldest first, then an end, then anew', () => {
    const turns = new InTurn(new Set(['a', 'b']));
    expect(take(turns, 5)).toEqual(['a', 'b', undefined, 'a', 'b']);
  });

  it('of a map are its keys', () => {
    expect(take(new InTurn(new Map([['a', 1]])), 2)).toEqual(['a', undefined]);
  });

  it('are those that are there when it is their turn', () => {
    const members = new Set(['a', 'b', 'c']);
    const turns = new InTurn(members);
    turns.next();
    members.delete('b');
    members.add('d');
    expect(take(turns, 3)).toEqual(['c', 'd', undefined]);
  });

  it('go on after the last one was taken, and after all were cleared', () => {
    const members = new Set(Array.from({length: 1_000}, (_, index) => index));
    const turns = new InTurn(members);
    for (let taken = 0; taken < 1_000; taken++) members.delete(turns.next()!);
    members.add(-1);
    expect(turns.next()).toBe(-1);
    members.clear();
    members.add(-2);
    expect(turns.next()).toBe(-2);
  });
});
