import {describe, expect, it} from 'vitest';
import {Batcher} from '../../src/queue/batcher.ts';
import {createQueue, keyOf, makeRequest, verdict} from './rig.ts';

function createBatcher({maxRequests = 512} = {}) {
  const {queue, clock} = createQueue();
  const onItsWay = {placements: 0};
  const isIdle = () => onItsWay.placements === 0;
  const limits = {maxRequests, idleMs: 5, maxMs: 25};
  const batcher = new Batcher({queue, isIdle, clock, limits});
  const batches: {names: string[]; atMs: number}[] = [];
  const stop = new AbortController();
  let count = 0;
  return {
    queue,
    clock,
    onItsWay,
    batcher,
    batches,
    stop,
    arrive: (more = 1, overrides = {}) => {
      for (let index = 0; index < more; index++) {
        queue.upsert(makeRequest({name: `r-${String(count++).padStart(4, '0')}`, ...overrides}));
      }
    },
    /** Asks for the next batch and notes when it came. */
    ask: (most = maxRequests) => {
      void batcher.next(stop.signal, most).then((batch) => {
        batches.push({names: batch.map(({name}) => name), atMs: clock.monotonicMs()});
      });
    },
  };
}
const sizes = (batches: readonly {names: readonly string[]; atMs: number}[]) =>
  batches.map(({names, atMs}) => `${names.length} at ${atMs}`);

/** A batcher that has given out the first request of a burst, at 0. */
async function afterFirst(options = {}) {
  const rig = createBatcher(options);
  rig.ask();
  rig.arrive();
  await rig.clock.advance(1);
  rig.batches.length = 0;
  rig.ask();
  return rig;
}

