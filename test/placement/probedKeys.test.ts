import {describe, expect, test} from 'vitest';
import {ProbedKeys} from '../../src/placement/probedKeys.ts';

/** What is known of a key; undefined when nothing is. */
function knownOf(keys: ProbedKeys, hash: number): [next: number, refused: number] | undefined {
  const place = keys.find(hash);
  return place < 0 ? undefined : [keys.next(place), keys.refused(place)];
}

test('nothing is known of a key before somebody was refused, nor of others after it', () => {
  const keys = new ProbedKeys(100);
  const hashes = Array.from({length: 200}, (_, index) => index - 100);
  for (const hash of hashes) expect(knownOf(keys, hash)).toBeUndefined();
  keys.set(1000, 12, 8);
  for (const hash of hashes) expect(knownOf(keys, hash)).toBeUndefined();
});

test('each key goes on from its own attempt, whichever sign its hash has', () => {
  const keys = new ProbedKeys(100);
  const hashes = [0, 1, 2, 63, -1 - 64, 0x7fff_fff0, -0x7fff_fff5];
  for (const [index, hash] of hashes.entries()) keys.set(hash, 10 + index, index);
  for (const [index, hash] of hashes.entries()) {
    if (hash !== 63) expect(knownOf(keys, hash)).toEqual([10 + index, index]);
  }
  // -65 has the low bits of 63, and came later.
  expect(knownOf(keys, 63)).toBeUndefined();
  keys.set(2, 40, 7);
  expect(knownOf(keys, 2)).toEqual([40, 7]);
});

describe('a place for four requests', () => {
  test.each([
    [1, 64],
    [256, 64],
    [257, 128],
    [512, 128],
    [513, 256],
    [4096, 1024],
    [100_000, 1024],
  ])('%d requests have %d places', (requests, places) => {
    const keys = new ProbedKeys(requests);
    keys.set(5, 1, 1);
    keys.set(5 + places / 2, 2, 2);
    expect(knownOf(keys, 5)).toEqual([1, 1]);
    keys.set(5 + places, 3, 3);
    expect(knownOf(keys, 5)).toBeUndefined();
    expect(knownOf(keys, 5 + places)).toEqual([3, 3]);
  });
});
