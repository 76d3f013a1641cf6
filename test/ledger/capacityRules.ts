import {describe, expect, it} from 'vitest';
import type {Allocation, Capacity} from '../../src/api/resources.ts';
import {Reject} from '../../src/ledger/ledger.ts';
import {gib, makeAllocation, makeCapacity} from './allocations.ts';
import {committed, type LedgerSubject, signal} from './ledgerSubject.ts';

/** What fits is accepted once, in its order. */
export function takesCapacity(subject: LedgerSubject): void {
  const {settled, commit, assign, held} = subject;
  describe('takes capacity', () => {
    it('opens empty', async () => {
      expect(await subject.first().open(1, signal)).toEqual({kind: 'opened', allocations: []});
    });

    it('keeps what it accepted, whole', async () => {
      await settled();
      const gpu = makeAllocation('b', {
        gpuDevices: [0, 2],
        gpuMillis: 1000,
        memoryBytes: 2 ** 33 + 1,
      });
      const capacities = new Map([['w-1', makeCapacity({gpuCount: 4, gpuType: 'A100'})]]);
      const assignments = [makeAllocation('a'), gpu];
      expect(await commit({assignments, capacities})).toEqual(committed(undefined, undefined));
      expect(await held()).toEqual([makeAllocation('a'), gpu]);
    });

    it('takes nothing for the same commit again', async () => {
      await settled();
      const assignments = ['a', 'b', 'c'].map((uid) => makeAllocation(uid));
      await assign(...assignments);
      expect(await assign(...assignments)).toEqual(committed(undefined, undefined, undefined));
      expect(await assign(makeAllocation('d'))).toEqual(committed(undefined));
      expect(await assign(makeAllocation('e'))).toEqual(committed(Reject.NoCapacity));
      expect(await held()).toHaveLength(4);
    });

    it('accepts a part of a batch, in its order', async () => {
      await settled();
      const big = makeAllocation('big', {cpuMillis: 3500});
      expect(
        await assign(
          makeAllocation('a'),
          big,
          makeAllocation('b', {cpuMillis: 3000}),
          makeAllocation('c'),
        ),
      ).toEqual(committed(undefined, Reject.NoCapacity, undefined, Reject.NoCapacity));
      expect((await held()).map(({uid}) => uid)).toEqual(['a', 'b']);
    });

    it('takes a uid only once within a batch', async () => {
      await settled();
      const capacities = new Map([
        ['w-1', makeCapacity()],
        ['w-2', makeCapacity()],
      ]);
      const assignments = [
        makeAllocation('a'),
        makeAllocation('a'),
        makeAllocation('a', {workerName: 'w-2'}),
      ];
      expect(await commit({assignments, capacities})).toEqual(
        committed(undefined, undefined, Reject.AssignedElsewhere),
      );
      expect(await held()).toEqual([makeAllocation('a')]);
    });

    it('does nothing for an empty commit', async () => {
      await settled();
      expect(await commit({})).toEqual(committed());
    });
  });
}

/** What does not fit is refused by its reason, to the last unit. */
export function refusesWhatDoesNotFit(subject: LedgerSubject): void {
  const {settled, commit, assign, held} = subject;
  describe('refuses what does not fit', () => {
    const gpus = {gpuCount: 2, gpuType: 'A100'};
    const onGpu = (uid: string, gpuDevices: number[], gpuMillis = 1000) =>
      makeAllocation(uid, {gpuDevices, gpuMillis});
    const cases: readonly {
      title: string;
      capacity: Partial<Capacity>;
      fits: readonly Allocation[];
      tooMuch: Allocation;
    }[] = [
      {
        title: 'a millicore too much',
        capacity: {cpuMillis: 2000},
        fits: [makeAllocation('a'), makeAllocation('b', {cpuMillis: 999})],
        tooMuch: makeAllocation('c', {cpuMillis: 2}),
      },
      {
        title: 'a byte too much',
        capacity: {memoryBytes: 2 * gib},
        fits: [makeAllocation('a'), makeAllocation('b', {memoryBytes: gib - 1})],
        tooMuch: makeAllocation('c', {memoryBytes: 2}),
      },
      {
        title: 'a byte too much of the largest memory there is',
        capacity: {memoryBytes: Number.MAX_SAFE_INTEGER},
        fits: [makeAllocation('a', {memoryBytes: Number.MAX_SAFE_INTEGER - 1})],
        tooMuch: makeAllocation('c', {memoryBytes: 2}),
      },
      {
        title: 'a container too much, however small',
        capacity: {containers: 2},
        fits: [makeAllocation('a'), makeAllocation('b')],
        tooMuch: makeAllocation('c', {cpuMillis: 1, memoryBytes: 1}),
      },
      {
        title: 'a GPU that is taken',
        capacity: gpus,
        fits: [onGpu('a', [1])],
        tooMuch: onGpu('b', [0, 1]),
      },
      {
        title: 'a thousandth of a GPU too much',
        capacity: gpus,
        fits: [onGpu('a', [0], 600), onGpu('b', [0], 399)],
        tooMuch: onGpu('c', [0], 2),
      },
      {title: 'a GPU that is not there', capacity: gpus, fits: [], tooMuch: onGpu('a', [2], 1)},
    ];
    it.each(cases)('$title', async ({capacity, fits, tooMuch}) => {
      await settled();
      const capacities = new Map([['w-1', makeCapacity(capacity)]]);
      expect(await commit({assignments: [...fits, tooMuch], capacities})).toEqual(
        committed(...fits.map(() => undefined), Reject.NoCapacity),
      );
      expect(await held()).toEqual(fits);
    });

    it('a worker of which nobody told the capacity', async () => {
      await settled();
      expect(await assign(makeAllocation('a', {workerName: 'w-9'}))).toEqual(
        committed(Reject.WorkerUnknown),
      );
      expect(await held()).toEqual([]);
    });

    it.each([
      ['on another worker', {workerName: 'w-2'}],
      ['with other amounts', {cpuMillis: 500}],
      ['with another device', {gpuDevices: [1], gpuMillis: 500}],
      ['with another share', {gpuDevices: [0], gpuMillis: 400}],
    ])('a uid that is held %s', async (_title, overrides) => {
      await settled();
      const capacities = new Map([
        ['w-1', makeCapacity(gpus)],
        ['w-2', makeCapacity(gpus)],
      ]);
      const first = makeAllocation('a', {gpuDevices: [0], gpuMillis: 500});
      await commit({assignments: [first], capacities});
      expect(await commit({cycle: 2, assignments: [{...first, ...overrides}], capacities})).toEqual(
        committed(Reject.AssignedElsewhere),
      );
      expect(await held()).toEqual([first]);
    });
  });
}
