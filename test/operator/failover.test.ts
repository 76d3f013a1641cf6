import {describe, expect, it} from 'vitest';
import {containerRequests, leases, ledgers, pathOf} from '../../src/kube/resource.ts';
import {conditionOf, numbered} from '../../src/simulate/objects.ts';
import type {Replica} from '../../src/simulate/replica.ts';
import type {HoldOptions} from '../../src/simulate/replicaTransport.ts';
import {type CallMatch, isBind, isCommit, isLease, isReason} from './calls.ts';
import {OperatorRig} from './operatorRig.ts';

const names = numbered('r', 12);
const leaseEndMs = 30_000;

/** A leader, a warm standby, and `names` on their way, stopped at the calls that `matches`. */
async function stageBurst(matches: CallMatch, at: HoldOptions['at']) {
  const rig = new OperatorRig();
  await rig.world.createWorkers(numbered('w', 4));
  const first = await rig.lead();
  const second = rig.add();
  await rig.advance(5_000);
  const hold = first.transport.hold({matches, at});
  await rig.world.createRequests(names);
  const count = matches === isBind ? names.length : 1;
  await rig.until('the calls are on their way', () => hold.calls.length === count);
  return {rig, first, second, hold};
}

const placementsOf = (rig: OperatorRig) =>
  names.map((name) => `${rig.world.request(name).metadata.uid} on ${rig.workerOf(name)}`);
const ledgerOf = (rig: OperatorRig) => rig.world.server.read(ledgers, {name: 'berth'});
const epochsOf = (rig: OperatorRig) =>
  new Set(names.map((name) => rig.world.request(name).status?.assignment?.epoch));

async function leads(rig: OperatorRig, replica: Replica): Promise<void> {
  await rig.until(`${replica.name} leads`, () => replica.isLeading, leaseEndMs);
}

async function stopped(rig: OperatorRig, replica: Replica): Promise<void> {
  replica.stop();
  await rig.until(`${replica.name} has stopped`, () => !replica.isRunning);
}

interface Row {
  readonly name: string;
  readonly held: readonly [CallMatch, HoldOptions['at']];
  /** When what the dead leader had sent arrives. */
  readonly arrives: 'never' | 'before the next one leads' | 'once it is all done';
  /** Whose placements they are in the end. */
  readonly by: 'first' | 'second';
  /** Whether what was committed is bound as it was. */
  readonly isRolledForward: boolean;
}

const rows: readonly Row[] = [
  {
    name: 'before its commit arrives, which never does',
    held: [isCommit, 'sent'],
    arrives: 'never',
    by: 'second',
    isRolledForward: false,
  },
  {
    name: 'before its commit arrives, which does at once',
    held: [isCommit, 'sent'],
    arrives: 'before the next one leads',
    by: 'second',
    isRolledForward: true,
  },
  {
    name: 'before its commit arrives, which does too late',
    held: [isCommit, 'sent'],
    arrives: 'once it is all done',
    by: 'second',
    isRolledForward: false,
  },
  {
    name: 'between commit and bind, which never arrives',
    held: [isBind, 'sent'],
    arrives: 'never',
    by: 'second',
    isRolledForward: true,
  },
  {
    name: 'between commit and bind, which arrives before the next one leads',
    held: [isBind, 'sent'],
    arrives: 'before the next one leads',
    by: 'first',
    isRolledForward: true,
  },
  {
    name: 'between commit and bind, which arrives too late',
    held: [isBind, 'sent'],
    arrives: 'once it is all done',
    by: 'second',
    isRolledForward: true,
  },
  {
    name: 'after the bind',
    held: [isBind, 'done'],
    arrives: 'never',
    by: 'first',
    isRolledForward: true,
  },
];

it('a leader that is stopped leaves at once, however many reasons are unwritten', async () => {
  const rig = new OperatorRig();
  await rig.world.createWorkers(['w-1']);
  const first = await rig.lead();
  const hold = first.transport.hold({matches: isReason, at: 'sent'});
  await rig.world.createRequests(numbered('r', 300), {resources: {cpu: '64', memory: '1Gi'}});
  await rig.until('reasons are on their way', () => hold.calls.length > 0);
  first.stop();
  await rig.until('it has left', () => !first.isRunning, 1_000);
  // The next one tells them all.
  await rig.lead();
  await rig.end();
});

