import {beforeEach, describe, expect, it} from 'vitest';
import type {Allocation} from '../../src/api/resources.ts';
import {KubernetesLedger} from '../../src/ledger/kubernetesLedger.ts';
import {type CommitInput, Reject} from '../../src/ledger/ledger.ts';
import {makeAllocation, makeCapacity, makeCommit} from './allocations.ts';
import {describeLedger} from './conformance.ts';
import {type Fault, LedgerApi} from './ledgerApi.ts';

const signal = new AbortController().signal;
const committed = (...rejects: (Reject | undefined)[]) => ({kind: 'committed', rejects});

function makeLedger(api: LedgerApi, bound: readonly Allocation[] = [], maxInFlight = 4096) {
  return new KubernetesLedger({
    transport: api,
    name: 'berth',
    maxInFlight,
    bound: {boundOn: (name) => bound.filter(({workerName}) => workerName === name)},
  });
}

describeLedger('kubernetes', {
  modelRuns: 200,
  async makeFixture() {
    const api = new LedgerApi();
    return {
      first: makeLedger(api),
      second: makeLedger(api),
      countCalls: async () => api.calls.length,
      close: async () => {},
    };
  },
});

describe('the Ledger object', () => {
  let api: LedgerApi;
  let bound: Allocation[];
  let ledger: KubernetesLedger;
  const commit = (input: Partial<CommitInput>) => ledger.commit(makeCommit(input), signal);
  const inFlight = () => api.object?.status?.inFlight?.map(({uid}) => uid);

  beforeEach(async () => {
    api = new LedgerApi();
    bound = [];
    ledger = makeLedger(api, bound, 3);
    await ledger.open(1, signal);
    await ledger.settle(1, [], signal);
    api.calls.length = 0;
  });

  it('is patched once for a batch, guarded by its resourceVersion, in short records', async () => {
    const capacities = new Map([['w-1', makeCapacity({gpuCount: 1, gpuType: 'A100'})]]);
    const gpu = makeAllocation('b', {gpuDevices: [0], gpuMillis: 500});
    const before = api.object?.metadata.resourceVersion;
    await commit({assignments: [makeAllocation('a'), gpu], capacities});
    const amounts = {workerName: 'w-1', cpuMillis: 1000, memoryBytes: 2 ** 30};
    expect(api.calls).toEqual([
      {
        method: 'PATCH',
        path: '/apis/berth.dev/v1alpha1/ledgers/berth/status',
        contentType: 'application/merge-patch+json',
        lane: 'ledger',
        body: {
          metadata: {resourceVersion: before},
          status: {
            epoch: 1,
            cycle: 1,
            inFlight: [
              {uid: 'a', request: 'default/a', ...amounts},
              {uid: 'b', request: 'default/b', ...amounts, gpuDevices: [0], gpuMillis: 500},
            ],
          },
        },
      },
    ]);
  });

  it.each<[string, Partial<CommitInput>, number]>([
    ['nothing to change', {}, 0],
    ['a release of what is not in flight', {releases: ['x'], confirmed: ['y']}, 0],
    ['a release', {releases: ['held']}, 1],
    [
      'assignments, even when none fits',
      {assignments: [makeAllocation('b', {cpuMillis: 9999})]},
      1,
    ],
  ])('costs for %s: PATCH calls %#', async (_title, input, patches) => {
    await commit({assignments: [makeAllocation('held')]});
    api.calls.length = 0;
    expect(await commit({cycle: 2, ...input})).toMatchObject({kind: 'committed'});
    expect(api.calls.map(({method}) => method)).toEqual(Array(patches).fill('PATCH'));
  });

  it('is made where it is not there, and made again after it was deleted in use', async () => {
    api.object = undefined;
    expect(await commit({assignments: [makeAllocation('a')]})).toEqual({kind: 'lost'});
    api.write({epoch: 1});
    expect(await commit({assignments: [makeAllocation('a')]})).toEqual({kind: 'lost'});
    api.object = undefined;
    expect(await ledger.open(1, signal)).toEqual({kind: 'opened', allocations: []});
    expect(await ledger.settle(1, [makeAllocation('b')], signal)).toEqual(committed());
    expect(await commit({assignments: [makeAllocation('a')]})).toEqual(committed(undefined));
    expect(inFlight()).toEqual(['b', 'a']);
  });

  it('takes no more than it may hold, and goes on when what it holds is bound', async () => {
    const small = (uid: string) => makeAllocation(uid, {cpuMillis: 1});
    const four = ['a', 'b', 'c', 'd'].map(small);
    expect(await commit({assignments: four})).toEqual(
      committed(undefined, undefined, undefined, Reject.LedgerFull),
    );
    bound.push(small('a'));
    expect(await commit({cycle: 2, confirmed: ['a'], assignments: [small('d')]})).toEqual(
      committed(undefined),
    );
    expect(inFlight()).toEqual(['b', 'c', 'd']);
  });

  describe('and what is bound', () => {
    it('is taken together, each uid once', async () => {
      await commit({assignments: [makeAllocation('a'), makeAllocation('b')]});
      bound.push(makeAllocation('a'), makeAllocation('x'));
      const [c, d] = [makeAllocation('c'), makeAllocation('d')];
      expect(await commit({cycle: 2, confirmed: ['a'], assignments: [c, d]})).toEqual(
        committed(undefined, Reject.NoCapacity),
      );
      expect(inFlight()).toEqual(['b', 'c']);
    });

    it('leaves the object only once it is shown, however early it was told', async () => {
      await commit({assignments: [makeAllocation('a', {cpuMillis: 4000})]});
      const next = {assignments: [makeAllocation('b')]};
      expect(await commit({cycle: 2, confirmed: ['a'], ...next})).toEqual(
        committed(Reject.NoCapacity),
      );
      expect(inFlight()).toEqual(['a']);
      bound.push(makeAllocation('a', {cpuMillis: 4000}));
      expect(await commit({cycle: 3, ...next})).toEqual(committed(Reject.NoCapacity));
      expect(inFlight()).toEqual([]);
    });

    it('is not assigned again: accepted on its worker, refused on another', async () => {
      bound.push(makeAllocation('a'));
      const capacities = new Map(['w-1', 'w-2'].map((name) => [name, makeCapacity()]));
      const moved = makeAllocation('a', {workerName: 'w-2'});
      const here = makeAllocation('b', {workerName: 'w-2'});
      expect(await commit({assignments: [makeAllocation('a'), moved, here], capacities})).toEqual(
        committed(undefined, Reject.AssignedElsewhere, undefined),
      );
      expect(inFlight()).toEqual(['b']);
    });

    it('is not free for a commit that releases it: what the view shows has been bound since', async () => {
      bound.push(makeAllocation('a', {cpuMillis: 4000}));
      const next = makeAllocation('b', {cpuMillis: 4000});
      expect(await commit({releases: ['a'], assignments: [next]})).toEqual(
        committed(Reject.NoCapacity),
      );
    });

    it('counts on both workers while one uid is bound here and in flight there', async () => {
      const big = makeAllocation('a', {cpuMillis: 4000});
      await commit({
        assignments: [{...big, workerName: 'w-2'}],
        capacities: new Map([['w-2', makeCapacity()]]),
      });
      bound.push(big);
      const capacities = new Map(['w-1', 'w-2'].map((name) => [name, makeCapacity()]));
      const assignments = [makeAllocation('b'), makeAllocation('c', {workerName: 'w-2'})];
      expect(await commit({cycle: 2, assignments, capacities})).toEqual(
        committed(Reject.NoCapacity, Reject.NoCapacity),
      );
    });

    it('is not settled into the object; what is more than it may hold waits', async () => {
      bound.push(makeAllocation('a'));
      const four = ['b', 'c', 'd', 'e'].map((uid) => makeAllocation(uid));
      await ledger.settle(1, [makeAllocation('a'), ...four.slice(0, 2)], signal);
      expect(inFlight()).toEqual(['b', 'c']);
      expect(await ledger.settle(1, four, signal)).toMatchObject({
        kind: 'unavailable',
        cause: {message: expect.stringContaining('at most 3')},
      });
    });
  });

  describe('when a call fails', () => {
    const assignments = [makeAllocation('a', {cpuMillis: 3000}), makeAllocation('b')];
    const accepted = committed(undefined, undefined);

    it.each<[string, Fault[], string[]]>([
      ['a lost reply', ['loseReply'], ['PATCH', 'GET']],
      ['a lost request', ['loseRequest'], ['PATCH', 'GET', 'PATCH']],
      [
        'a lost request, then a lost reply',
        ['loseRequest', 'loseReply'],
        ['PATCH', 'GET', 'PATCH', 'GET'],
      ],
    ])('%s is found out by reading', async (_title, faults, calls) => {
      api.fail('PATCH', ...faults);
      expect(await commit({assignments})).toEqual(accepted);
      expect(api.calls.map(({method}) => method)).toEqual(calls);
      expect(inFlight()).toEqual(['a', 'b']);
    });

    it('takes nothing twice when a reply is lost and reading fails too', async () => {
      api.fail('PATCH', 'loseReply');
      api.fail('GET', 'refuse', {status: 500});
      expect(await commit({assignments})).toMatchObject({kind: 'unavailable'});
      expect(await commit({assignments})).toMatchObject({kind: 'unavailable'});
      expect(await commit({assignments})).toEqual(accepted);
      expect(api.count('PATCH')).toBe(1);
      expect(await commit({cycle: 2, assignments: [makeAllocation('c')]})).toEqual(
        committed(Reject.NoCapacity),
      );
    });

    it.each<[string, Fault, object]>([
      ['429', {status: 429, retryAfterMs: 1500}, {retryAfterMs: 1500}],
      ['500', {status: 500}, {}],
      ['503', {status: 503, retryAfterMs: 20}, {retryAfterMs: 20}],
      ['403', {status: 403}, {cause: {status: 403}}],
      ['a refused connection', 'refuse', {}],
    ])('%s is an outage, and the same commit goes through later', async (_title, fault, wanted) => {
      api.fail('PATCH', fault);
      expect(await commit({assignments})).toMatchObject({kind: 'unavailable', ...wanted});
      expect(api.count('PATCH')).toBe(1);
      expect(await commit({assignments})).toEqual(accepted);
    });

    it('a conflict with the same epoch is computed again on what is there now', async () => {
      const other = {uid: 'x', request: 'default/x', workerName: 'w-1', memoryBytes: 1};
      api.fail('PATCH', () => api.write({inFlight: [{...other, cpuMillis: 1000}]}));
      expect(await commit({assignments})).toEqual(committed(undefined, Reject.NoCapacity));
      expect(inFlight()).toEqual(['x', 'a']);
      expect(api.calls.map(({method}) => method)).toEqual(['PATCH', 'GET', 'PATCH']);
    });

    it('a conflict with a higher epoch fences, from then on without a call', async () => {
      api.fail('PATCH', () => api.write({epoch: 7}));
      const fenced = {kind: 'fenced', currentEpoch: 7};
      expect(await commit({assignments})).toEqual(fenced);
      const calls = api.calls.length;
      expect(await commit({assignments})).toEqual(fenced);
      expect(api.calls).toHaveLength(calls);
      expect(inFlight()).toEqual([]);
    });

    it('an object that went back to a lower epoch is lost', async () => {
      api.fail('PATCH', () => api.write({epoch: 0}));
      expect(await commit({assignments})).toEqual({kind: 'lost'});
    });

    it('conflicts without end are an outage after a few tries', async () => {
      const write = () => api.write({});
      api.fail('PATCH', write, write, write, write, write);
      expect(await commit({assignments})).toMatchObject({
        kind: 'unavailable',
        cause: {message: expect.stringContaining('4 times')},
      });
      expect(api.count('PATCH')).toBe(4);
    });

    it('an object that nobody can read says so', async () => {
      api.fail('PATCH', () => api.write({inFlight: [{uid: ''} as never]}));
      expect(await commit({assignments})).toMatchObject({
        kind: 'unavailable',
        cause: {
          message: expect.stringMatching(
            /^Cannot read Ledger berth: Ledger\.status\.inFlight\[0\]\.\w+ is .*; wanted .*; delete it/,
          ),
        },
      });
    });
  });

  describe('when it is opened', () => {
    it.each<[string, (fresh: LedgerApi) => void]>([
      ['a lost reply of the POST', (fresh) => fresh.fail('POST', 'loseReply')],
      ['a lost request of the POST', (fresh) => fresh.fail('POST', 'loseRequest')],
      ['a lost reply of the PATCH', (fresh) => fresh.fail('PATCH', 'loseReply')],
      ['somebody who makes it first', (fresh) => fresh.fail('POST', () => fresh.write({}))],
    ])('%s does no harm', async (_title, plant) => {
      const fresh = new LedgerApi();
      plant(fresh);
      const other = makeLedger(fresh);
      expect(await other.open(5, signal)).toEqual({kind: 'opened', allocations: []});
      expect(fresh.object?.status?.epoch).toBe(5);
    });

    it('fences when a higher epoch comes between reading and writing', async () => {
      api.fail('PATCH', () => api.write({epoch: 9}));
      expect(await ledger.open(8, signal)).toEqual({kind: 'fenced', currentEpoch: 9});
    });

    it('says that the CRD is missing', async () => {
      const fresh = new LedgerApi();
      fresh.fail('POST', {status: 404});
      expect(await makeLedger(fresh).open(1, signal)).toMatchObject({
        kind: 'unavailable',
        cause: {message: expect.stringContaining('apply crds/')},
      });
    });
  });
});
