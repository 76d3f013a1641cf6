import {describe, expect, it} from 'vitest';
import {MeasuredLedger} from '../../../src/cli/perf/measuredLedger.ts';
import {memoryLocks, type WorkerLocks} from '../../../src/cli/perf/workerLocks.ts';
import type {CommitInput, CommitResult, Ledger} from '../../../src/ledger/ledger.ts';
import {MemoryLedger} from '../../../src/ledger/memoryLedger.ts';

const signal = new AbortController().signal;
const capacity = {cpuMillis: 4_000, memoryBytes: 2 ** 34, gpuCount: 0, gpuType: '', containers: 9};

/** A commit of one request on each of the workers. */
const commitOn = (...workerNames: string[]): CommitInput => ({
  ...{epoch: 1, cycle: 1, releases: [], confirmed: []},
  assignments: workerNames.map((workerName, index) => ({
    ...{uid: `u-${index}`, request: `n/r-${index}`, workerName},
    ...{cpuMillis: 100, memoryBytes: 1, gpuDevices: [], gpuMillis: 0},
  })),
  capacities: new Map(workerNames.map((name) => [name, capacity])),
});

const settled = async (ledger: Ledger) => {
  await ledger.open(1, signal);
  await ledger.settle(1, [], signal);
  return ledger;
};

/** Notes what is done with locks, and when the ledger commits. */
function noted(inner: Ledger) {
  const notes: string[] = [];
  const held = memoryLocks();
  const locks: WorkerLocks = {
    tryLock: async (name) => {
      notes.push(`lock ${name}`);
      return held.tryLock(name, signal);
    },
    unlock: async (name) => {
      notes.push(`unlock ${name}`);
      await held.unlock(name);
    },
  };
  const ledger: Ledger = {
    kind: 'memory',
    open: (epoch, over) => inner.open(epoch, over),
    settle: (epoch, allocations, over) => inner.settle(epoch, allocations, over),
    commit: (input, over) => {
      notes.push('commit');
      return inner.commit(input, over);
    },
    close: () => inner.close(),
  };
  return {notes, measured: new MeasuredLedger(ledger, locks)};
}

describe('a measured ledger', () => {
  it('says that it commits until it is answered', async () => {
    const answer = Promise.withResolvers<CommitResult>();
    const inner = {commit: () => answer.promise} as Partial<Ledger> as Ledger;
    const measured = new MeasuredLedger(inner);
    const commits = [measured.commit(commitOn('w-1'), signal), measured.commit(commitOn(), signal)];
    expect(measured.isCommitting).toBe(true);
    answer.resolve({kind: 'unavailable', cause: new Error('gone')});
    await Promise.all(commits);
    expect(measured.isCommitting).toBe(false);
  });

  it('locks each worker once around a commit, and gives the locks back', async () => {
    const {notes, measured} = noted(await settled(new MemoryLedger()));
    const result = await measured.commit(commitOn('w-2', 'w-1', 'w-2'), signal);
    expect(result).toEqual({kind: 'committed', rejects: [undefined, undefined, undefined]});
    expect(notes).toEqual(['lock w-1', 'lock w-2', 'commit', 'unlock w-1', 'unlock w-2']);
    expect(measured.locks).toBe(2);
    expect(measured.workerUpdates).toBe(2);
  });

  it('gives the locks back when the commit fails, and is unavailable', async () => {
    const broken = await settled(new MemoryLedger());
    broken.commit = () => Promise.reject(new Error('broken'));
    const {notes, measured} = noted(broken);
    const result = await measured.commit(commitOn('w-1'), signal);
    expect(result).toMatchObject({kind: 'unavailable', cause: {message: 'broken'}});
    expect(notes).toEqual(['lock w-1', 'commit', 'unlock w-1']);
  });

  it('waits for a lock that somebody holds', async () => {
    const ledger = await settled(new MemoryLedger());
    const locks = memoryLocks();
    const measured = new MeasuredLedger(ledger, locks);
    await locks.tryLock('w-1', signal);
    let isDone = false;
    const commit = measured.commit(commitOn('w-1'), signal).then((result) => {
      isDone = true;
      return result;
    });
    await new Promise(setImmediate);
    expect(isDone).toBe(false);
    await locks.unlock('w-1');
    expect(await commit).toMatchObject({kind: 'committed'});
  });

  it('counts the sums that a commit changes, and takes no lock where none are given', async () => {
    const measured = new MeasuredLedger(await settled(new MemoryLedger()));
    await measured.commit(commitOn('w-1', 'w-2', 'w-1'), signal);
    expect(measured.workerUpdates).toBe(2);
    expect(measured.locks).toBeUndefined();
  });
});
