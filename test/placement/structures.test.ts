import assert from 'node:assert/strict';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {CandidateHeap} from '../../src/placement/candidateHeap.ts';
import {EligibilityCache} from '../../src/placement/eligibilityCache.ts';
import {buildSlotTable, probe} from '../../src/placement/slotTable.ts';
import {makeWorkers} from './builders.ts';

test('a heap always has the least score at its top, the lowest rank among equals', () => {
  const score = fc.integer({min: 0, max: 9});
  const changes = fc.array(fc.tuple(fc.nat({max: 19}), fc.option(score)), {maxLength: 60});
  fc.assert(
    fc.property(fc.array(score, {minLength: 1, maxLength: 20}), changes, (scores, list) => {
      const heap = new CandidateHeap(scores.length, scores.length);
      const model = new Map(scores.entries());
      for (const [rank, value] of model) heap.add(rank, value);
      heap.heapify();
      const leastOf = () =>
        [...model].toSorted(([a, left], [b, right]) => left - right || a - b)[0]?.[0] ?? -1;
      assert.equal(heap.top, leastOf());
      for (const [rank, value] of list) {
        assert.equal(rank < scores.length && heap.has(rank), model.has(rank));
        if (!model.has(rank)) continue;
        if (value === null) heap.remove(rank);
        else heap.update(rank, value);
        if (value === null) model.delete(rank);
        else model.set(rank, value);
        assert.equal(heap.top, leastOf());
        if (heap.top >= 0) assert.equal(heap.topScore, model.get(heap.top));
      }
    }),
    {numRuns: 300},
  );
});

test('a heap stays in order when the candidate that fills a gap is less than those above it', () => {
  // Only the path down to the last place holds small scores; the gap opens on the other side.
  const small = new Map([
    [0, 0],
    [2, 1],
    [6, 2],
    [14, 3],
    [30, 4],
  ]);
  const heap = new CandidateHeap(31, 31);
  for (let rank = 0; rank < 31; rank++) heap.add(rank, small.get(rank) ?? 10 + rank);
  heap.remove(7);
  const drained: number[] = [];
  for (let rank = heap.top; rank >= 0; rank = heap.top) {
    drained.push(heap.topScore);
    heap.remove(rank);
  }
  expect(drained).toHaveLength(30);
  expect(drained).toEqual(drained.toSorted((left, right) => left - right));
});

test('a slot table holds every rank once, at most half full', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({max: 50}), {maxLength: 100}), (hashes) => {
      const ranks = Int32Array.from(hashes.keys());
      const {slots, mask} = buildSlotTable(ranks, Uint32Array.from(hashes));
      assert.deepEqual(
        [...slots].filter((rank) => rank >= 0).toSorted((a, b) => a - b),
        [...ranks],
      );
      assert(slots.length === mask + 1 && slots.length >= 2 * ranks.length);
    }),
    {numRuns: 100},
  );
});

test('no worker would rather have a slot whose holder ranks behind it', () => {
  const hash = Uint32Array.from({length: 100}, (_, index) => Math.imul(index, 0x85ebca6b) >>> 0);
  const {slots, mask} = buildSlotTable(Int32Array.from(hash.keys()), hash);
  for (const [rank, own] of hash.entries()) {
    for (let attempt = 0; slots[probe(own, attempt, mask)] !== rank; attempt++) {
      expect(slots[probe(own, attempt, mask)]).toBeLessThan(rank);
    }
  }
});

test('probes of one key reach every worker of a small table', () => {
  const {slots, mask} = buildSlotTable(Int32Array.of(0, 1, 2), Uint32Array.of(7, 8, 9));
  const seen = new Set(Array.from({length: 64}, (_, attempt) => slots[probe(42, attempt, mask)]));
  expect(seen).toEqual(new Set([-1, 0, 1, 2]));
});

test('eligibility is computed once for the same terms, and forgotten when 256 others came', () => {
  const workers = makeWorkers(3);
  const cache = new EligibilityCache({
    workers,
    packs: new Uint8Array(3),
    hash: Uint32Array.of(1, 2, 3),
  });
  const termsOf = (poolName: string) => ({
    constraints: {poolName, tolerations: []},
    needsGpu: false,
    gpuTypes: [],
  });
  const first = cache.of(termsOf('default'));
  for (let index = 0; index < 255; index++) cache.of(termsOf(`pool-${index}`));
  expect(cache.of(termsOf('default'))).toBe(first);
  cache.of(termsOf('one more'));
  expect(cache.of(termsOf('default'))).toBe(first);
  for (let index = 0; index < 256; index++) cache.of(termsOf(`pool-${index}`));
  expect(cache.of(termsOf('default'))).not.toBe(first);
});
