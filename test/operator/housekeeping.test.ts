import {describe, expect, it} from 'vitest';
import type {SumDifference} from '../../src/ledger/ledger.ts';
import {numbered} from '../../src/simulate/objects.ts';
import {isBind, isCommit, isLedgerPatch} from './calls.ts';
import {OperatorRig} from './operatorRig.ts';

describe('the capacity of finished requests', () => {
  it('reaches the ledger within about a second without new requests, counted as releases', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(numbered('w', 4));
    const leader = await rig.lead();
    const names = numbered('r', 8);
    await world.createRequests(names);
    await rig.placed(names);
    const writes = leader.sent(isLedgerPatch).length;
    for (const name of names) await world.finish(name);
    await rig.advance(900);
    expect(leader.sent(isLedgerPatch)).toHaveLength(writes);
    await rig.advance(300);
    expect(leader.sent(isLedgerPatch)).toHaveLength(writes + 1);
    expect(rig.inFlight()).toEqual([]);
    const text = await leader.metrics.registry.metrics();
    expect(text).toContain('berth_ledger_commits_total{ledger="kubernetes",for="releases"} 1');
    expect(text).toContain('berth_ledger_commits_total{ledger="kubernetes",for="batch"} 1');
    await rig.advance(10_000);
    expect(leader.sent(isLedgerPatch)).toHaveLength(writes + 1);
    await rig.end();
  });

  it('is there for the next batch at once, in the commit of that batch', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(['w-1']);
    const leader = await rig.lead();
    await world.createRequests(['large'], {resources: {cpu: '4', memory: '1Gi'}});
    await rig.placed(['large']);
    await world.createRequests(['next'], {resources: {cpu: '4', memory: '1Gi'}});
    await rig.advance(100);
    const commits = leader.sent(isCommit).length;
    await world.finish('large');
    expect(await rig.placed(['next'])).toBeLessThan(100);
    expect(leader.sent(isCommit)).toHaveLength(commits + 1);
    await rig.end();
  });
});

const held = {
  request: 'default/r-1',
  workerName: 'w-1',
  cpuMillis: 100,
  memoryBytes: 2 ** 27,
  gpuDevices: [],
  gpuMillis: 0,
};

function bindByHand({world}: OperatorRig, name: string): Promise<void> {
  const condition = {
    type: 'Scheduled',
    status: 'True',
    reason: 'Placed',
    message: 'by hand',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  const assignment = {id: '1.99.0', epoch: 1, cycle: 99, gpuDevices: [], affinity: 'None'};
  const status = {phase: 'Scheduled', workerName: 'w-1', assignment, conditions: [condition]};
  return world.patchRequest(name, {status}, 'status');
}

it('tells the ledger of what is bound behind its back, without a batch that would', async () => {
  const rig = new OperatorRig();
  const {world} = rig;
  await world.createWorkers(['w-1']);
  const leader = await rig.lead();
  await world.createRequests(['r-1'], {workerName: 'nobody'});
  await rig.advance(1_000);
  const {ledger} = leader.operator.stages;
  const settle = ledger.settle.bind(ledger);
  const told: string[][] = [];
  ledger.settle = (epoch, allocations, signal) => {
    told.push(allocations.map(({uid}) => uid));
    return settle(epoch, allocations, signal);
  };
  await bindByHand(rig, 'r-1');
  await rig.until('it is settled', () => told.length > 0, 5_000);
  await rig.advance(5_000);
  expect(told).toEqual([[world.request('r-1').metadata.uid]]);
  await rig.end();
});

describe('an assumption without an end', () => {
  it('is looked up, not guessed: what is bound after all is kept', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(['w-1']);
    const leader = await rig.lead();
    const {cache} = leader.operator.stages;
    await world.createRequests(['r-1'], {workerName: 'nobody'});
    await rig.advance(1_000);
    // Somebody binds it, and no watch says so.
    leader.faults.silenceWatches();
    const {uid} = world.request('r-1').metadata;
    cache.assume({...held, uid});
    await bindByHand(rig, 'r-1');
    await rig.advance(29_000);
    expect(cache.isBound(uid)).toBe(false);
    await rig.until('it is read', () => cache.isBound(uid), 10_000);
    expect(cache.usageOf('w-1').containers).toBe(1);
    await rig.end();
  });

  it('of a request that shows no worker is released, and the request decided anew', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(['w-1']);
    const leader = await rig.lead();
    const {cache, queue} = leader.operator.stages;
    await world.createRequests(['r-1'], {suspend: true});
    await rig.advance(1_000);
    const {uid} = world.request('r-1').metadata;
    // As a write of unknown fate leaves it.
    cache.assume({...held, uid, cpuMillis: 4_000});
    await world.createRequests(['r-2']);
    await rig.advance(20_000);
    expect(rig.workerOf('r-2')).toBeUndefined();
    await rig.placed(['r-2'], 20_000);
    expect(leader.complaints).toContain('assumptions without an end; reading the requests again');
    expect(queue.counts.inFlight).toBe(0);
    await rig.end();
  });

  it('while its bind is still on its way is left alone, however long that takes', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(['w-1']);
    const leader = await rig.lead();
    const off = leader.faults.inject({
      fault: {kind: 'status', status: 429, retryAfterMs: 5_000},
      matches: isBind,
      times: Number.POSITIVE_INFINITY,
    });
    await world.createRequests(['r-1']);
    await rig.advance(60_000);
    expect(leader.operator.stages.cache.assumedCount).toBe(1);
    off();
    await rig.placed(['r-1'], 10_000);
    expect(world.request('r-1').status?.attempts).toBe(1);
    await rig.end();
  });
});

it('the sums of a ledger that stores them are compared regularly, and a difference is said', async () => {
  const rig = new OperatorRig({config: {cache: {auditIntervalMs: 60_000}}});
  await rig.world.createWorkers(['w-1']);
  const leader = await rig.lead();
  const stored = {cpuMillis: 100, memoryBytes: 0, containers: 1, gpuMillis: []};
  const differences: SumDifference[] = [{workerName: 'w-1', stored, summed: undefined}];
  let audits = 0;
  leader.operator.stages.ledger.audit = async () => {
    audits++;
    return {kind: 'audited', differences};
  };
  await rig.advance(130_000);
  expect(audits).toBe(2);
  const said = leader.log.filter(({message}) => message.startsWith('sum in the ledger differs'));
  expect(said.map(({level, keys}) => ({level, keys}))).toEqual(
    [1, 2].map(() => ({level: 'error', keys: differences[0]})),
  );
  await rig.end();
});
