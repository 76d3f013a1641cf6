import {beforeEach, describe, expect, it} from 'vitest';
import {Reject} from '../../src/ledger/ledger.ts';
import {makeAllocation, makeCapacity} from './allocations.ts';
import {committed, type LedgerSubject, signal} from './ledgerSubject.ts';

/** Releases come first, and are harmless when they come again. */
export function releases(subject: LedgerSubject): void {
  const {settled, commit, assign, held} = subject;
  describe('releases', () => {
    it('before it assigns', async () => {
      await settled();
      const full = makeAllocation('a', {cpuMillis: 4000});
      await assign(full);
      const next = {...full, uid: 'b', request: 'default/b'};
      expect(await commit({cycle: 2, releases: ['a'], assignments: [next]})).toEqual(
        committed(undefined),
      );
      expect(await held()).toEqual([next]);
    });

    it('and assigns one uid anew in the same commit', async () => {
      await settled();
      await assign(makeAllocation('a'));
      const moved = makeAllocation('a', {workerName: 'w-2'});
      const capacities = new Map([['w-2', makeCapacity()]]);
      expect(await commit({cycle: 2, releases: ['a'], assignments: [moved], capacities})).toEqual(
        committed(undefined),
      );
      expect(await held()).toEqual([moved]);
    });

    it('twice, or what it never held, without harm', async () => {
      await settled();
      await assign(makeAllocation('a', {cpuMillis: 3000}), makeAllocation('b'));
      for (const cycle of [2, 3]) {
        expect(await commit({cycle, releases: ['a', 'a', 'never']})).toEqual(committed());
      }
      const rest = makeAllocation('c', {cpuMillis: 3000});
      expect(await commit({cycle: 4, assignments: [rest, makeAllocation('d')]})).toEqual(
        committed(undefined, Reject.NoCapacity),
      );
      expect(await held()).toEqual([makeAllocation('b'), rest]);
    });

    it('GPU devices one by one', async () => {
      await settled();
      const capacities = new Map([['w-1', makeCapacity({gpuCount: 2, gpuType: 'A100'})]]);
      const both = makeAllocation('a', {gpuDevices: [0, 1], gpuMillis: 1000});
      const one = makeAllocation('b', {gpuDevices: [1], gpuMillis: 1000});
      await commit({assignments: [both], capacities});
      expect(
        await commit({cycle: 2, releases: ['a'], assignments: [one, both], capacities}),
      ).toEqual(committed(undefined, Reject.NoCapacity));
    });
  });
}

/** A settle is the truth, whatever fits. */
export function settles(subject: LedgerSubject): void {
  const {settled, commit, assign, held} = subject;
  describe('settles', () => {
    it('to exactly what is true, over what it held before', async () => {
      await settled();
      await assign(makeAllocation('a'), makeAllocation('b'), makeAllocation('c'));
      const truth = [makeAllocation('b', {workerName: 'w-2'}), makeAllocation('d')];
      expect(await subject.first().settle(1, truth, signal)).toEqual(committed());
      expect(
        await commit({cycle: 2, assignments: [makeAllocation('e', {cpuMillis: 3001})]}),
      ).toEqual(committed(Reject.NoCapacity));
      expect(await held()).toEqual(truth);
    });

    it('more than fits: such a worker accepts nothing until enough is released', async () => {
      const over = ['a', 'b', 'c'].map((uid) => makeAllocation(uid, {cpuMillis: 1900}));
      await settled(1, over);
      const small = makeAllocation('d', {cpuMillis: 1, memoryBytes: 1});
      expect(await assign(small)).toEqual(committed(Reject.NoCapacity));
      const two = makeAllocation('e', {cpuMillis: 2000});
      expect(await commit({cycle: 2, releases: ['a'], assignments: [two, small]})).toEqual(
        committed(Reject.NoCapacity, undefined),
      );
      expect(await held()).toEqual([...over.slice(1), small]);
    });

    it('a GPU given twice: that device accepts nothing until one is released', async () => {
      const share = (uid: string, gpuMillis: number) =>
        makeAllocation(uid, {gpuDevices: [0], gpuMillis});
      await settled(1, [share('a', 1000), share('b', 1000)]);
      const capacities = new Map([['w-1', makeCapacity({gpuCount: 1, gpuType: 'A100'})]]);
      const cycles = [
        {releases: [], assignments: [share('c', 1)]},
        {releases: ['a'], assignments: [share('c', 1)]},
      ];
      for (const [index, cycle] of cycles.entries()) {
        expect(await commit({...cycle, cycle: index + 1, capacities})).toEqual(
          committed(Reject.NoCapacity),
        );
      }
      expect(
        await commit({cycle: 3, releases: ['b'], assignments: [share('c', 1000)], capacities}),
      ).toEqual(committed(undefined));
    });

    it('thousands of allocations', async () => {
      const truth = Array.from({length: 3000}, (_, index) =>
        makeAllocation(`u-${String(index).padStart(4, '0')}`, {workerName: `w-${index % 700}`}),
      );
      await settled(1, truth);
      expect(await held()).toEqual(truth);
    });

    it('before it commits: until then it calls itself lost', async () => {
      await subject.first().open(1, signal);
      expect(await assign(makeAllocation('a'))).toEqual({kind: 'lost'});
      expect(await held()).toEqual([]);
    });
  });
}

/** The highest epoch that opened is the only one that is served. */
export function knowsOneEpoch(subject: LedgerSubject): void {
  const {settled, commit} = subject;
  describe('knows one epoch', () => {
    beforeEach(async () => {
      await settled(3);
      await commit({epoch: 3, assignments: [makeAllocation('a')]});
    });

    it('hands over what it holds, and refuses the one before from then on', async () => {
      const second = subject.second();
      const held = [makeAllocation('a')];
      expect(await second.open(4, signal)).toEqual({kind: 'opened', allocations: held});
      expect(await second.open(4, signal)).toEqual({kind: 'opened', allocations: held});
      const fenced = {kind: 'fenced', currentEpoch: 4};
      const late = {epoch: 3, cycle: 2, assignments: [makeAllocation('late')]};
      expect(await commit(late)).toEqual(fenced);
      expect(await subject.first().settle(3, [], signal)).toEqual(fenced);
      expect(await subject.first().open(3, signal)).toEqual(fenced);
      expect(await commit({...late, releases: ['a'], assignments: []})).toEqual(fenced);
      expect(await second.settle(4, held, signal)).toEqual(committed());
      expect(await commit({epoch: 4, assignments: [makeAllocation('b')]}, second)).toEqual(
        committed(undefined),
      );
      expect(await second.open(5, signal)).toEqual({
        kind: 'opened',
        allocations: [makeAllocation('a'), makeAllocation('b')],
      });
    });

    it('opens again at the same epoch', async () => {
      expect(await subject.first().open(3, signal)).toMatchObject({kind: 'opened'});
      expect(await subject.first().settle(3, [makeAllocation('a')], signal)).toEqual(committed());
      expect(await commit({epoch: 3, cycle: 2, assignments: [makeAllocation('b')]})).toEqual(
        committed(undefined),
      );
    });

    it('is lost to an epoch that it never saw', async () => {
      expect(await commit({epoch: 4, assignments: [makeAllocation('b')]})).toEqual({
        kind: 'lost',
      });
      expect(await subject.first().settle(4, [], signal)).toEqual({kind: 'lost'});
    });
  });
}
