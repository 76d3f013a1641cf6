import assert from 'node:assert/strict';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {hashString} from '../../src/lib/hash.ts';
import {EligibilityCache} from '../../src/placement/eligibilityCache.ts';
import {ExactSum} from '../../src/placement/exactSum.ts';
import {FreeCapacity} from '../../src/placement/freeCapacity.ts';
import {Layout} from '../../src/placement/layout.ts';
import {UNSETTLED} from '../../src/placement/load.ts';
import {LoadTree} from '../../src/placement/loadTree.ts';
import {probe, SlotTable} from '../../src/placement/slotTable.ts';
import {Spares} from '../../src/placement/spares.ts';
import {UidSet} from '../../src/placement/uidSet.ts';
import {WordMaps} from '../../src/placement/wordMaps.ts';
import {makeRequest, makeWorker} from './builders.ts';

/** Filled with the positions of `hash`, in the order of `positions`. */
function slotTableOf(hash: Uint32Array, positions: Iterable<number> = hash.keys()): SlotTable {
  const table = new SlotTable(hash.length, hash);
  for (const position of positions) table.join(position);
  return table;
}

test('a slot table holds every position once, at most half full', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({max: 50}), {maxLength: 100}), (hashes) => {
      const {slots, mask} = slotTableOf(Uint32Array.from(hashes));
      assert.deepEqual(
        [...slots].filter((position) => position >= 0).toSorted((a, b) => a - b),
        [...hashes.keys()],
      );
      assert(slots.length === mask + 1 && slots.length >= 2 * hashes.length);
    }),
    {numRuns: 100},
  );
});

test('a slot table does not tell who came first, nor who was there and left', () => {
  const histories = fc.array(fc.nat({max: 7}), {minLength: 1, maxLength: 40}).chain((hashes) =>
    fc.record({
      hashes: fc.constant(Uint32Array.from(hashes)),
      order: fc.shuffledSubarray([...hashes.keys()], {minLength: hashes.length}),
      leavers: fc.subarray([...hashes.keys()]),
    }),
  );
  fc.assert(
    fc.property(histories, ({hashes, order, leavers}) => {
      const table = slotTableOf(hashes, order);
      assert.deepEqual(table.slots, slotTableOf(hashes).slots);
      const left = new Set(leavers);
      for (const position of leavers) table.leave(position);
      const stayed = [...hashes.keys()].filter((position) => !left.has(position));
      assert.deepEqual(table.slots, slotTableOf(hashes, stayed).slots);
      for (const position of leavers) table.join(position);
      assert.deepEqual(table.slots, slotTableOf(hashes).slots);
    }),
    {numRuns: 300},
  );
});

test('no worker would rather have a slot whose holder comes behind it', () => {
  const hash = Uint32Array.from({length: 100}, (_, index) => Math.imul(index, 0x85ebca6b) >>> 0);
  const {slots, mask} = slotTableOf(hash);
  for (const [position, own] of hash.entries()) {
    for (let attempt = 0; slots[probe(own, attempt, mask)] !== position; attempt++) {
      expect(slots[probe(own, attempt, mask)]).toBeLessThan(position);
    }
  }
});

test('a key probes the same slots in every release: who upgrades keeps what is warm', () => {
  const probes = [0, 1, 2, 3].map((attempt) => probe(hashString('image'), attempt, 0xffff));
  expect(probes).toEqual([46_554, 26_346, 54_265, 33_732]);
});

test('probes of one key reach every worker of a small table', () => {
  const {slots, mask} = slotTableOf(Uint32Array.of(7, 8, 9));
  const seen = new Set(Array.from({length: 64}, (_, attempt) => slots[probe(42, attempt, mask)]));
  expect(seen).toEqual(new Set([-1, 0, 1, 2]));
});

