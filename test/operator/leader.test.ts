import {expect, it} from 'vitest';
import type {RequestRecord} from '../../src/api/records.ts';
import {Leader} from '../../src/leader.ts';
import {MemoryLedger} from '../../src/ledger/memoryLedger.ts';
import {PendingUpdate} from '../../src/ledger/pendingUpdate.ts';
import {type Log, silentLog} from '../../src/lib/log.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {makeRequest} from '../status/makeRecords.ts';
import {makeAllocation} from '../watch/records.ts';

it('a ledger that does not answer at the start is said once a cause, however often it is tried', async () => {
  const clock = new VirtualClock();
  const ledger = new MemoryLedger();
  const open = ledger.open.bind(ledger);
  let tries = 0;
  ledger.open = async (epoch, signal) => {
    tries++;
    if (tries > 6) return open(epoch, signal);
    const cause = new Error(tries <= 3 ? 'nothing listens there' : 'it refused the password');
    return {kind: 'unavailable', cause};
  };
  const said: object[] = [];
  const log: Log = {...silentLog, error: (keys) => said.push(keys)};
  const leader = new Leader({
    ledger,
    update: new PendingUpdate(),
    readConsistently: async () => {},
    cache: {
      boundAllocations: () => [],
      assume() {},
      forgetAssumed() {},
      worker: () => undefined,
      stillTakes: () => true,
    },
    queue: {claim: () => undefined, requeue() {}, awaitLedger() {}},
    router: {highestEpoch: 0},
    writer: {write() {}},
    clock,
    log,
    retryMs: 2_000,
  });
  const prepared = leader.prepare(1, new AbortController().signal);
  await clock.advance(60_000);
  expect(await prepared).toEqual({kind: 'ready'});
  expect(tries).toBe(7);
  expect(said).toEqual([
    {epoch: 1, ledger: 'memory', cause: 'nothing listens there'},
    {epoch: 1, ledger: 'memory', cause: 'it refused the password'},
  ]);
});

it('a ledger emptied before it is settled gives back what was to be rolled forward', async () => {
  const clock = new VirtualClock();
  const ledger = new MemoryLedger();
  const held = makeAllocation({uid: 'uid-r-1'});
  let opens = 0;
  ledger.open = async () => ({kind: 'opened', allocations: opens++ === 0 ? [held] : []});
  ledger.settle = async () => (opens === 1 ? {kind: 'lost'} : {kind: 'committed', rejects: []});
  const waiting = new Map<string, RequestRecord>([['uid-r-1', makeRequest({name: 'r-1'})]]);
  const claimed = new Map<string, RequestRecord>();
  const assumed = new Set<string>();
  const bound: string[] = [];
  const leader = new Leader({
    ledger,
    update: new PendingUpdate(),
    readConsistently: async () => {},
    cache: {
      boundAllocations: () => [],
      assume: ({uid}) => assumed.add(uid),
      forgetAssumed: (uid) => assumed.delete(uid),
      worker: () => ({}),
      stillTakes: () => true,
    },
    queue: {
      claim(uid) {
        const record = waiting.get(uid);
        if (record) claimed.set(uid, record);
        waiting.delete(uid);
        return record;
      },
      awaitLedger() {},
      requeue(_, {uid}) {
        waiting.set(uid, claimed.get(uid)!);
        claimed.delete(uid);
      },
    },
    router: {highestEpoch: 0},
    writer: {write: ({record}) => bound.push(record.uid)},
    clock,
    log: silentLog,
    retryMs: 2_000,
  });
  expect(await leader.prepare(1, new AbortController().signal)).toEqual({kind: 'ready'});
  expect(opens).toBe(2);
  expect([[...waiting.keys()], [...claimed.keys()], [...assumed], bound]).toEqual([
    ['uid-r-1'],
    [],
    [],
    [],
  ]);
});
