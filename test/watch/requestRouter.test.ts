import {describe, expect, it} from 'vitest';
import type {FinishedRequest, ParsedRequest, RequestKey} from '../../src/api/records.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {RequestRouter} from '../../src/watch/requestRouter.ts';
import {WorkerCache} from '../../src/watch/workerCache.ts';
import {makeInvalid, makeRequest} from '../status/makeRecords.ts';
import {FakeWorkerTable} from './fakeWorkerTable.ts';
import {makeAllocation, makeWorker} from './records.ts';

/** A router before a real cache, and the calls that it makes elsewhere. */
function createRouter() {
  const clock = new VirtualClock();
  const table = new FakeWorkerTable();
  const cache = new WorkerCache({table, clock, maxWorkers: 10});
  cache.upsertWorker(makeWorker());
  const calls: string[] = [];
  const router = new RequestRouter({
    queue: {
      upsert: ({key, uid}) => calls.push(`queue ${key} ${uid}`),
      remove: (key) => calls.push(`dequeue ${key}`),
    },
    cache,
    update: {
      release: (uid) => calls.push(`release ${uid}`),
      confirm: (uid) => calls.push(`confirm ${uid}`),
      adopt: () => calls.push('adopt'),
    },
    report: ({record, reason, message}) => calls.push(`report ${record.key} ${reason}: ${message}`),
    onState: ({key}) => calls.push(`state ${key}`),
    onGone: (key, uid) => calls.push(`gone ${key} ${uid}`),
  });
  const held = () => Array.from(cache.allocations(), ({uid, workerName}) => `${uid}@${workerName}`);
  const taken = (act: () => void) => {
    calls.length = 0;
    act();
    return [...calls];
  };
  return {cache, table, router, held, taken};
}

const key = 'default/r-1' as RequestKey;
const uid = 'uid-r-1';
const at = (resourceVersion: string, changes: Parameters<typeof makeRequest>[0] = {}) =>
  makeRequest({resourceVersion, ...changes});
const placedAt = (resourceVersion: string, workerName = 'w-1') =>
  at(resourceVersion, {
    phase: 'Scheduled',
    placement: {workerName, assignmentId: '1.1.0', epoch: 1, gpuDevices: []},
  });
const finishedAt = (resourceVersion: string): FinishedRequest => ({
  kind: 'finished',
  key,
  namespace: 'default',
  name: 'r-1',
  uid,
  resourceVersion,
  generation: 1,
  phase: 'Succeeded',
  completedMs: 0,
  ttlSecondsAfterFinished: undefined,
});

describe('the state of a request', () => {
  const rows: readonly {name: string; state: ParsedRequest; calls: string[]; held: string[]}[] = [
    {name: 'waiting: is queued', state: at('10'), calls: [`queue ${key} ${uid}`], held: []},
    {
      name: 'placed: holds its worker, and is no longer queued',
      state: placedAt('10'),
      calls: [`dequeue ${key}`, 'adopt', `confirm ${uid}`],
      held: [`${uid}@w-1`],
    },
    {
      name: 'finished: holds nothing',
      state: finishedAt('10'),
      calls: [`dequeue ${key}`],
      held: [],
    },
    {
      name: 'suspended: says so, and waits for its user',
      state: at('10', {suspended: true}),
      calls: [
        `dequeue ${key}`,
        `report ${key} Suspended: spec.suspend is true: no worker is chosen until it is false`,
      ],
      held: [],
    },
    {
      name: 'being deleted: is left alone',
      state: at('10', {deleting: true, suspended: true}),
      calls: [`dequeue ${key}`],
      held: [],
    },
    {
      name: 'invalid: says what is wrong',
      state: makeInvalid(),
      calls: [
        `dequeue ${key}`,
        `report ${key} InvalidSpec: spec.resources.cpu is "lots"; wanted a quantity`,
      ],
      held: [],
    },
  ];
  it.each(rows)('$name', ({state, calls, held: wanted}) => {
    const {router, held, taken} = createRouter();
    expect(taken(() => router.upsert(state))).toEqual([...calls, `state ${key}`]);
    expect(held()).toEqual(wanted);
  });

  const afterPlaced: readonly {
    name: string;
    state: ParsedRequest;
    held: string[];
    frees: boolean;
  }[] = [
    {name: 'finished', state: finishedAt('11'), held: [], frees: true},
    {name: 'without its worker again', state: at('11'), held: [], frees: true},
    {name: 'suspended', state: at('11', {suspended: true}), held: [], frees: true},
    {
      name: 'invalid and without a worker',
      state: makeInvalid({resourceVersion: '11'}),
      held: [],
      frees: true,
    },
    {
      name: 'invalid, its worker still there',
      state: makeInvalid({resourceVersion: '11', placement: placedAt('11').placement}),
      held: [`${uid}@w-1`],
      frees: false,
    },
    {
      name: 'invalid, on its worker, with what it asks for still there',
      state: makeInvalid({
        resourceVersion: '11',
        placement: placedAt('11', 'w-2').placement,
        demand: at('11').demand,
      }),
      held: [`${uid}@w-2`],
      frees: false,
    },
    {name: 'moved', state: placedAt('11', 'w-2'), held: [`${uid}@w-2`], frees: false},
    {name: 'older than what is known', state: at('9'), held: [`${uid}@w-1`], frees: false},
  ];
  it.each(afterPlaced)('$name, after it was placed', ({state, held: wanted, frees}) => {
    const {router, held, taken} = createRouter();
    router.upsert(placedAt('10'));
    const calls = taken(() => router.upsert(state));
    expect(held()).toEqual(wanted);
    expect(calls.filter((call) => call === `release ${uid}`)).toHaveLength(frees ? 1 : 0);
  });

  it('that is placed says whose key its worker is warm for', () => {
    const {table, router} = createRouter();
    router.upsert({...placedAt('10'), affinityExplicit: true, affinityHash: 7});
    expect(table.calls).toContain(`take ${uid} of w-1 for key 7`);
  });

  it.each<[sentence: string, decided: string | undefined, calls: readonly string[]]>([
    ['by a decision of ours is what the ledger holds', 'w-1', []],
    ['by nobody here may be missing in the ledger', undefined, ['adopt']],
    ['elsewhere than it was decided may be missing in the ledger', 'w-2', ['adopt']],
  ])('that is placed %s', (_, decided, wanted) => {
    const {cache, router, taken} = createRouter();
    if (decided) cache.assume(makeAllocation({uid, workerName: decided}));
    const calls = taken(() => router.upsert(placedAt('10')));
    expect(calls.filter((call) => call === 'adopt')).toEqual(wanted);
    expect(taken(() => router.upsert(placedAt('11')))).not.toContain('adopt');
  });

  it('without a worker leaves what is only assumed: a bind of ours is under way', () => {
    const {cache, router, held, taken} = createRouter();
    router.upsert(at('10'));
    cache.assume(makeAllocation({uid}));
    const calls = taken(() => router.upsert(at('11', {suspended: true})));
    expect(held()).toEqual([`${uid}@w-1`]);
    expect(calls).not.toContain(`release ${uid}`);
  });
});

