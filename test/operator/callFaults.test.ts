import {describe, expect, it} from 'vitest';
import type {Fault} from '../../src/embedded/faultyTransport.ts';
import {containerRequests, ledgers, pathOf, workers} from '../../src/kube/resource.ts';
import {conditionOf, numbered} from '../../src/simulate/objects.ts';
import type {Replica} from '../../src/simulate/replica.ts';
import {
  type CallMatch,
  isBind,
  isCommit,
  isEvent,
  isLease,
  isLedgerPatch,
  isListOf,
  isReason,
  isRequestRead,
  isWorkerView,
} from './calls.ts';
import {OperatorRig} from './operatorRig.ts';

const faults: readonly (readonly [string, Fault])[] = [
  ['never reaches the server', {kind: 'unsent'}],
  ['loses its reply', {kind: 'lostReply'}],
  ['is never answered', {kind: 'hang'}],
  ['happens and is never answered', {kind: 'hang', happens: true}],
  ['is slow on both ways', {kind: 'delay', beforeMs: 3_000, afterMs: 3_000}],
  ['conflicts', {kind: 'status', status: 409}],
  ['is asked to wait', {kind: 'status', status: 429, retryAfterMs: 1_500}],
  ['fails inside the server', {kind: 'status', status: 500}],
  ['finds the server overloaded', {kind: 'status', status: 503, retryAfterMs: 1_000}],
];

const calls: readonly (readonly [string, CallMatch, times: number])[] = [
  ['a commit', isCommit, 3],
  ['a bind', isBind, 5],
  ['the reason of a waiting request', isReason, 2],
  ['an Event', isEvent, 2],
  ['the sums of a worker', isWorkerView, 2],
  // Two that are never answered take longer than a leader may go without renewing.
  ['a renewal of the Lease', isLease, 1],
];

const whileStarting: readonly (readonly [string, CallMatch, times: number])[] = [
  ['the list of requests', isListOf(containerRequests), 3],
  ['the list of workers', isListOf(workers), 3],
  ['a write of the Ledger', isLedgerPatch, 3],
  ['the first call for the Lease', isLease, 2],
];

const cross = (kinds: typeof calls) =>
  kinds.flatMap(([what, matches, times]) =>
    faults.map(([how, fault]) => ({name: `${what} that ${how}`, matches, times, fault})),
  );

const names = numbered('r', 12);

const isLedgerRead: CallMatch = ({method, path}) =>
  method === 'GET' && path.startsWith(pathOf(ledgers));

describe('a leader meets', () => {
  it.each(cross(calls))('$name, and goes on by itself', async ({matches, times, fault}) => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(numbered('w', 4));
    const leader = await rig.lead();
    const off = leader.faults.inject({fault, matches, times});
    await world.createRequests(names);
    await world.createRequests(['hopeless'], {resources: {cpu: '64', memory: '1Gi'}});
    await rig.placed(names, 60_000);
    const says = () => conditionOf(world.request('hopeless'), 'Scheduled')?.reason;
    await rig.until('the other one says why', () => says() === 'Unplaceable', 60_000);
    await rig.advance(10_000);
    expect(leader.isLeading).toBe(true);
    for (const name of names) expect(world.request(name).status?.attempts).toBe(1);
    for (const name of names.slice(0, 6)) await world.finish(name);
    await rig.advance(15_000);
    off();
    await rig.end();
  });
});

describe('a starting leader meets', () => {
  it.each(cross(whileStarting))('$name, and begins', async ({matches, times, fault}) => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(numbered('w', 4));
    await world.createRequests(names);
    await world.observe();
    const replica = rig.add();
    replica.faults.inject({fault, matches, times});
    await rig.until('it leads', () => replica.isLeading, 60_000);
    await rig.placed(names, 30_000);
    await rig.end();
  });
});

describe('a bind whose reply is lost', () => {
  it('is read, and neither written twice nor decided anew', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(['w-1']);
    const leader = await rig.lead();
    leader.faults.inject({fault: {kind: 'lostReply'}, matches: isBind});
    await world.createRequests(['r-1']);
    await rig.placed(['r-1']);
    await rig.advance(1_000);
    expect(leader.sent(isBind)).toHaveLength(1);
    expect(leader.sent(isRequestRead).filter(({path}) => path.endsWith('/r-1'))).toHaveLength(1);
    expect(leader.cycles.reduce((sum, {accepted}) => sum + accepted, 0)).toBe(1);
    await rig.end();
  });
});

describe('a 404 of a server that does not know the kind yet', () => {
  it('gives nothing back of a bind whose reply was lost', async () => {
    let lagMs = 0;
    const rig = new OperatorRig({
      lagMs: ({path}) => (path === pathOf(containerRequests) ? lagMs : 0),
    });
    const {world} = rig;
    await world.createWorkers(['w-1'], {capacity: {cpu: '1', memory: '4Gi'}});
    const leader = await rig.lead();
    leader.faults.inject({fault: {kind: 'lostReply'}, matches: isBind});
    leader.faults.inject({fault: {kind: 'status', status: 404}, matches: isRequestRead});
    await world.createRequests(['r-1', 'r-2'], {resources: {cpu: '1', memory: '1Gi'}});
    await rig.until('a bind is sent', () => leader.sent(isBind).length > 0);
    lagMs = 2_000;
    await rig.advance(10_000);
    expect(['r-1', 'r-2'].filter((name) => rig.workerOf(name) !== undefined)).toHaveLength(1);
    await rig.end();
  });

  it('does not end the reason of a waiting request', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(['w-1']);
    const leader = await rig.lead();
    leader.faults.inject({fault: {kind: 'status', status: 404}, matches: isReason});
    await world.createRequests(['hopeless'], {resources: {cpu: '64', memory: '1Gi'}});
    const says = () => conditionOf(world.request('hopeless'), 'Scheduled')?.reason;
    await rig.until('it says why', () => says() === 'Unplaceable');
    await rig.end();
  });
});