describe('a leader that is killed', () => {
  it.each(rows)('$name: each request has one worker', async (row) => {
    const {rig, first, second, hold} = await stageBurst(...row.held);
    first.kill();
    if (row.arrives === 'before the next one leads') hold.release();
    await rig.advance(100);
    const committed = rig.inFlight();
    expect(committed).toHaveLength(row.isRolledForward ? names.length : 0);
    await leads(rig, second);
    await rig.placed(names);
    if (row.arrives === 'once it is all done') hold.release();
    await rig.advance(100);
    expect(ledgerOf(rig)).toMatchObject({status: {epoch: 2}});
    expect(epochsOf(rig)).toEqual(new Set([row.by === 'first' ? 1 : 2]));
    if (row.isRolledForward) expect(placementsOf(rig).sort()).toEqual([...committed].sort());
    for (const name of names) expect(rig.world.request(name).status?.attempts).toBe(1);
    await rig.end();
  });
});

describe('a bind of the leader before, which arrives after the read of the new one', () => {
  it('keeps its worker, though the watch has not shown it yet', async () => {
    const large = {resources: {cpu: '3', memory: '1Gi'}};
    const rig = new OperatorRig();
    await rig.world.createWorkers(['w-1']);
    const first = await rig.lead();
    const second = rig.add();
    await rig.advance(5_000);
    const late = first.transport.hold({matches: isBind, at: 'sent'});
    await rig.world.createRequests(['r-1'], large);
    await rig.until('its bind is on its way', () => late.calls.length === 1);
    first.kill();
    const own = second.transport.hold({matches: isBind, at: 'sent'});
    await leads(rig, second);
    await rig.until('it is rolled forward', () => own.calls.length === 1);
    second.faults.silenceWatches();
    late.release();
    await rig.until('the late one arrives', () => rig.workerOf('r-1') === 'w-1');
    own.release();
    await rig.advance(1_000);
    const {cache, update} = second.operator.stages;
    expect(cache.isBound(rig.world.request('r-1').metadata.uid)).toBe(true);
    expect(update.releaseCount).toBe(0);
    await rig.world.createRequests(['r-2'], large);
    await rig.advance(120_000);
    expect(rig.workerOf('r-2')).toBeUndefined();
    await rig.end();
  });
});

describe('a standby whose watches have fallen silent', () => {
  it('reads what is true before it decides', async () => {
    const rig = new OperatorRig();
    await rig.world.createWorkers(['w-1']);
    const first = await rig.lead();
    const second = rig.add();
    await rig.advance(5_000);
    second.faults.silenceWatches();
    const large = {resources: {cpu: '3', memory: '1Gi'}};
    await rig.world.createRequests(['r-1'], large);
    await rig.placed(['r-1']);
    first.kill();
    await rig.world.createRequests(['r-2'], large);
    await leads(rig, second);
    const reason = () => conditionOf(rig.world.request('r-2'), 'Scheduled')?.reason;
    await rig.until('the second one says why it waits', () => reason() === 'Unplaceable');
    await rig.world.remove({resource: containerRequests, name: 'r-1'});
    await rig.placed(['r-2'], 120_000);
    await rig.end();
  });
});

describe('a leader that is stopped for a minute and goes on', () => {
  it.each([
    ['with a commit on its way', isCommit],
    ['with binds on their way', isBind],
  ] as const)('%s is fenced, and harmless', async (_, matches) => {
    const {rig, first, second, hold} = await stageBurst(matches, 'sent');
    first.pause();
    await leads(rig, second);
    await rig.placed(names);
    const placements = placementsOf(rig);
    await rig.world.createRequests(['later'], {resources: {cpu: '1', memory: '1Gi'}});
    await rig.placed(['later']);
    await rig.advance(40_000);
    hold.release();
    first.resume();
    await rig.until('it has left', () => !first.isRunning, 30_000);
    expect(first.end).toBe('leadership lost');
    expect(placementsOf(rig)).toEqual(placements);
    expect(ledgerOf(rig)).toMatchObject({status: {epoch: 2}});
    await rig.end();
  });

  it('with its requests gone meanwhile, brings none of them back', async () => {
    const {rig, first, second, hold} = await stageBurst(isCommit, 'done');
    first.pause();
    await leads(rig, second);
    await rig.placed(names);
    for (const name of names) await rig.world.finish(name);
    await rig.advance(60_000);
    hold.release();
    first.resume();
    await rig.until('it has left', () => !first.isRunning, 30_000);
    expect(rig.inFlight()).toEqual([]);
    expect(rig.leader.operator.stages.cache.usageOf('w-1').containers).toBe(0);
    await rig.end();
  });
});

