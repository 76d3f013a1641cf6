import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Allocation, Capacity} from '../../src/api/resources.ts';
import {type CommitInput, type Ledger, Reject} from '../../src/ledger/ledger.ts';
import {byUid, gib, makeAllocation, makeCapacity, makeCommit} from './allocations.ts';
import {checkAgainstModel} from './model.ts';

/** An empty store, and two operators at it. */
export interface LedgerFixture {
  readonly first: Ledger;
  readonly second: Ledger;
  /** Calls that reached the store so far, counted outside the ledger; undefined: has no outside. */
  countCalls(): Promise<number | undefined>;
  close(): Promise<void>;
}

export interface ConformanceOptions {
  readonly makeFixture: () => Promise<LedgerFixture>;
  /** Runs of the model test. */
  readonly modelRuns: number;
}

const signal = new AbortController().signal;
const committed = (...rejects: (Reject | undefined)[]) => ({kind: 'committed', rejects});

/** What every ledger must do; run over each implementation. */
export function describeLedger(name: string, options: ConformanceOptions): void {
  describe(`the ${name} ledger`, () => {
    let fixture: LedgerFixture;
    let ledger: Ledger;

    beforeEach(async () => {
      fixture = await options.makeFixture();
      ledger = fixture.first;
    });
    afterEach(() => fixture.close());

    const settled = async (epoch = 1, allocations: readonly Allocation[] = []) => {
      expect(await ledger.open(epoch, signal)).toMatchObject({kind: 'opened'});
      expect(await ledger.settle(epoch, allocations, signal)).toEqual(committed());
    };
    const commit = (input: Partial<CommitInput>, by = ledger) =>
      by.commit(makeCommit(input), signal);
    const assign = (...assignments: Allocation[]) => commit({assignments});
    /** Reads through the front door: what a new leader would be told. */
    const held = async (epoch = 99) => {
      const opened = await fixture.second.open(epoch, signal);
      if (opened.kind !== 'opened') throw new Error(`Cannot read the ledger: ${opened.kind}`);
      return byUid(opened.allocations);
    };

    describe('takes capacity', () => {
      it('opens empty', async () => {
        expect(await ledger.open(1, signal)).toEqual({kind: 'opened', allocations: []});
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
        expect(
          await commit({cycle: 2, assignments: [{...first, ...overrides}], capacities}),
        ).toEqual(committed(Reject.AssignedElsewhere));
        expect(await held()).toEqual([first]);
      });
    });

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

    describe('settles', () => {
      it('to exactly what is true, over what it held before', async () => {
        await settled();
        await assign(makeAllocation('a'), makeAllocation('b'), makeAllocation('c'));
        const truth = [makeAllocation('b', {workerName: 'w-2'}), makeAllocation('d')];
        expect(await ledger.settle(1, truth, signal)).toEqual(committed());
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
        await ledger.open(1, signal);
        expect(await assign(makeAllocation('a'))).toEqual({kind: 'lost'});
        expect(await held()).toEqual([]);
      });
    });

    describe('knows one epoch', () => {
      beforeEach(async () => {
        await settled(3);
        await commit({epoch: 3, assignments: [makeAllocation('a')]});
      });

      it('hands over what it holds, and refuses the one before from then on', async () => {
        const {second} = fixture;
        const held = [makeAllocation('a')];
        expect(await second.open(4, signal)).toEqual({kind: 'opened', allocations: held});
        expect(await second.open(4, signal)).toEqual({kind: 'opened', allocations: held});
        const fenced = {kind: 'fenced', currentEpoch: 4};
        const late = {epoch: 3, cycle: 2, assignments: [makeAllocation('late')]};
        expect(await commit(late)).toEqual(fenced);
        expect(await ledger.settle(3, [], signal)).toEqual(fenced);
        expect(await ledger.open(3, signal)).toEqual(fenced);
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
        expect(await ledger.open(3, signal)).toMatchObject({kind: 'opened'});
        expect(await ledger.settle(3, [makeAllocation('a')], signal)).toEqual(committed());
        expect(await commit({epoch: 3, cycle: 2, assignments: [makeAllocation('b')]})).toEqual(
          committed(undefined),
        );
      });

      it('is lost to an epoch that it never saw', async () => {
        expect(await commit({epoch: 4, assignments: [makeAllocation('b')]})).toEqual({
          kind: 'lost',
        });
        expect(await ledger.settle(4, [], signal)).toEqual({kind: 'lost'});
      });
    });

    it.each([1, 100, 512])('costs one call for a batch of %i', async (size) => {
      await settled();
      const assignments = Array.from({length: size}, (_, index) =>
        makeAllocation(`u-${index}`, {workerName: `w-${index % 100}`}),
      );
      const capacities = new Map(
        Array.from({length: 100}, (_, index) => [`w-${index}`, makeCapacity({cpuMillis: 64_000})]),
      );
      await commit({assignments: [makeAllocation('old')]});
      const before = await fixture.countCalls();
      const accepted = committed(...assignments.map(() => undefined));
      expect(await commit({cycle: 2, releases: ['old', 'gone'], assignments, capacities})).toEqual(
        accepted,
      );
      const after = await fixture.countCalls();
      if (before !== undefined && after !== undefined) expect(after - before).toBe(1);
    });

    it('agrees with the sum over allocations, whatever two operators do', async () => {
      await checkAgainstModel(options.makeFixture, options.modelRuns);
    }, 60_000);
  });
}
