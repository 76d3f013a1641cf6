import {describe, expect, it} from 'vitest';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {held, start} from './electorRig.ts';
import {LeaseServer} from './leaseServer.ts';

describe('taking the Lease', () => {
  it('creates a Lease that is not there, with epoch 1', async () => {
    const clock = new VirtualClock();
    const server = new LeaseServer();
    const a = start(clock, server.transport('a'), 'a');
    await clock.advance(0);
    expect(a.story).toEqual(['0 elected 1']);
    expect(server.spec).toMatchObject({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      leaseTransitions: 1,
      renewTime: '2026-01-01T00:00:00.000000Z',
    });
    expect(server.calls.every(({call}) => call.lane === 'lease')).toBe(true);
    expect(a.elector.isLeader).toBe(true);
  });

  it('takes a dead leader over only a full lease duration after its own first look', async () => {
    const clock = new VirtualClock();
    const server = new LeaseServer();
    server.put(held('dead'));
    const b = start(clock, server.transport('b'), 'b');
    await clock.advance(14_999);
    expect(b.story).toEqual([]);
    expect(b.elector.leader).toBe('dead');
    await clock.advance(15_000 + 4_400 - 14_999);
    expect(b.epochs).toEqual([8]);
  });

  it('never takes over a leader that renews, whatever the wall clocks say', async () => {
    const clock = new VirtualClock();
    const server = new LeaseServer();
    const a = start(clock, server.transport('a'), 'a');
    await clock.advance(0);
    const b = start(clock, server.transport('b'), 'b');
    for (const jumpMs of [3_600_000, -7_200_000, 86_400_000]) {
      clock.jumpWall(jumpMs);
      await clock.advance(30_000);
    }
    expect(a.story).toEqual(['0 elected 1']);
    expect(b.story).toEqual([]);
  });

  it('waits anew from each sign of life, and a label is none', async () => {
    const clock = new VirtualClock();
    const server = new LeaseServer();
    server.put(held('other'));
    const b = start(clock, server.transport('b'), 'b');
    await clock.advance(10_000);
    server.put({...held('other'), renewTime: '2026-01-01T00:00:10.000000Z'});
    await clock.advance(14_000);
    expect(b.story).toEqual([]);
    server.touch();
    await clock.advance(10_000);
    expect(b.epochs).toEqual([8]);
  });

  it('lets one of two candidates win a Lease that ran out', async () => {
    const clock = new VirtualClock();
    const server = new LeaseServer();
    server.put(held(''));
    const both = ['a', 'b'].map((name) => start(clock, server.transport(name), name));
    await clock.advance(0);
    expect(both.flatMap(({epochs}) => epochs)).toEqual([8]);
  });

  it('goes on after refused connections, 500 and 429, and respects Retry-After', async () => {
    const clock = new VirtualClock();
    const server = new LeaseServer();
    const faults = [
      'refuse' as const,
      {status: 500, body: {message: 'etcd'}},
      {status: 429, body: {message: 'slow down'}, retryAfterMs: 20_000},
    ];
    const a = start(
      clock,
      server.transport('a', () => faults.shift()),
      'a',
    );
    await clock.advance(20_000);
    expect(a.story).toEqual([]);
    await clock.advance(9_000);
    expect(a.epochs).toEqual([1]);
  });

  it('takes what is its own when the reply to its acquisition was lost, with a new epoch', async () => {
    const clock = new VirtualClock();
    const server = new LeaseServer();
    let isFirst = true;
    const transport = server.transport('a', (call) => {
      if (call.method !== 'POST' || !isFirst) return undefined;
      isFirst = false;
      return 'loseReply';
    });
    const a = start(clock, transport, 'a');
    await clock.advance(4_400);
    expect(a.epochs).toEqual([2]);
    expect(server.epochs).toEqual([1, 2]);
  });

  it.each([
    {
      name: 'rights are missing',
      reply: {status: 403, body: {message: 'leases "berth" is forbidden'}},
      says: /^Cannot GET the Lease berth-system\/berth: leases "berth" is forbidden; grant get, create/,
    },
    {
      name: 'the namespace is missing',
      reply: {status: 404, body: {message: 'namespaces "berth-system" not found'}},
      says: /^Cannot create the Lease .* not found; create the namespace berth-system/,
    },
  ])('ends with one sentence when $name', async ({reply, says}) => {
    const clock = new VirtualClock();
    const a = start(
      clock,
      new LeaseServer().transport('a', () => reply),
      'a',
    );
    const failure = expect(a.done).rejects.toThrow(says);
    await clock.advance(1);
    await failure;
  });
});
