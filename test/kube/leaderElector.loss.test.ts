import {describe, expect, it} from 'vitest';
import type {ApiCall} from '../../src/kube/transport.ts';
import {seededRandom} from '../../src/lib/random.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {type Candidate, held, start, untilAborted} from './electorRig.ts';
import {LeaseServer} from './leaseServer.ts';

describe('losing the Lease', () => {
  /** Answers until told to misbehave. */
  function breakable(server: LeaseServer, identity: string) {
    const state: {fault: ReturnType<Parameters<LeaseServer['transport']>[1] & object>} = {
      fault: undefined,
    };
    return {state, transport: server.transport(identity, () => state.fault)};
  }

  it.each([
    {name: 'calls are refused', fault: 'refuse' as const},
    {name: 'calls hang', fault: 'hang' as const},
    {name: 'the server answers 500', fault: {status: 500, body: {message: 'etcd'}}},
    {name: 'the right is taken away', fault: {status: 403, body: {message: 'no'}}},
  ])(
    'leaves within the renew deadline, before anybody can take over, when $name',
    async ({fault}) => {
      const clock = new VirtualClock();
      const server = new LeaseServer();
      const {state, transport} = breakable(server, 'a');
      const a = start(clock, transport, 'a');
      // Without the right it says so when it tries again; a test above is about that.
      const done = a.done.catch(() => {});
      await clock.advance(3_000);
      const b = start(clock, server.transport('b'), 'b');
      state.fault = fault;
      await clock.advance(30_000);
      // The last renewal that worked was sent at 2 s.
      expect(a.story.slice(0, 3)).toEqual([
        '0 elected 1',
        '12000 ended',
        expect.stringMatching(/^12000 lost: Cannot lead any longer: not renewed for 10000 ms: /),
      ]);
      expect(b.epochs).toEqual([2]);
      const takenMs = Number(b.story[0]?.split(' ')[0]);
      expect(takenMs).toBeGreaterThanOrEqual(2_000 + 15_000);
      expect(a.elector.isLeader).toBe(false);
      a.stop();
      await clock.advance(0);
      await done;
    },
  );

  it('outlives a fault shorter than the deadline', async () => {
    const clock = new VirtualClock();
    const server = new LeaseServer();
    const {state, transport} = breakable(server, 'a');
    const a = start(clock, transport, 'a');
    await clock.advance(1_000);
    state.fault = 'refuse';
    await clock.advance(6_500);
    state.fault = undefined;
    await clock.advance(60_000);
    expect(a.story).toEqual(['0 elected 1']);
  });

  it.each([
    {name: 'a label changed the object', change: (server: LeaseServer) => server.touch()},
    {name: 'nothing happened', change: () => {}},
  ])('keeps it when $name', async ({change}) => {
    const clock = new VirtualClock();
    const server = new LeaseServer();
    const a = start(clock, server.transport('a'), 'a');
    await clock.advance(1_000);
    change(server);
    await clock.advance(60_000);
    expect(a.story).toEqual(['0 elected 1']);
  });

  it('keeps it when the reply to a renewal was lost', async () => {
    const clock = new VirtualClock();
    const server = new LeaseServer();
    let patches = 0;
    const transport = server.transport('a', (call: ApiCall) =>
      call.method === 'PATCH' && patches++ % 4 === 0 ? 'loseReply' : undefined,
    );
    const a = start(clock, transport, 'a');
    await clock.advance(60_000);
    expect(a.story).toEqual(['0 elected 1']);
  });

  it.each([
    {
      name: 'another one took it',
      change: (server: LeaseServer) => server.put(held('thief', 9)),
      says: 'taken by thief',
      next: 10,
    },
    {
      name: 'another one took it without raising the epoch',
      change: (server: LeaseServer) => server.put(held('thief', 1)),
      says: 'taken by thief',
      next: 2,
    },
    {
      name: 'it was deleted',
      change: (server: LeaseServer) => server.delete(),
      says: 'the Lease was deleted',
      next: 2,
    },
  ])(
    'leaves at the next renewal when $name, and comes back with a higher epoch',
    async ({change, says, next}) => {
      const clock = new VirtualClock();
      const server = new LeaseServer();
      const a = start(clock, server.transport('a'), 'a');
      await clock.advance(1_000);
      change(server);
      await clock.advance(1_000);
      expect(a.story).toEqual([
        '0 elected 1',
        '2000 ended',
        `2000 lost: Cannot lead any longer: ${says}`,
      ]);
      await clock.advance(40_000);
      expect(a.epochs).toEqual([1, next]);
    },
  );

  it('does not lead twice at once: the next term waits for the end of the last one', async () => {
    const clock = new VirtualClock();
    const server = new LeaseServer();
    const finish = Promise.withResolvers<void>();
    const a = start(clock, server.transport('a'), 'a', (epoch, signal) =>
      epoch === 1 ? finish.promise : untilAborted(epoch, signal),
    );
    await clock.advance(1_000);
    server.delete();
    await clock.advance(60_000);
    expect(a.epochs).toEqual([1]);
    finish.resolve();
    await clock.advance(10_000);
    expect(a.epochs).toEqual([1, 2]);
  });
});

