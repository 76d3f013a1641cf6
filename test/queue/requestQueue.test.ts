import {describe, expect, it} from 'vitest';
import type {RequestRecord} from '../../src/api/records.ts';
import {createQueue, keyOf, makeRequest, namesOf, parkAll, verdict} from './rig.ts';

describe('taking', () => {
  it('goes by priority, then age, then key, whatever the class', () => {
    const {queue} = createQueue();
    const records = [
      makeRequest({name: 'low', priority: 1, classKey: 'a'}),
      makeRequest({name: 'late', priority: 5, createdMs: 2_000, classKey: 'a'}),
      makeRequest({name: 'z', priority: 5, createdMs: 1_000, classKey: 'a'}),
      makeRequest({name: 'y', priority: 5, createdMs: 1_000, classKey: 'b'}),
      makeRequest({name: 'top', priority: 1_000, createdMs: 9_000, classKey: 'c'}),
    ];
    for (const record of records) queue.upsert(record);
    expect(namesOf(queue.take(2))).toEqual(['top', 'y']);
    expect(namesOf(queue.take(9))).toEqual(['z', 'late', 'low']);
    expect(queue.take(9)).toEqual([]);
    expect(queue.counts).toEqual({ready: 0, parked: 0, inFlight: 5, delayed: 0, placed: 0});
  });

  it('sees a changed priority and a changed class', () => {
    const {queue} = createQueue();
    for (const name of ['a', 'b', 'c']) queue.upsert(makeRequest({name}));
    queue.upsert(makeRequest({name: 'c', priority: 9, generation: 2}));
    queue.upsert(makeRequest({name: 'b', priority: 8, classKey: 'large', generation: 2}));
    expect(namesOf(queue.take(9))).toEqual(['c', 'b', 'a']);
  });

  it('skips what was removed', () => {
    const {queue} = createQueue();
    for (const name of ['a', 'b', 'c']) queue.upsert(makeRequest({name}));
    queue.remove(keyOf('b'));
    queue.remove(keyOf('unknown'));
    expect(namesOf(queue.take(9))).toEqual(['a', 'c']);
  });

  it('takes a request anew when another one has its name', () => {
    const {queue} = createQueue();
    queue.upsert(makeRequest({name: 'a', uid: 'old'}));
    queue.take(1);
    queue.upsert(makeRequest({name: 'a', uid: 'new'}));
    expect(queue.isWaiting('old')).toBe(false);
    expect(queue.take(9).map(({uid}) => uid)).toEqual(['new']);
    queue.requeue(keyOf('a'), {uid: 'old', delayMs: 0});
    queue.done(keyOf('a'), 'old', '1');
    expect(queue.counts.inFlight).toBe(1);
  });
});

