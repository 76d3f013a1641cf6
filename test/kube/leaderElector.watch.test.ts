import {describe, expect, it} from 'vitest';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {LateClock} from '../lib/lateClock.ts';
import {held, start} from './electorRig.ts';
import {LeaseServer} from './leaseServer.ts';

/** The Lease as a watch brings it. */
function shown(server: LeaseServer, name = 'berth'): object {
  return {metadata: {name, uid: 'u-1', resourceVersion: '1'}, spec: server.spec};
}

describe('a candidate that is shown the Lease by a watch', () => {
  it('takes it in the moment when it is given up', async () => {
    const clock = new VirtualClock();
    const server = new LeaseServer();
    const a = start(clock, server.transport('a'), 'a');
    await clock.advance(0);
    const b = start(clock, server.transport('b'), 'b');
    await clock.advance(20_100);
    a.stop();
    await clock.advance(0);
    expect(b.story).toEqual([]);
    b.elector.noticed(shown(server));
    await clock.advance(0);
    expect(b.story).toEqual(['20100 elected 2']);
  });

  it('takes it when a dead leader’s last sign is a lease duration old, to the millisecond', async () => {
    const clock = new VirtualClock();
    const server = new LeaseServer();
    server.put(held('other'));
    const b = start(clock, server.transport('b'), 'b');
    await clock.advance(2_100);
    server.put({...held('other'), renewTime: '2026-01-01T00:00:02.000000Z'});
    b.elector.noticed(shown(server));
    await clock.advance(14_999);
    expect(b.story).toEqual([]);
    await clock.advance(1);
    expect(b.story).toEqual(['17100 elected 8']);
  });

  it.each([
    ['another Lease', (server: LeaseServer) => shown(server, 'berth-worker-w-1')],
    ['something else', () => ({kind: 'Pod'})],
    ['nothing', () => undefined],
  ])('does not care for %s', async (_, object) => {
    const clock = new VirtualClock();
    const server = new LeaseServer();
    server.put(held('other'));
    const b = start(clock, server.transport('b'), 'b');
    await clock.advance(100);
    const calls = server.calls.length;
    server.put(held(''));
    b.elector.noticed(object(server));
    await clock.advance(0);
    expect(server.calls).toHaveLength(calls);
  });

  it('is not hurried by what does not help: a Lease that is refused, or its own lost one', async () => {
    const clock = new VirtualClock();
    const server = new LeaseServer();
    server.put(held(''));
    const transport = server.transport('b', ({method}) =>
      method === 'PATCH' ? 'loseReply' : undefined,
    );
    const b = start(clock, transport, 'b');
    await clock.advance(0);
    for (let times = 0; times < 10; times++) {
      b.elector.noticed(shown(server));
      await clock.advance(1);
    }
    expect(server.epochs).toEqual([8]);
    await clock.advance(5_000);
    expect(server.epochs.length).toBeLessThanOrEqual(4);
  });

  it('goes on looking by itself when the watch is silent', async () => {
    const clock = new VirtualClock();
    const server = new LeaseServer();
    server.put(held('other'));
    const b = start(clock, server.transport('b'), 'b');
    await clock.advance(5_000);
    server.put(held(''));
    await clock.advance(4_400);
    expect(b.epochs).toEqual([8]);
  });
});

describe('whether a leader may write', () => {
  it('is judged by the clock, as a process that was stopped reads before its timers fire', async () => {
    const clock = new VirtualClock();
    const own = new LateClock(clock);
    const server = new LeaseServer();
    const a = start(own, server.transport('a'), 'a');
    await clock.advance(3_000);
    // Renewed last at 2 s.
    own.behindMs = 8_999;
    expect(a.elector.isLeader).toBe(true);
    own.behindMs = 9_000;
    expect(a.elector.isLeader).toBe(false);
    expect(a.story).toEqual(['0 elected 1']);
  });
});