describe('a leader whose binds are refused for now', () => {
  async function stageRefusedBinds() {
    const rig = new OperatorRig();
    await rig.world.createWorkers(numbered('w', 4));
    const first = await rig.lead();
    first.faults.inject({
      fault: {kind: 'status', status: 429, retryAfterMs: 200},
      matches: isBind,
      times: Number.POSITIVE_INFINITY,
    });
    await rig.world.createRequests(names);
    await rig.until('all are committed', () => rig.inFlight().length === names.length);
    return {rig, first};
  }

  it('binds nothing more once its Lease is lost', async () => {
    const {rig, first} = await stageRefusedBinds();
    const second = rig.add();
    first.faults.inject({
      fault: {kind: 'status', status: 500},
      matches: isLease,
      times: Number.POSITIVE_INFINITY,
    });
    await rig.until('it has lost its Lease', () => !first.operator.isLeader, 20_000);
    const tried = first.sent(isBind).length;
    await rig.until('it has left', () => !first.isRunning, 1_000);
    expect(first.sent(isBind)).toHaveLength(tried);
    expect(first.end).toBe('leadership lost');
    await leads(rig, second);
    await rig.placed(names);
    await rig.end();
  });

  it('binds nothing more once the ledger has fenced it', async () => {
    const {rig, first} = await stageRefusedBinds();
    const path = pathOf(ledgers, {name: 'berth', subresource: 'status'});
    const contentType = 'application/merge-patch+json' as const;
    await rig.world.call({method: 'PATCH', path, contentType, body: {status: {epoch: 7}}});
    const fenced = 'another leader has the ledger; leaving';
    await rig.world.createRequests(['later']);
    await rig.until('it knows', () => first.complaints.includes(fenced), 1_000);
    const tried = first.sent(isBind).length;
    await rig.until('it has left', () => !first.isRunning, 1_000);
    expect(first.sent(isBind)).toHaveLength(tried);
    const second = rig.add();
    await leads(rig, second);
    await rig.placed([...names, 'later']);
    expect(ledgerOf(rig)).toMatchObject({status: {epoch: 8}});
    await rig.end();
  });
});

describe('a Lease that somebody deletes', () => {
  const lease = pathOf(leases, {namespace: 'default', name: 'berth'});
  it('ends the leadership; the standby goes on with a higher epoch', async () => {
    const rig = new OperatorRig();
    await rig.world.createWorkers(numbered('w', 4));
    const first = await rig.lead();
    const second = rig.add();
    await rig.advance(5_000);
    await rig.world.call({method: 'DELETE', path: lease});
    await rig.until('the leader has left', () => !first.isRunning, 30_000);
    expect(first.end).toBe('leadership lost');
    await leads(rig, second);
    expect(ledgerOf(rig)).toMatchObject({status: {epoch: 2}});
    await rig.world.createRequests(names);
    await rig.placed(names);
    await rig.end();
  });

  it.each([1, 2, 3])(
    'while nobody runs, does not take the epoch back: the ledger remembers number %d',
    async (count) => {
      const rig = new OperatorRig();
      await rig.world.createWorkers(numbered('w', 4));
      let replica = await rig.lead();
      for (let epoch = 1; epoch < count; epoch++) {
        await stopped(rig, replica);
        replica = rig.add();
        await leads(rig, replica);
      }
      await rig.world.createRequests(names.slice(0, 6));
      await rig.placed(names.slice(0, 6));
      await stopped(rig, replica);
      await rig.world.call({method: 'DELETE', path: lease});
      const next = rig.add();
      await leads(rig, next);
      expect(ledgerOf(rig)).toMatchObject({status: {epoch: count + 1}});
      expect(next.complaints).toContain('ledger has this epoch or a higher one; trying above it');
      await rig.world.createRequests(names.slice(6));
      await rig.placed(names);
      expect(epochsOf(rig)).toEqual(new Set([count, count + 1]));
      await rig.end();
    },
  );
});

describe('an operator without leader election', () => {
  it('goes on after each restart, with an epoch of its own', async () => {
    const rig = new OperatorRig({config: {leaderElection: {enabled: false}}});
    await rig.world.createWorkers(numbered('w', 4));
    await rig.world.observe();
    for (let epoch = 1; epoch <= 3; epoch++) {
      const replica = rig.add();
      const name = `r-${epoch}`;
      await rig.world.createRequests([name]);
      await rig.placed([name]);
      expect(rig.world.request(name).status?.assignment?.epoch).toBe(epoch);
      await stopped(rig, replica);
      expect(replica.end).toBe('stopped');
    }
    expect(rig.world.server.read(leases, {namespace: 'default', name: 'berth'})).toBeUndefined();
    expect((await rig.world.violations()).length).toBe(0);
  });
});