describe('a request in flight', () => {
  it('comes back with its newest record, after a backoff whose ceiling doubles', async () => {
    const {queue, clock} = createQueue();
    queue.upsert(makeRequest({name: 'a'}));
    for (const ceilingMs of [50, 100, 200, 400]) {
      queue.take(1);
      queue.upsert(makeRequest({name: 'a', resourceVersion: `after ${ceilingMs}`}));
      queue.requeue(keyOf('a'));
      await clock.advance(ceilingMs - 1);
      expect(queue.counts).toMatchObject({ready: 0, delayed: 1});
      await clock.advance(1);
      expect(queue.counts).toMatchObject({ready: 1, delayed: 0});
      expect(queue.claim('uid-a')?.resourceVersion).toBe(`after ${ceilingMs}`);
      queue.restart();
    }
  });

  it('begins its backoffs anew when it was edited', async () => {
    const {queue, clock} = createQueue();
    queue.upsert(makeRequest({name: 'a'}));
    for (const generation of [2, 3, 4]) {
      queue.take(1);
      queue.upsert(makeRequest({name: 'a', generation}));
      queue.requeue(keyOf('a'));
      await clock.advance(50);
      expect(queue.readyCount).toBe(1);
    }
  });

  it('never waits longer than the longest backoff', async () => {
    const {queue, clock} = createQueue();
    queue.upsert(makeRequest({name: 'a'}));
    for (let attempt = 0; attempt < 40; attempt++) {
      queue.take(1);
      queue.requeue(keyOf('a'), {uid: 'uid-a'});
      await clock.advance(30_000);
      expect(queue.readyCount).toBe(1);
    }
  });

  it('is tried at once when it was edited during its backoff, and only then', () => {
    const {queue} = createQueue();
    queue.upsert(makeRequest({name: 'a'}));
    queue.take(1);
    queue.requeue(keyOf('a'));
    queue.upsert(makeRequest({name: 'a', resourceVersion: '11'}));
    expect(queue.counts.delayed).toBe(1);
    queue.upsert(makeRequest({name: 'a', resourceVersion: '12', generation: 2}));
    expect(queue.take(1)[0]).toMatchObject({resourceVersion: '12', generation: 2});
  });

  it('leaves no timer behind when it is removed during its backoff', () => {
    const {queue, clock} = createQueue();
    queue.upsert(makeRequest({name: 'a'}));
    queue.take(1);
    queue.requeue(keyOf('a'));
    expect(clock.pendingTimers).toBe(1);
    queue.remove(keyOf('a'));
    expect(clock.pendingTimers).toBe(0);
    expect(queue.counts).toEqual({ready: 0, parked: 0, inFlight: 0, delayed: 0, placed: 0});
  });

  it('shares one timer with all others in backoff, and each is ready when its own delay is over', async () => {
    const {queue, clock} = createQueue();
    for (const name of ['a', 'b', 'c']) queue.upsert(makeRequest({name}));
    queue.take(3);
    queue.requeue(keyOf('a'), {delayMs: 30});
    queue.requeue(keyOf('b'), {delayMs: 10});
    queue.requeue(keyOf('c'), {delayMs: 20});
    expect(clock.pendingTimers).toBe(1);
    const seen: string[] = [];
    queue.onReady = () => seen.push(`${queue.take(1)[0]!.name} ${clock.monotonicMs()}`);
    await clock.advance(30);
    expect(seen).toEqual(['b 10', 'c 20', 'a 30']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is not in flight for whoever gives it back twice', () => {
    const {queue} = createQueue();
    queue.upsert(makeRequest({name: 'a'}));
    queue.requeue(keyOf('a'));
    queue.park('small', verdict(), [makeRequest({name: 'a'})]);
    expect(queue.counts).toMatchObject({parked: 1, delayed: 0});
    expect(() => queue.requeue(keyOf('unknown'))).not.toThrow();
  });
});

describe('a placed request', () => {
  const placed = () => {
    const rig = createQueue();
    rig.queue.upsert(makeRequest({name: 'a', resourceVersion: '98'}));
    rig.queue.take(1);
    rig.queue.done(keyOf('a'), 'uid-a', '100');
    return rig.queue;
  };

  it('is not put back by an older state that comes late through the watch', () => {
    const queue = placed();
    for (const resourceVersion of ['98', '99', '100']) {
      queue.upsert(makeRequest({name: 'a', resourceVersion}));
    }
    expect(queue.counts).toMatchObject({ready: 0, placed: 1});
    expect(queue.isWaiting('uid-a')).toBe(false);
    expect(queue.claim('uid-a')).toBeUndefined();
  });

  it('waits again when a newer state has no worker', () => {
    const queue = placed();
    queue.upsert(makeRequest({name: 'a', resourceVersion: '101'}));
    expect(namesOf(queue.take(1))).toEqual(['a']);
  });

  it('waits again when the list was ahead of the reply', () => {
    const {queue} = createQueue();
    queue.upsert(makeRequest({name: 'a', resourceVersion: '98'}));
    queue.take(1);
    queue.upsert(makeRequest({name: 'a', resourceVersion: '105'}));
    queue.done(keyOf('a'), 'uid-a', '100');
    expect(queue.counts).toMatchObject({ready: 1, placed: 0});
  });

  it('is forgotten when it is removed', () => {
    const queue = placed();
    queue.remove(keyOf('a'));
    expect(queue.counts.placed).toBe(0);
  });
});

describe('claiming', () => {
  it.each(['Ready', 'Parked', 'Delayed'])('takes a %s request by uid', (state) => {
    const {queue} = createQueue();
    queue.upsert(makeRequest({name: 'a'}));
    if (state !== 'Ready') {
      const batch = queue.take(1);
      if (state === 'Parked') queue.park('small', verdict(), batch);
      else queue.requeue(keyOf('a'));
    }
    expect(queue.claim('uid-a')?.name).toBe('a');
    expect(queue.counts).toEqual({ready: 0, parked: 0, inFlight: 1, delayed: 0, placed: 0});
    expect(queue.isWaiting('uid-a')).toBe(true);
    expect(queue.claim('uid-a')).toBeUndefined();
    expect(queue.claim('uid-unknown')).toBeUndefined();
  });
});

describe('the limit of known requests', () => {
  it('takes who was refused as soon as another one leaves, in the state it is in by then', () => {
    const {queue} = createQueue({maxRequests: 2});
    for (const name of ['a', 'b', 'c', 'd', 'e']) queue.upsert(makeRequest({name}));
    queue.upsert(makeRequest({name: 'c', priority: 7}));
    queue.remove(keyOf('d'));
    queue.remove(keyOf('a'));
    expect(queue.take(9).map(({name, priority}) => [name, priority])).toEqual([
      ['c', 7],
      ['b', 0],
    ]);
    queue.remove(keyOf('b'));
    expect(namesOf(queue.take(9))).toEqual(['e']);
    expect(queue.counts).toMatchObject({inFlight: 2, ready: 0});
  });

  it('refuses one more, says which, and takes it once there is room', () => {
    const {queue, refused} = createQueue({maxRequests: 2});
    for (const name of ['a', 'b', 'c']) queue.upsert(makeRequest({name}));
    expect(refused).toEqual(['c']);
    queue.upsert(makeRequest({name: 'b', priority: 3}));
    expect(queue.counts.ready).toBe(2);
    queue.remove(keyOf('a'));
    queue.upsert(makeRequest({name: 'c'}));
    expect(refused).toEqual(['c']);
    expect(namesOf(queue.take(9))).toEqual(['b', 'c']);
  });
});

describe('beginning anew', () => {
  it.each([
    ['that nobody takes', 0],
    ['that was in flight', 1],
  ])('reports a verdict again to a request %s', (_name, inFlight) => {
    const {queue} = createQueue();
    for (const name of ['a', 'b']) queue.upsert(makeRequest({name}));
    parkAll(queue, 'small');
    queue.takeUnreported(9);
    queue.wakeAll();
    queue.take(inFlight);
    queue.restart();
    parkAll(queue, 'small', undefined, 1);
    expect(queue.takeUnreported(9)).toHaveLength(2);
  });

  it('readies what was in flight or parked, keeps backoffs, and reports every verdict again', () => {
    const {queue} = createQueue();
    queue.upsert(makeRequest({name: 'parked', classKey: 'large'}));
    parkAll(queue, 'large');
    expect(queue.takeUnreported(9)).toHaveLength(1);
    for (const name of ['flying', 'delayed']) queue.upsert(makeRequest({name}));
    queue.take(9);
    queue.requeue(keyOf('delayed'));
    queue.restart();
    expect(queue.counts).toEqual({ready: 2, parked: 0, inFlight: 0, delayed: 1, placed: 0});
    parkAll(queue, 'large');
    expect(queue.takeUnreported(9).map(({record}) => record.name)).toEqual(['parked']);
  });
});

describe('the arrival of ready requests', () => {
  it('is told for new, woken and delayed ones, and not for those that join a parked class', async () => {
    const {queue, clock} = createQueue();
    let arrivals = 0;
    queue.onReady = () => arrivals++;
    const arrivalsOf = async (act: () => unknown) => {
      const before = arrivals;
      act();
      await clock.advance(100);
      return arrivals - before;
    };
    const upsert = (overrides: Partial<RequestRecord>) => () =>
      queue.upsert(makeRequest(overrides));
    expect(await arrivalsOf(upsert({name: 'a'}))).toBe(1);
    expect(await arrivalsOf(() => parkAll(queue, 'small'))).toBe(0);
    expect(await arrivalsOf(upsert({name: 'b'}))).toBe(0);
    expect(await arrivalsOf(() => queue.wake(() => false))).toBe(0);
    expect(await arrivalsOf(() => queue.wakeAll())).toBe(1);
    queue.take(9);
    expect(await arrivalsOf(() => queue.requeue(keyOf('a'), {delayMs: 10}))).toBe(1);
  });
});