describe('a namespace whose status writes fail, as its admission webhook is down', () => {
  it('holds up nobody else, and is served once that is over', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(numbered('w', 4), {capacity: {cpu: '64', memory: '64Gi'}});
    const leader = await rig.lead();
    const bad = numbered('bad', 70);
    const off = leader.faults.inject({
      fault: {kind: 'status', status: 500, message: 'failed calling webhook'},
      matches: ({method, path}) => method !== 'GET' && /\/bad-\d+\/status$/.test(path),
      times: Number.POSITIVE_INFINITY,
    });
    await world.createRequests(bad);
    await world.createRequests(['bad-99'], {resources: {cpu: '1000', memory: '1Gi'}});
    await rig.advance(5_000);
    await world.createRequests(['good']);
    await world.createRequests(['hopeless'], {resources: {cpu: '1000', memory: '1Gi'}});
    await rig.placed(['good'], 30_000);
    const says = () => conditionOf(world.request('hopeless'), 'Scheduled')?.reason;
    await rig.until('the hopeless one says why', () => says() === 'Unplaceable', 30_000);
    expect(leader.complaints.join()).toContain('status write put off');
    off();
    await rig.placed(bad, 120_000);
    await rig.end();
  });
});

describe('a ledger that does not answer', () => {
  const refuseCommits = (leader: Replica) =>
    leader.faults.inject({
      fault: {kind: 'status', status: 500, message: 'etcd is full'},
      matches: isLedgerPatch,
      times: Number.POSITIVE_INFINITY,
    });

  it('is said on requests that come meanwhile, and on those that would fit by now', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(['w-1']);
    const leader = await rig.lead();
    await world.createRequests(['large'], {resources: {cpu: '16', memory: '1Gi'}});
    const reason = (name: string) => conditionOf(world.request(name), 'Scheduled')?.reason;
    await rig.until('it fits nowhere', () => reason('large') === 'Unplaceable');
    const off = refuseCommits(leader);
    await world.createRequests(['r-1']);
    await rig.advance(5_000);
    await world.createRequests(['late']);
    await world.createWorkers(['w-2'], {capacity: {cpu: '32', memory: '32Gi'}});
    await rig.until(
      'both say so',
      () => ['late', 'large'].every((name) => reason(name) === 'LedgerUnavailable'),
      20_000,
    );
    off();
    await rig.placed(['r-1', 'late', 'large']);
    await rig.end();
  });

  it.each([
    {
      name: 'deleted',
      change: ({world}: OperatorRig) => world.remove({resource: workers, name: 'w-1'}),
    },
    {
      name: 'cordoned',
      change: ({world}: OperatorRig) => world.patchWorker('w-1', {spec: {unschedulable: true}}),
    },
    {
      name: 'shrunk',
      change: ({world}: OperatorRig) => world.patchWorker('w-1', {spec: {capacity: {cpu: '2'}}}),
    },
  ])('lets nobody onto a worker that was $name meanwhile', async ({change}) => {
    for (const fault of [
      {kind: 'status', status: 500} as const,
      // Written, and not known to be: this try is accepted before the worker changes.
      {kind: 'lostReply'} as const,
    ]) {
      const rig = new OperatorRig();
      const {world} = rig;
      await world.createWorkers(['w-1']);
      const leader = await rig.lead();
      const times = Number.POSITIVE_INFINITY;
      const offs = [isLedgerPatch, isLedgerRead].map((matches) =>
        leader.faults.inject({fault, matches, times}),
      );
      const big = {resources: {cpu: '3', memory: '1Gi'}, retryLimit: 0};
      await world.createRequests(['r-1'], big);
      await rig.advance(5_000);
      await change(rig);
      await world.createWorkers(['w-2']);
      await rig.advance(60_000);
      for (const off of offs) off();
      await rig.placed(['r-1']);
      expect(rig.workerOf('r-1')).toBe('w-2');
      expect(leader.sent(isBind)).toHaveLength(1);
      await rig.end();
    }
  });

  it('is said on the requests that wait for it, and in /readyz; then all are placed', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(numbered('w', 4));
    const leader = await rig.lead();
    const off = leader.faults.inject({
      fault: {kind: 'status', status: 500, message: 'etcd is full'},
      matches: isLedgerPatch,
      times: Number.POSITIVE_INFINITY,
    });
    await world.createRequests(names);
    const condition = (name: string) => conditionOf(world.request(name), 'Scheduled');
    await rig.until('all say so', () =>
      names.every((name) => condition(name)?.reason === 'LedgerUnavailable'),
    );
    expect(condition('r-01')?.message).toContain('etcd is full');
    const check = leader.operator.checks.find(({name}) => name === 'ledger');
    expect(check?.waitingFor()).toContain('etcd is full');
    off();
    await rig.placed(names);
    expect(check?.waitingFor()).toBeUndefined();
    await rig.end();
  });
});