describe('a batch', () => {
  it('is the request that comes after a pause, with what the same read of the watch brings', async () => {
    const {clock, batches, arrive, ask} = createBatcher();
    ask();
    await clock.advance(100);
    arrive(2);
    await clock.advance(0);
    expect(batches).toEqual([]);
    arrive();
    await clock.advance(1);
    expect(sizes(batches)).toEqual(['3 at 101']);
  });

  it('waits for others while a placement is on its way, whoever came before', async () => {
    const {clock, batches, arrive, ask, onItsWay} = createBatcher();
    onItsWay.placements = 1;
    ask();
    await clock.advance(100);
    arrive();
    await clock.advance(4);
    expect(batches).toEqual([]);
    await clock.advance(1);
    expect(sizes(batches)).toEqual(['1 at 105']);
  });

  it('closes 5 ms after its only request in a burst', async () => {
    const {clock, batches, arrive} = await afterFirst();
    await clock.advance(3);
    arrive();
    await clock.advance(4);
    expect(batches).toEqual([]);
    await clock.advance(1);
    expect(sizes(batches)).toEqual(['1 at 9']);
  });

  it('waits for nobody 5 ms after the latest request, and for others before', async () => {
    const {clock, batches, arrive, ask} = await afterFirst();
    await clock.advance(4);
    arrive();
    await clock.advance(1);
    ask();
    await clock.advance(3.5);
    arrive();
    await clock.advance(10);
    expect(sizes(batches)).toEqual(['1 at 6', '1 at 14.5']);
  });

  it('stays open while requests keep coming, for 25 ms at most', async () => {
    const {clock, batches, arrive} = await afterFirst();
    for (let elapsedMs = 0; elapsedMs < 40; elapsedMs += 4) {
      arrive();
      await clock.advance(4);
    }
    expect(sizes(batches)).toEqual(['7 at 26']);
  });

  it('closes 5 ms after the last of several', async () => {
    const {clock, batches, arrive} = await afterFirst();
    for (const waitMs of [3, 4, 2]) {
      arrive();
      await clock.advance(waitMs);
    }
    await clock.advance(100);
    expect(sizes(batches)).toEqual(['3 at 13']);
  });

  it('closes at once when it is full, and leaves the rest for the next one, at once too', async () => {
    const {clock, batches, arrive, ask} = await afterFirst({maxRequests: 512});
    arrive(511);
    await clock.advance(1);
    expect(batches).toEqual([]);
    arrive(600);
    await clock.advance(0);
    ask();
    await clock.advance(0);
    expect(sizes(batches)).toEqual(['512 at 2', '512 at 2']);
    ask();
    await clock.advance(10);
    expect(sizes(batches).slice(2)).toEqual(['87 at 7']);
  });

  it('does not let what arrived during a cycle wait a second time', async () => {
    const {clock, batches, arrive, ask} = createBatcher();
    arrive(3);
    await clock.advance(6);
    ask();
    await clock.advance(0);
    expect(sizes(batches)).toEqual(['3 at 6']);
  });

  it('keeps open a window that the cycle was shorter than', async () => {
    const {clock, batches, arrive, ask} = createBatcher();
    ask();
    arrive();
    await clock.advance(1);
    arrive();
    await clock.advance(2);
    ask();
    arrive();
    await clock.advance(10);
    expect(sizes(batches)).toEqual(['1 at 1', '2 at 8']);
  });

  it('has a window of its own, whenever the one before it was opened', async () => {
    const {clock, batches, arrive, ask} = createBatcher();
    ask();
    arrive();
    await clock.advance(100);
    arrive();
    await clock.advance(0.5);
    ask();
    await clock.advance(10);
    expect(sizes(batches)).toEqual(['1 at 1', '1 at 101']);
  });

  it('has no more than asked for, and leaves the rest their window', async () => {
    const {clock, batches, arrive, ask} = createBatcher({maxRequests: 4});
    arrive(9);
    ask(3);
    await clock.advance(0);
    ask(12);
    await clock.advance(0);
    ask(12);
    await clock.advance(9);
    expect(sizes(batches)).toEqual(['3 at 0', '4 at 0', '2 at 1']);
  });

  it('takes what waited before the batcher was there', async () => {
    const {queue, clock} = createQueue();
    queue.upsert(makeRequest({name: 'a'}));
    const limits = {maxRequests: 9, idleMs: 5, maxMs: 25};
    const batcher = new Batcher({queue, isIdle: () => true, clock, limits});
    const next = batcher.next(new AbortController().signal, 9);
    await clock.advance(1);
    expect(await next).toHaveLength(1);
  });

  it('waits on when the requests that opened it are gone, and opens anew with the next', async () => {
    const {queue, clock, batches, arrive, ask} = createBatcher();
    ask();
    arrive();
    await clock.advance(0.5);
    queue.remove(keyOf('r-0000'));
    await clock.advance(50);
    expect(batches).toEqual([]);
    arrive();
    await clock.advance(1);
    expect(sizes(batches)).toEqual(['1 at 51.5']);
  });

  it('is not opened by requests of a parked class, and is by their waking', async () => {
    const {queue, clock, batches, arrive, ask} = createBatcher();
    arrive();
    queue.park('small', verdict(), queue.take(9));
    ask();
    arrive(20);
    await clock.advance(100);
    expect(batches).toEqual([]);
    queue.wakeAll();
    await clock.advance(5);
    expect(sizes(batches)).toEqual(['21 at 101']);
  });

  it('is empty when the signal aborts, takes nothing and leaves no timer', async () => {
    const {queue, clock, batches, arrive, ask, stop} = createBatcher();
    ask();
    arrive();
    await clock.advance(0.5);
    stop.abort();
    await clock.advance(0);
    ask();
    await clock.advance(0);
    expect(sizes(batches)).toEqual(['0 at 0.5', '0 at 0.5']);
    expect(queue.counts).toMatchObject({ready: 1, inFlight: 0});
    expect(clock.pendingTimers).toBe(0);
  });

  it('needs a few timers, not one for each arrival', async () => {
    const {clock, arrive, batches} = await afterFirst();
    let timers = 0;
    const setTimer = clock.setTimer.bind(clock);
    clock.setTimer = (delayMs, fire) => {
      timers++;
      return setTimer(delayMs, fire);
    };
    for (let elapsedMs = 0; elapsedMs < 25; elapsedMs++) {
      arrive(10);
      await clock.advance(1);
    }
    expect(sizes(batches)).toEqual(['250 at 26']);
    expect(timers).toBeLessThan(10);
  });
});

describe('those who kept their rank in backoff and come back as a batch is taken', () => {
  it('are in that batch, and none is lost, though with them the queue is full', async () => {
    const {queue, clock, batches, arrive, ask} = createBatcher({maxRequests: 3});
    for (const priority of [500, 20, 10]) arrive(1, {priority});
    for (const {key, uid} of queue.take(3)) {
      queue.requeue(key, {uid, delayMs: 1_000, keepsRank: true});
    }
    arrive(2);
    ask();
    await clock.advance(5);
    expect(batches.map(({names}) => names)).toEqual([['r-0000', 'r-0001', 'r-0002']]);
    expect(queue.counts).toMatchObject({inFlight: 3, ready: 2});
  });
});
