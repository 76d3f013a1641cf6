import {describe, expect, it} from 'vitest';
import type {RequestRecord} from '../../src/api/records.ts';
import type {Allocation} from '../../src/api/resources.ts';
import {Leader} from '../../src/leader.ts';
import type {CommitResult, Ledger, OpenResult} from '../../src/ledger/ledger.ts';
import {PendingUpdate} from '../../src/ledger/pendingUpdate.ts';
import {silentLog} from '../../src/lib/log.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import type {BindIntent} from '../../src/status/intent.ts';
import {makeAllocation} from '../ledger/allocations.ts';
import {makeRequest} from '../status/makeRecords.ts';

const demand = {cpuMillis: 1000, memoryBytes: 2 ** 30, gpuCount: 1, gpuMillis: 500, gpuTypes: []};
const held = makeAllocation('a', {gpuDevices: [2], gpuMillis: 500});
const settled: CommitResult = {kind: 'committed', rejects: []};
const down = {kind: 'unavailable', cause: new Error('nothing listens there')} as const;

interface Script {
  readonly opened?: OpenResult[];
  readonly settled?: CommitResult[];
  readonly waiting?: readonly RequestRecord[];
  readonly bound?: readonly Allocation[];
  readonly workers?: readonly string[];
  /** Of the placements that the read shows. */
  readonly highestEpoch?: number;
  /** Called during the read. */
  readonly onRead?: () => void;
}

/** A leader before a ledger that answers as told; says in order what it did. */
function scripted(script: Script) {
  const {waiting = [], bound = [], workers = ['w-1'], onRead = () => {}, highestEpoch = 0} = script;
  const opened = [...(script.opened ?? [])];
  const settles = [...(script.settled ?? [])];
  const did: string[] = [];
  const said: object[] = [];
  const intents: BindIntent[] = [];
  const clock = new VirtualClock();
  const update = new PendingUpdate();
  const uidsOf = (some: readonly Allocation[]) => some.map(({uid}) => uid).join();
  const ledger: Ledger = {
    kind: 'redis',
    async open(epoch) {
      did.push(`open ${epoch}: ${leader.waitingFor}`);
      return opened.shift() ?? {kind: 'opened', allocations: [held]};
    },
    async settle(epoch, allocations) {
      did.push(`settle ${epoch}, ${uidsOf(allocations)}: ${leader.waitingFor}`);
      return settles.shift() ?? settled;
    },
    commit: () => Promise.reject(new Error('not before it is prepared')),
    async close() {},
  };
  const leader: Leader = new Leader({
    ledger,
    update,
    async readConsistently() {
      did.push(`read: ${leader.waitingFor}`);
      onRead();
    },
    cache: {
      boundAllocations: () => bound,
      assume: ({uid}) => did.push(`assume ${uid}`),
      forgetAssumed: (uid) => did.push(`forget ${uid}`),
      worker: (name) => (workers.includes(name) ? {} : undefined),
      stillTakes: () => true,
    },
    queue: {
      claim: (uid) => waiting.find((record) => record.uid === uid),
      requeue: (key, {uid, delayMs}) => did.push(`requeue ${key} ${uid} ${delayMs}`),
      awaitLedger() {},
    },
    router: {highestEpoch},
    writer: {write: (intent) => intents.push(intent)},
    clock,
    log: {...silentLog, info: (keys) => said.push(keys)},
    retryMs: 2_000,
  });
  return {leader, did, said, intents, clock, update};
}

const request = makeRequest({name: 'r-1', uid: 'a', demand});
const steps = [
  'open 7: the redis ledger to accept epoch 7',
  'read: a consistent read of requests and workers',
];
const {signal} = new AbortController();

