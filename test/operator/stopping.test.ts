import {describe, expect, it} from 'vitest';
import {leases} from '../../src/kube/resource.ts';
import {numbered} from '../../src/simulate/objects.ts';
import type {HoldOptions} from '../../src/simulate/replicaTransport.ts';
import {type CallMatch, isBind, isCommit} from './calls.ts';
import {OperatorRig} from './operatorRig.ts';

const names = numbered('r', 12);
/** Of the election: a retry period, spread by its jitter. */
const takeOverMs = 2_000 * 2.2 + 100;

const holderOf = (rig: OperatorRig) =>
  (
    rig.world.server.read(leases, {namespace: 'default', name: 'berth'}) as
      | {spec?: {holderIdentity?: string}}
      | undefined
  )?.spec?.holderIdentity;

describe('a leader that is told to stop', () => {
  const rows: readonly (readonly [string, CallMatch, HoldOptions['at']])[] = [
    ['with a commit on its way', isCommit, 'sent'],
    ['with the reply to a commit on its way', isCommit, 'done'],
    ['with binds on their way', isBind, 'sent'],
    ['with the replies to binds on their way', isBind, 'done'],
  ];
  it.each(rows)('%s finishes them, gives the Lease up, and a standby goes on', async (...row) => {
    const [, matches, at] = row;
    const rig = new OperatorRig();
    await rig.world.createWorkers(numbered('w', 4));
    const first = await rig.lead();
    const second = rig.add();
    await rig.advance(5_000);
    const hold = first.transport.hold({matches, at});
    await rig.world.createRequests(names);
    await rig.until('calls are on their way', () => hold.calls.length > 0);
    first.stop();
    await rig.advance(300);
    expect(first.isRunning).toBe(true);
    expect(holderOf(rig)).toBe(first.name);
    hold.release();
    await rig.until('it has stopped', () => !first.isRunning, 1_000);
    expect(first.end).toBe('stopped');
    for (const name of names) {
      expect(rig.world.request(name).status?.assignment).toMatchObject({epoch: 1});
    }
    expect(holderOf(rig)).toBeUndefined();
    await rig.until('the standby leads', () => second.isLeading, takeOverMs);
    await rig.world.createRequests(['later']);
    await rig.placed(['later']);
    await rig.end();
  });

  it('with nothing to do stops at once', async () => {
    const rig = new OperatorRig();
    const first = await rig.lead();
    first.stop();
    expect(await rig.until('it has stopped', () => !first.isRunning)).toBeLessThan(50);
    expect(first.end).toBe('stopped');
    expect(holderOf(rig)).toBeUndefined();
    expect(rig.world.server.openWatches).toBe(2);
  });

  it('while it stands by stops at once, and leaves the Lease to its holder', async () => {
    const rig = new OperatorRig();
    const first = await rig.lead();
    const second = rig.add();
    await rig.advance(5_000);
    second.stop();
    await rig.until('it has stopped', () => !second.isRunning, 100);
    expect([second.end, holderOf(rig)]).toEqual(['stopped', first.name]);
    await rig.end();
  });

  it('gives up what the API server never answers, after its time; nothing is lost', async () => {
    const rig = new OperatorRig();
    await rig.world.createWorkers(numbered('w', 4));
    const first = await rig.lead();
    first.transport.hold({matches: isBind, at: 'sent'});
    await rig.world.createRequests(names);
    await rig.advance(100);
    first.stop();
    const elapsedMs = await rig.until('it has stopped', () => !first.isRunning, 30_000);
    expect(elapsedMs).toBeLessThan(11_000);
    expect(first.end).toBe('stopped');
    const committed = rig.inFlight();
    const second = rig.add();
    await rig.until('the next one leads', () => second.isLeading, takeOverMs);
    await rig.placed(names);
    const placements = names.map(
      (name) => `${rig.world.request(name).metadata.uid} on ${rig.workerOf(name)}`,
    );
    expect(placements.sort()).toEqual([...committed].sort());
    await rig.end();
  });
});
