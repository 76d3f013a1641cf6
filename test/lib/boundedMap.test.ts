import {describe, expect, it} from 'vitest';
import {BoundedMap} from '../../src/lib/boundedMap.ts';

function mapOf(limit: number, ...keys: readonly string[]): BoundedMap<string, string> {
  const map = new BoundedMap<string, string>(limit);
  for (const key of keys) map.put(key, key);
  return map;
}

describe('a bounded map', () => {
  it('says which put cost another entry', () => {
    const map = mapOf(2);
    expect(['a', 'b', 'b', 'c'].map((key) => map.put(key, key))).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  const calls: readonly {
    readonly name: string;
    readonly call: (map: BoundedMap<string, string>) => unknown;
    readonly left: readonly string[];
  }[] = [
    {name: 'nothing: the oldest is forgotten', call: () => {}, left: ['b', 'c']},
    {name: 'put makes one the youngest', call: (map) => map.put('a', 'a'), left: ['a', 'c']},
    {name: 'use makes one the youngest', call: (map) => map.use('a', () => ''), left: ['a', 'c']},
    {name: 'get leaves the age as it is', call: (map) => map.get('a'), left: ['b', 'c']},
    {name: 'delete makes room', call: (map) => map.delete('b'), left: ['a', 'c']},
    {name: 'clear leaves none', call: (map) => map.clear(), left: ['c']},
  ];
  it.each(calls)('holds two: $name', ({call, left}) => {
    const map = mapOf(2, 'a', 'b');
    call(map);
    map.put('c', 'c');
    expect([...map.values()]).toEqual(left);
  });

  it('makes what is not known, once', () => {
    const map = mapOf(2);
    expect(map.use('a', () => 'first')).toBe('first');
    expect(map.use('a', () => 'second')).toBe('first');
  });
});