test('eligibility is computed once for the same terms, and forgotten when 256 others came', () => {
  const cache = new EligibilityCache({layout: new Layout(3), free: new FreeCapacity(3, 0)});
  const of = (poolName: string) => cache.of({poolName, tolerations: []}, makeRequest().demand);
  const first = of('default');
  for (let index = 0; index < 255; index++) of(`pool-${index}`);
  expect(of('default')).toBe(first);
  of('one more');
  expect(of('default')).toBe(first);
  for (let index = 0; index < 256; index++) of(`pool-${index}`);
  expect(of('default')).not.toBe(first);
});

test('a tree has the least load at its top, whatever joined, left, rose or fell', () => {
  const changes = fc.array(
    fc.record({position: fc.nat({max: 199}), load: fc.option(fc.integer({min: 0, max: 5}))}),
    {maxLength: 300},
  );
  const worker = makeWorker({cpuMillis: 10, memoryBytes: 0, containers: 0});
  fc.assert(
    fc.property(changes, (list) => {
      const rows = {layout: new Layout(200), free: new FreeCapacity(200, 0)};
      const {load} = rows.free;
      for (let position = 0; position < 200; position++) {
        rows.layout.write(position, worker, {gpuStart: 0, pool: undefined});
      }
      const tree = new LoadTree(7, rows);
      const model = new Map<number, number>();
      for (const change of list) {
        const {position} = change;
        const before = model.get(position);
        if (change.load === null) {
          model.delete(position);
          tree.remove(position);
        } else {
          model.set(position, change.load);
          rows.free.cpuMillis[position] = 10 - change.load;
          load[position] = UNSETTLED;
          // A load that grew is found out at the top; only a join or a fall has to be told.
          if (before === undefined || change.load < before) {
            tree.add(position);
            tree.refresh(position);
          }
        }
        const [best] = [...model].toSorted(([a, left], [b, right]) => left - right || a - b);
        const copy = new LoadTree(7, rows);
        copy.copyFrom(tree);
        assert.equal(tree.settledTop(), best?.[0] ?? -1);
        assert.equal(copy.settledTop(), best?.[0] ?? -1);
        copy.build();
        assert.equal(copy.settledTop(), best?.[0] ?? -1);
      }
    }),
    {numRuns: 100},
  );
});

test('a tree keeps who passes, a word at a time or all at once', () => {
  const step = fc.record({
    one: fc.option(fc.nat({max: 199})),
    divisor: fc.integer({min: 2, max: 7}),
    loads: fc.array(fc.nat({max: 5}), {minLength: 200, maxLength: 200}),
  });
  const worker = makeWorker({cpuMillis: 10, memoryBytes: 0, containers: 0});
  fc.assert(
    fc.property(fc.array(step, {maxLength: 8}), (steps) => {
      const rows = {layout: new Layout(200), free: new FreeCapacity(200, 0)};
      const tree = new LoadTree(7, rows);
      const members = new Set<number>();
      for (let position = 0; position < 200; position++) {
        rows.layout.write(position, worker, {gpuStart: 0, pool: undefined});
        tree.add(position);
        members.add(position);
      }
      tree.build();
      for (const {one, divisor, loads} of steps) {
        rows.free.cpuMillis.set(loads.map((load) => 10 - load));
        rows.free.load.fill(UNSETTLED);
        tree.build();
        const passes = (position: number) => position % divisor > 0;
        const isAsked = (position: number) => one === null || position >> 5 === one >> 5;
        if (one === null) tree.keepAll(passes);
        else tree.keep(one, passes);
        for (const position of members) {
          if (isAsked(position) && !passes(position)) members.delete(position);
        }
        const [best] = [...members].toSorted((a, b) => loads[a]! - loads[b]! || a - b);
        assert.equal(tree.settledTop(), best ?? -1);
      }
    }),
    {numRuns: 100},
  );
});

