import {describe, expect, it} from 'vitest';
import {leases} from '../../src/kube/resource.ts';
import type {Ledger} from '../../src/ledger/ledger.ts';
import {MemoryLedger} from '../../src/ledger/memoryLedger.ts';
import type {Clock} from '../../src/lib/clock.ts';
import {seededRandom} from '../../src/lib/random.ts';
import {numbered} from '../../src/simulate/objects.ts';
import {Replica} from '../../src/simulate/replica.ts';
import {LateClock} from '../lib/lateClock.ts';
import {isBind} from './calls.ts';
import {OperatorRig} from './operatorRig.ts';

const names = numbered('r', 12);

function makeReplica(
  rig: OperatorRig,
  name: string,
  ledger?: () => Ledger,
  clock?: Clock,
): Replica {
  const replica = new Replica({
    name,
    transport: rig.world.server.transport({user: name}),
    clock: clock ?? rig.world.clock,
    random: seededRandom(name.length),
    network: {latencyMs: () => 2},
    ledger,
    config: {},
  });
  rig.replicas.push(replica);
  return replica;
}

/** A leader whose binds are refused for now, and tried again every 100 ms. */
async function stageRefusedBinds(ledger?: () => Ledger) {
  const rig = new OperatorRig();
  const clock = new LateClock(rig.world.clock);
  const leader = makeReplica(rig, 'replica-0', ledger, clock);
  await rig.world.createWorkers(numbered('w', 4));
  await rig.world.observe();
  leader.start();
  await rig.until('it leads', () => leader.isLeading);
  leader.faults.inject({
    fault: {kind: 'status', status: 429, retryAfterMs: 100},
    matches: isBind,
    times: Number.POSITIVE_INFINITY,
  });
  await rig.world.createRequests(names);
  await rig.until('all are tried', () => leader.sent(isBind).length >= names.length);
  return {rig, clock, leader};
}

describe('a bind by somebody else, before our own of the same request', () => {
  it.each(['kubernetes', 'memory'] as const)('stays in the ledger, %s', async (ledger) => {
    const rig = new OperatorRig({ledger});
    const {world} = rig;
    await world.createWorkers(['w-1']);
    const leader = await rig.lead();
    const hold = leader.transport.hold({matches: isBind, at: 'sent', times: 1});
    await world.createRequests(['r-1']);
    await rig.until('our bind is on its way', () => hold.calls.length === 1);
    await world.createWorkers(['w-2']);
    const placed = {
      type: 'Scheduled',
      status: 'True',
      reason: 'Placed',
      message: 'placed on worker w-2',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const assignment = {id: '1.99.0', epoch: 1, cycle: 99};
    const status = {phase: 'Scheduled', workerName: 'w-2', assignment, conditions: [placed]};
    await world.patchRequest('r-1', {status}, 'status');
    await rig.advance(100);
    hold.release();
    await rig.advance(1_000);
    await world.createRequests(['r-2']);
    await rig.placed(['r-2']);
    expect(rig.workerOf('r-1')).toBe('w-2');
    await rig.end({tolerates: ['not committed']});
  });
});

describe('a leader that was stopped past its Lease, before it has noticed', () => {
  it('sends no bind, though the one that it tries again is due', async () => {
    const {rig, clock, leader} = await stageRefusedBinds();
    await rig.advance(200);
    const tried = leader.sent(isBind).length;
    clock.behindMs = 60_000;
    await rig.advance(1_000);
    expect(leader.sent(isBind)).toHaveLength(tried);
    leader.faults.heal();
    // Nobody took the Lease meanwhile, so that it is renewed, and all goes on.
    await rig.placed(names);
    await rig.end();
  });
});

describe('a leader that is told to stop and cannot bring its binds to an end', () => {
  const holder = (rig: OperatorRig) => {
    const lease = rig.world.server.read(leases, {namespace: 'default', name: 'berth'});
    return (lease as {spec?: {holderIdentity?: string}} | undefined)?.spec?.holderIdentity;
  };

  it('lets its Lease run out where the ledger may forget: what is on its way arrives before the next one reads', async () => {
    const memory = new MemoryLedger();
    const redis: Ledger = {
      kind: 'redis',
      open: (...args) => memory.open(...args),
      settle: (...args) => memory.settle(...args),
      commit: (...args) => memory.commit(...args),
      close: () => memory.close(),
    };
    const {rig, leader} = await stageRefusedBinds(() => redis);
    leader.stop();
    await rig.until('it has stopped', () => !leader.isRunning, 30_000);
    expect(holder(rig)).toBe(leader.name);
    leader.faults.heal();
    const second = makeReplica(rig, 'replica-1', () => redis).start();
    const tookMs = await rig.until('the next one leads', () => second.isLeading, 30_000);
    expect(tookMs).toBeGreaterThan(10_000);
    await rig.placed(names);
    await rig.end();
  });
});