describe('a list of a server whose history went back', () => {
  it.each([
    ['takes older states for the truth', true, []],
    ['is told apart from one that a reply of ours has overtaken', false, [`${uid}@w-1`]],
  ])('%s', (_, wentBack, wanted) => {
    const {router, held} = createRouter();
    router.upsert(placedAt('20'));
    router.replace([at('15')], wentBack);
    expect(held()).toEqual(wanted);
  });
});

describe('a request that is deleted', () => {
  it('gives back what it held, once', () => {
    const {router, held, taken} = createRouter();
    router.upsert(placedAt('10'));
    const calls = [`dequeue ${key}`, `release ${uid}`, `gone ${key} ${uid}`];
    expect(taken(() => router.remove(key))).toEqual(calls);
    expect(taken(() => router.remove(key))).toEqual([]);
    expect(held()).toEqual([]);
  });

  it('and made anew under its name is another one', () => {
    const {router, held, taken} = createRouter();
    router.upsert(placedAt('10'));
    const calls = taken(() => router.upsert(at('12', {uid: 'uid-new'})));
    expect(calls).toEqual([
      `dequeue ${key}`,
      `release ${uid}`,
      `gone ${key} ${uid}`,
      `queue ${key} uid-new`,
      `state ${key}`,
    ]);
    expect(held()).toEqual([]);
  });

  it('is what a new list lacks', () => {
    const {router, held, taken} = createRouter();
    router.upsert(placedAt('10'));
    const other = makeRequest({name: 'r-2', resourceVersion: '11'});
    router.upsert(other);
    const calls = taken(() => router.replace([other]));
    expect(calls).toContain(`release ${uid}`);
    expect(calls).toContain(`gone ${key} ${uid}`);
    expect(held()).toEqual([]);
  });
});

describe('the reply to a bind', () => {
  it('stands for the watch, which then has no news', () => {
    const {router, held, taken} = createRouter();
    router.upsert(at('10'));
    expect(router.replied(placedAt('12'))).toBe(true);
    expect(held()).toEqual([`${uid}@w-1`]);
    expect(taken(() => router.upsert(at('11', {conditions: []})))).toEqual([]);
  });

  const ahead: readonly {name: string; sees: (router: RequestRouter) => void; held: string[]}[] = [
    {name: 'its deletion', sees: (router) => router.remove(key), held: []},
    {name: 'its end', sees: (router) => router.upsert(finishedAt('13')), held: []},
    {
      name: 'its successor of the same name',
      sees: (router) => router.upsert(at('13', {uid: 'uid-new'})),
      held: [],
    },
    {
      name: 'another placement',
      sees: (router) => router.upsert(placedAt('13', 'w-2')),
      held: [`${uid}@w-2`],
    },
  ];
  it.each(ahead)('brings nothing back when the watch has shown $name', ({sees, held: wanted}) => {
    const {router, held, taken} = createRouter();
    router.upsert(at('10'));
    sees(router);
    expect(taken(() => expect(router.replied(placedAt('12'))).toBe(false))).toEqual([]);
    expect(held()).toEqual(wanted);
  });
});

it('the highest epoch is that of the highest placement, also once that is gone', () => {
  const {router} = createRouter();
  const by = (epoch: number, changes: Parameters<typeof makeRequest>[0]) => {
    const placement = {workerName: 'w-1', assignmentId: 'id', epoch, gpuDevices: []};
    return makeRequest({...changes, phase: 'Scheduled', placement});
  };
  expect(router.highestEpoch).toBe(0);
  router.upsert(at('1'));
  expect(router.highestEpoch).toBe(0);
  router.upsert(by(7, {name: 'r-1', resourceVersion: '2'}));
  router.upsert(by(3, {name: 'r-2', uid: 'uid-r-2'}));
  router.remove(key);
  expect(router.highestEpoch).toBe(7);
  const placement = {workerName: 'w-1', assignmentId: 'id', epoch: 9, gpuDevices: []};
  router.upsert({...makeInvalid({name: 'r-3', uid: 'uid-r-3'}), placement});
  expect(router.highestEpoch).toBe(9);
});