test('word maps are sets of positions, of which the next one in both is found', () => {
  const positions = 3000;
  const list = fc.array(fc.nat({max: positions - 1}), {maxLength: 200});
  const changes = fc.array(fc.tuple(fc.nat({max: 4}), list), {maxLength: 6});
  fc.assert(
    fc.property(changes, list, list, (rounds, others, starts) => {
      const maps = new WordMaps(positions);
      const models: Set<number>[] = [];
      for (const [set, changed] of rounds) {
        // Of those opened before, or one more.
        const at = Math.min(set, models.length);
        if (at === models.length) {
          models.push(new Set());
          assert.equal(maps.open(), at);
        }
        const model = models[at]!;
        for (const position of changed) {
          if (model.has(position)) maps.delete(at, position);
          else maps.add(at, position);
          if (!model.delete(position)) model.add(position);
        }
      }
      for (const [at, model] of models.entries()) {
        const bits = new Int32Array(Math.ceil(positions / 32));
        const both = [...model, ...others].filter((one) => model.has(one));
        for (const one of both) bits[one >> 5]! |= 1 << (one & 31);
        for (const from of [0, ...starts, positions]) {
          const wanted = Math.min(...both.filter((one) => one >= from));
          assert.equal(maps.next(at, from, bits), Number.isFinite(wanted) ? wanted : -1);
        }
      }
    }),
    {numRuns: 100},
  );
});

test('sums are exact beyond 2^53, in whatever order their parts come and go', () => {
  const part = fc.maxSafeInteger().map(Math.abs);
  fc.assert(
    fc.property(fc.array(part, {maxLength: 20}), fc.array(part, {maxLength: 20}), (stay, leave) => {
      const sum = new ExactSum();
      for (const value of [...leave, ...stay]) sum.add(value);
      for (const value of leave) sum.add(-value);
      const exact = stay.reduce((total, value) => total + BigInt(value), 0n);
      assert.equal(sum.value, Number(exact));
    }),
  );
});

test('uids are told apart by their text, also where their hashes are one', () => {
  // hashString('costarring') and hashString('liquid') are a known collision of FNV-1a.
  const uids = ['costarring', 'liquid', 'costarring'];
  expect(hashString(uids[0]!)).toBe(hashString(uids[1]!));
  const set = new UidSet(3, (index) => uids[index]!);
  expect(uids.map((uid, index) => set.add(index, uid))).toEqual([true, true, false]);
});

test('a uid is new the first time, wherever it comes again', () => {
  const lists = fc.array(fc.constantFrom('a', 'b', 'costarring', 'liquid', 'e', 'f', 'g', 'h'));
  fc.assert(
    fc.property(lists, (uids) => {
      const set = new UidSet(uids.length, (index) => uids[index]!);
      for (const [index, uid] of uids.entries()) {
        assert.equal(set.add(index, uid), uids.indexOf(uid) === index);
      }
    }),
  );
});

test.each([
  ['as they are numbered', (index: number) => `uid-${index}`],
  ['that all end alike', (index: number) => `${index}-of-job-a`],
  ['of few characters', (index: number) => index.toString(36)],
])('10,000 uids %s are compared with few of the others', (_, uidOf) => {
  let compared = 0;
  const set = new UidSet(10_000, (index) => {
    compared++;
    return uidOf(index);
  });
  for (let index = 0; index < 10_000; index++) assert(set.add(index, uidOf(index)));
  expect(compared).toBeLessThan(20_000);
  for (let index = 0; index < 10_000; index++) assert(!set.add(index, uidOf(index)));
});

test('spares are lent once a batch, and used again in the next one if they suit', () => {
  const spares = new Spares<{readonly size: number}>();
  const lend = (size: number) =>
    spares.lend(
      () => ({size}),
      (spare) => spare.size === size,
    );
  const [first, second] = [lend(1), lend(1)];
  expect(second).not.toBe(first);
  spares.giveBack();
  expect([lend(1), lend(1)].map((one) => [first, second].indexOf(one))).toEqual([0, 1]);
  spares.giveBack();
  expect(lend(2).size).toBe(2);
  expect(lend(1)).toBe(second);
});

test('256 spares are kept for the next batch, and no more', () => {
  const spares = new Spares<object>();
  const lendAll = () => Array.from({length: 258}, () => spares.lend(() => ({})));
  const before = lendAll();
  spares.giveBack();
  const kept = lendAll().filter((one, index) => one === before[index]);
  expect(kept).toHaveLength(256);
});