describe('a new leader', () => {
  it('opens, reads, settles, and only then binds what was committed', async () => {
    const bound = [makeAllocation('b'), makeAllocation('c')];
    const {leader, did, said, intents, update} = scripted({waiting: [request], bound});
    update.begin();
    update.release('from before');
    expect(await leader.prepare(7, signal)).toEqual({kind: 'ready'});
    expect(did).toEqual([...steps, 'assume a', 'settle 7, b,c,a: the redis ledger to be settled']);
    expect(leader.waitingFor).toBeUndefined();
    const assignment = {id: '7.0.0', epoch: 7, cycle: 0, gpuDevices: [2], affinity: 'None'};
    expect(intents).toEqual([{kind: 'bind', record: request, workerName: 'w-1', assignment}]);
    expect(said).toEqual([{epoch: 7, held: 3, rolledForward: 1, released: 0, added: 2}]);
    expect(update.releaseCount).toBe(0);
  });

  const changed = (change: Partial<RequestRecord>) => ({...request, ...change});
  const asking = (change: Partial<typeof demand>) => changed({demand: {...demand, ...change}});
  it.each<[string, RequestRecord, (readonly string[])?]>([
    ['more cpu', asking({cpuMillis: 1001})],
    ['less memory', asking({memoryBytes: 1})],
    ['another share of a GPU', asking({gpuMillis: 400})],
    ['another number of GPUs', asking({gpuCount: 2})],
    ['nothing for now, as it is suspended', changed({suspended: true})],
    ['the same, of a worker that is gone', request, []],
  ])('decides a request anew that asks for %s', async (_, record, workers = ['w-1']) => {
    const {leader, did, intents} = scripted({waiting: [record], workers});
    expect(await leader.prepare(7, signal)).toEqual({kind: 'ready'});
    expect(did).toEqual([
      ...steps,
      'requeue default/r-1 a 0',
      'settle 7, : the redis ledger to be settled',
    ]);
    expect(intents).toEqual([]);
  });

  it.each<[string, Script, number]>([
    ['at the open', {opened: [{kind: 'fenced', currentEpoch: 9}]}, 1],
    ['by a placement of a later epoch', {highestEpoch: 9}, 2],
    ['at the settle', {settled: [{kind: 'fenced', currentEpoch: 9}]}, 3],
  ])('goes no further when it is fenced %s', async (_, script, calls) => {
    const {leader, did, intents} = scripted(script);
    expect(await leader.prepare(7, signal)).toEqual({kind: 'fenced', currentEpoch: 9});
    expect(did).toHaveLength(calls);
    expect(intents).toEqual([]);
  });

  it.each([
    [6, 'ready'],
    [7, 'fenced'],
  ])('of epoch 7 is %2$s where epoch %i has placed something', async (highestEpoch, kind) => {
    const {leader} = scripted({highestEpoch});
    expect((await leader.prepare(7, signal)).kind).toBe(kind);
  });

  it('begins anew where the ledger was emptied, with nothing left assumed', async () => {
    const {leader, did, intents} = scripted({
      opened: [
        {kind: 'opened', allocations: [held]},
        {kind: 'opened', allocations: []},
      ],
      settled: [{kind: 'lost'}],
      waiting: [request],
    });
    expect(await leader.prepare(7, signal)).toEqual({kind: 'ready'});
    expect(did.slice(2, 6)).toEqual([
      'assume a',
      'settle 7, a: the redis ledger to be settled',
      'forget a',
      'requeue default/r-1 a 0',
    ]);
    expect(intents).toEqual([]);
  });
});

describe('a new leader that is stopped', () => {
  it.each<[string, Script, number]>([
    ['waits for the open no longer', {opened: [down, down]}, 1],
    ['waits for the settle no longer', {settled: [down, down]}, 3],
  ])('%s', async (_, script, calls) => {
    const {leader, did, clock} = scripted(script);
    const stop = new AbortController();
    const prepared = leader.prepare(7, stop.signal);
    await clock.advance(0);
    expect(leader.waitingFor).toBe('the redis ledger: nothing listens there');
    stop.abort();
    expect(await prepared).toEqual({kind: 'stopped'});
    expect(did).toHaveLength(calls);
  });

  it('settles nothing after its read', async () => {
    const stop = new AbortController();
    const {leader, did} = scripted({waiting: [request], onRead: () => stop.abort()});
    expect(await leader.prepare(7, stop.signal)).toEqual({kind: 'stopped'});
    expect(did).toEqual(steps);
  });
});
