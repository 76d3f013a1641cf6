import {expect, it} from 'vitest';
import {Leader} from '../../src/leader.ts';
import {MemoryLedger} from '../../src/ledger/memoryLedger.ts';
import {PendingUpdate} from '../../src/ledger/pendingUpdate.ts';
import {type Log, silentLog} from '../../src/lib/log.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';

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
    cache: {boundAllocations: () => [], assume() {}, worker: () => undefined},
    queue: {claim: () => undefined, requeue() {}},
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