describe('giving the Lease up', () => {
  it('lets the next leader in within one retry period and its jitter', async () => {
    const clock = new VirtualClock();
    const server = new LeaseServer();
    const a = start(clock, server.transport('a'), 'a');
    await clock.advance(0);
    const b = start(clock, server.transport('b'), 'b');
    await clock.advance(20_000);
    a.stop();
    await clock.advance(0);
    await a.done;
    expect(server.spec).toMatchObject({holderIdentity: null, leaseDurationSeconds: 1});
    await clock.advance(4_400);
    expect(b.epochs).toEqual([2]);
  });

  it('goes on renewing while a stopping leader finishes its work', async () => {
    const clock = new VirtualClock();
    const server = new LeaseServer();
    const finish = Promise.withResolvers<void>();
    const a = start(clock, server.transport('a'), 'a', () => finish.promise);
    await clock.advance(0);
    const b = start(clock, server.transport('b'), 'b');
    a.stop();
    await clock.advance(60_000);
    expect(server.spec).toMatchObject({holderIdentity: 'a'});
    finish.resolve();
    await clock.advance(4_400);
    expect(a.story).toEqual(['0 elected 1', '60000 ended']);
    expect(b.epochs).toEqual([2]);
  });

  it('gives it up and competes again, above the epoch it was told, when its work ends', async () => {
    const clock = new VirtualClock();
    const server = new LeaseServer();
    const a = start(clock, server.transport('a'), 'a', async (epoch, signal, elector) => {
      if (epoch === 1) elector.raiseEpoch(40);
      else await untilAborted(epoch, signal);
    });
    await clock.advance(2_000);
    expect(a.epochs).toEqual([1, 41]);
    expect(a.story.filter((line) => line.includes('lost'))).toEqual([]);
  });

  it('gives it up when the work throws, and says what was thrown', async () => {
    const clock = new VirtualClock();
    const server = new LeaseServer();
    const a = start(clock, server.transport('a'), 'a', () => Promise.reject(new Error('broken')));
    const failure = expect(a.done).rejects.toThrow('broken');
    await clock.advance(0);
    await failure;
    expect(server.spec).toMatchObject({holderIdentity: null});
  });

  it('gives it up when it was stopped while it was elected', async () => {
    const clock = new VirtualClock();
    const server = new LeaseServer();
    const candidate: {stop?: () => void} = {};
    const transport = server.transport('a', (call) => {
      if (call.method === 'POST') candidate.stop?.();
      return undefined;
    });
    const a = start(clock, transport, 'a');
    candidate.stop = a.stop;
    await clock.advance(0);
    await a.done;
    expect(a.story).toEqual([]);
    expect(server.spec).toMatchObject({holderIdentity: null});
  });

  it('leaves no timer behind', async () => {
    const clock = new VirtualClock();
    const server = new LeaseServer();
    const a = start(clock, server.transport('a'), 'a');
    const b = start(clock, server.transport('b'), 'b');
    await clock.advance(7_000);
    a.stop();
    b.stop();
    await clock.advance(0);
    await Promise.all([a.done, b.done]);
    expect(clock.pendingTimers).toBe(0);
  });
});

it('raises the epoch with every leader through a hundred changes and faults', async () => {
  const clock = new VirtualClock();
  const server = new LeaseServer();
  const random = seededRandom(42);
  const fault = () => (random.next() < 0.2 ? ('loseReply' as const) : undefined);
  let leading = 0;
  const work = async (epoch: number, signal: AbortSignal) => {
    leading += 1;
    expect(leading).toBe(1);
    await untilAborted(epoch, signal);
    leading -= 1;
  };
  const all: Candidate[] = [];
  for (let round = 0; round < 100; round++) {
    const candidate = start(clock, server.transport(`c-${round}`, fault), `c-${round}`, work);
    all.push(candidate);
    await clock.advance(Math.floor(random.next() * 20_000));
    if (random.next() < 0.3) all[Math.floor(random.next() * all.length)]?.stop();
    if (all.length > 3) all.shift()?.stop();
  }
  for (const candidate of all) candidate.stop();
  expect(server.epochs.length).toBeGreaterThan(20);
  expect(server.epochs).toEqual([...new Set(server.epochs)].sort((x, y) => x - y));
});
