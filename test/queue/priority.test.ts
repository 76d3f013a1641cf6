import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {PASSED_OVER_MS} from '../../src/queue/passedOver.ts';
import type {RequestQueue} from '../../src/queue/requestQueue.ts';
import {PlacingRig, type Turn, turns} from './placingRig.ts';
import {createQueue, keyOf, makeRequest, namesOf, parkAll, verdict} from './rig.ts';

describe('no request is passed by one of lower priority', () => {
  it('whatever arrives, is rejected, parked, woken and ends, in batches of any size', async () => {
    await fc.assert(
      fc.asyncProperty(turns, async (list) => {
        expect(await inversionsOf(list)).toEqual([]);
      }),
      {numRuns: 400},
    );
  });

  const bugs: readonly [string, (queue: RequestQueue) => RequestQueue][] = [
    [
      'a batch is taken in the order of arrival',
      (queue) => withMethod(queue, 'take', (max) => [...queue.take(99)].reverse().slice(0, max)),
    ],
    [
      'who was rejected loses its rank',
      (queue) =>
        withMethod(queue, 'requeue', (key, options) =>
          queue.requeue(key, {...options, keepsRank: false}),
        ),
    ],
    ['nobody is woken', (queue) => withMethod(queue, 'wake', () => {})],
    [
      'half of those that could be helped are woken',
      (queue) =>
        withMethod(queue, 'wake', (couldHelp) =>
          queue.wake((record) => record.priority < 2 && couldHelp(record)),
        ),
    ],
  ];
  it.each(bugs)('is noticed when %s', async (_, plant) => {
    const found = await Promise.all(
      fc.sample(turns, {numRuns: 400, seed: 7}).map((list) => inversionsOf(list, plant)),
    );
    expect(found.flat()).not.toEqual([]);
  });
});

async function inversionsOf(
  list: readonly Turn[],
  plant: (queue: RequestQueue) => RequestQueue = (queue) => queue,
): Promise<readonly string[]> {
  const rig = new PlacingRig(plant);
  for (const turn of list) await rig.go(turn);
  return rig.inversions;
}

/** The queue with one method of its own; the others are called on it as they are. */
function withMethod<Name extends 'take' | 'requeue' | 'wake'>(
  queue: RequestQueue,
  name: Name,
  method: RequestQueue[Name],
): RequestQueue {
  return new Proxy(queue, {
    get(target, property) {
      if (property === name) return method;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describe('a request in backoff', () => {
  const rejected = (keepsRank: boolean, times = 1) => {
    const {queue, clock} = createQueue();
    queue.upsert(makeRequest({name: 'high', priority: 5}));
    for (let time = 0; time < times; time++) {
      queue.claim('uid-high');
      queue.requeue(keyOf('high'), {keepsRank, delayMs: 1_000});
    }
    return {queue, clock};
  };

  it('that keeps its rank is taken before others of lower priority, and before its time', () => {
    const {queue} = rejected(true);
    queue.upsert(makeRequest({name: 'low'}));
    expect(namesOf(queue.take(1))).toEqual(['high']);
    expect(queue.counts).toMatchObject({ready: 1, inFlight: 1, delayed: 0});
  });

  it('that keeps its rank waits for its time where nobody would pass it', async () => {
    const {queue, clock} = rejected(true);
    expect(queue.take(1)).toEqual([]);
    queue.upsert(makeRequest({name: 'higher', priority: 6}));
    expect(namesOf(queue.take(9))).toEqual(['higher']);
    await clock.advance(1_000);
    expect(namesOf(queue.take(9))).toEqual(['high']);
  });

  it('that is at fault itself is passed: it would take the place of others in each batch', () => {
    const {queue} = rejected(false);
    queue.upsert(makeRequest({name: 'low'}));
    expect(namesOf(queue.take(9))).toEqual(['low']);
  });

  it('is passed as well once it was rejected five times in a row, until it is edited', () => {
    for (const [times, isFirst] of [
      [4, true],
      [5, false],
    ] as const) {
      const {queue} = rejected(true, times);
      queue.upsert(makeRequest({name: 'low'}));
      expect(namesOf(queue.take(1))).toEqual([isFirst ? 'high' : 'low']);
    }
    const {queue} = rejected(true, 5);
    queue.upsert(makeRequest({name: 'high', priority: 5, generation: 2}));
    queue.claim('uid-high');
    queue.requeue(keyOf('high'), {keepsRank: true, delayMs: 1_000});
    queue.upsert(makeRequest({name: 'low'}));
    expect(namesOf(queue.take(1))).toEqual(['high']);
  });

  it('joins its class where that was parked meanwhile: no worker fits it anyway', () => {
    const {queue} = rejected(true);
    queue.upsert(makeRequest({name: 'equal'}));
    queue.claim('uid-equal');
    queue.park('small', verdict(), [makeRequest({name: 'equal'})]);
    queue.upsert(makeRequest({name: 'low', classKey: 'other'}));
    expect(namesOf(queue.take(9))).toEqual(['low']);
    expect(queue.counts).toMatchObject({parked: 2, delayed: 0});
  });

  it('goes by its present priority', () => {
    const {queue} = createQueue();
    for (const [name, priority] of [
      ['first', 1],
      ['second', 0],
    ] as const) {
      queue.upsert(makeRequest({name, priority}));
      queue.claim(`uid-${name}`);
      queue.requeue(keyOf(name), {keepsRank: true, delayMs: 1_000});
    }
    queue.upsert(makeRequest({name: 'second', priority: 9}));
    queue.upsert(makeRequest({name: 'other', priority: 5}));
    expect(namesOf(queue.take(9))).toEqual(['second', 'other']);
  });

  it('that is removed, or whose priority falls, holds nobody back', () => {
    for (const change of [
      (queue: RequestQueue) => queue.remove(keyOf('high')),
      (queue: RequestQueue) => queue.upsert(makeRequest({name: 'high', priority: -1})),
    ]) {
      const {queue} = rejected(true);
      change(queue);
      queue.upsert(makeRequest({name: 'low'}));
      expect(namesOf(queue.take(1))).toEqual(['low']);
    }
  });
});

describe('a request behind others of its class', () => {
  const texts = (queue: RequestQueue) =>
    Object.fromEntries(
      queue.takeUnreported(99).map(({record, verdict: {message}}) => [record.name, message]),
    );
  const behind = 'no Requests of its kind with higher priority go first.';

  it('says so beside the verdict, where one of higher priority was left out with it', () => {
    const {queue} = createQueue();
    for (const priority of [0, 5, 9]) queue.upsert(makeRequest({name: `p-${priority}`, priority}));
    parkAll(queue, 'small', 'no', 2);
    expect(texts(queue)).toEqual({'p-9': 'no', 'p-5': behind, 'p-0': behind});
    queue.upsert(makeRequest({name: 'late', priority: 8}));
    expect(texts(queue)).toEqual({late: behind});
  });

  it('is told anew when it is the foremost one, and nobody else is', () => {
    const {queue} = createQueue();
    for (const priority of [0, 5, 9]) queue.upsert(makeRequest({name: `p-${priority}`, priority}));
    parkAll(queue, 'small', 'no');
    texts(queue);
    queue.remove(keyOf('p-9'));
    queue.wakeAll();
    parkAll(queue, 'small', 'no');
    expect(texts(queue)).toEqual({'p-5': 'no'});
  });

  it('is told anew also when it was not in the batch, and only who has something new to say', () => {
    const {queue} = createQueue();
    for (const [name, priority] of [
      ['a', 9],
      ['b', 5],
      ['c', 5],
      ['d', 0],
    ] as const) {
      queue.upsert(makeRequest({name, priority}));
    }
    parkAll(queue, 'small', 'no', 1);
    expect(texts(queue)).toEqual({a: 'no', b: behind, c: behind, d: behind});
    queue.remove(keyOf('a'));
    queue.wakeAll();
    parkAll(queue, 'small', 'no', 1);
    expect(texts(queue)).toEqual({b: 'no', c: 'no'});
  });

  it('is told anew when its own priority was raised', () => {
    const {queue} = createQueue();
    for (const priority of [0, 9]) queue.upsert(makeRequest({name: `p-${priority}`, priority}));
    parkAll(queue, 'small', 'no');
    texts(queue);
    queue.upsert(makeRequest({name: 'p-0', priority: 10, generation: 2}));
    expect(texts(queue)).toEqual({'p-0': 'no'});
  });
});

describe('a request that found the queue full', () => {
  it('comes in before others of lower priority, whoever came first', () => {
    const {queue} = createQueue({maxRequests: 1});
    queue.upsert(makeRequest({name: 'in'}));
    for (const [name, priority] of [
      ['a', 1],
      ['b', 2],
      ['c', 0],
      ['a', 3],
    ] as const) {
      queue.upsert(makeRequest({name, priority}));
    }
    const order = ['in', 'a', 'b', 'c'].map((expected) => {
      const [name] = namesOf(queue.take(1));
      queue.remove(keyOf(expected));
      return name;
    });
    expect(order).toEqual(['in', 'a', 'b', 'c']);
  });
});

describe('a request that higher priorities keep out of every batch', () => {
  /** A stream of `arriving` requests a batch of two, for `ms`; the low one was there before. */
  async function stream(ms: number, arriving: number, priority = 5) {
    const rig = createQueue();
    const {queue, clock} = rig;
    let announced = 0;
    queue.onUnreported = () => announced++;
    queue.upsert(makeRequest({name: 'low'}));
    queue.upsert(makeRequest({name: 'other', classKey: 'other', priority: 1}));
    for (let atMs = 0; atMs <= ms; atMs += 100) {
      for (let index = 0; index < arriving; index++) {
        queue.upsert(makeRequest({name: `high-${atMs}-${index}`, priority}));
      }
      for (const {key, uid} of queue.take(2)) queue.done(key, uid, '11');
      await clock.advance(100);
    }
    return {...rig, announced: () => announced};
  }

  it('says so after a while, once', async () => {
    const {queue, announced} = await stream(PASSED_OVER_MS, 2);
    expect(announced()).toBe(1);
    expect(namesOf(queue.takePassedOver(99)).sort()).toEqual(['low', 'other']);
    expect(queue.takePassedOver(99)).toEqual([]);
  });

  it('says it once, however long it lasts', async () => {
    const {queue, clock} = await stream(PASSED_OVER_MS, 2);
    expect(queue.takePassedOver(99)).toHaveLength(2);
    for (let atMs = 0; atMs <= 2 * PASSED_OVER_MS; atMs += 100) {
      for (const index of [0, 1]) {
        queue.upsert(makeRequest({name: `more-${atMs}-${index}`, priority: 5}));
      }
      for (const {key, uid} of queue.take(2)) queue.done(key, uid, '11');
      await clock.advance(100);
    }
    expect(queue.takePassedOver(99)).toEqual([]);
  });

  it('says so a page at a time', async () => {
    const {queue} = await stream(PASSED_OVER_MS, 2);
    const pages = [queue.takePassedOver(1), queue.takePassedOver(1), queue.takePassedOver(1)];
    expect(pages.map(({length}) => length)).toEqual([1, 1, 0]);
  });

  it.each<[string, number, number, number?]>([
    ['in a burst', PASSED_OVER_MS - 100, 2],
    ['where a batch has room now and then', 2 * PASSED_OVER_MS, 1],
    ['where those before it are only older', 2 * PASSED_OVER_MS, 2, 0],
  ])('says nothing %s', async (_, ms, arriving, priority) => {
    const {queue} = await stream(ms, arriving, priority);
    expect(namesOf(queue.takePassedOver(99))).not.toContain('low');
  });

  it('does not say it of one that came later, is parked, or has its turn by then', async () => {
    const {queue} = await stream(PASSED_OVER_MS, 2);
    queue.upsert(makeRequest({name: 'new'}));
    queue.claim('uid-other');
    queue.park('other', verdict(), [makeRequest({name: 'other', classKey: 'other'})]);
    expect(namesOf(queue.takePassedOver(99))).toEqual(['low']);
  });

  it('says its verdict when it has one at last, also one that it had said before', async () => {
    const {queue, clock} = createQueue();
    queue.upsert(makeRequest({name: 'low'}));
    parkAll(queue, 'small', 'no');
    expect(queue.takeUnreported(9)).toHaveLength(1);
    queue.wakeAll();
    for (let atMs = 0; atMs <= PASSED_OVER_MS; atMs += 100) {
      queue.upsert(makeRequest({name: `high-${atMs}`, classKey: 'other', priority: 5}));
      for (const {key, uid} of queue.take(1)) queue.done(key, uid, '11');
      await clock.advance(100);
    }
    expect(namesOf(queue.takePassedOver(9))).toEqual(['low']);
    parkAll(queue, 'small', 'no');
    expect(queue.takeUnreported(9).map(({record}) => record.name)).toEqual(['low']);
  });

  it('says it anew under a new leadership', async () => {
    const {queue, clock} = await stream(PASSED_OVER_MS, 2);
    queue.takePassedOver(99);
    queue.restart();
    for (let atMs = 0; atMs <= PASSED_OVER_MS; atMs += 100) {
      for (const index of [0, 1]) {
        queue.upsert(makeRequest({name: `again-${atMs}-${index}`, priority: 5}));
      }
      for (const {key, uid} of queue.take(2)) queue.done(key, uid, '11');
      await clock.advance(100);
    }
    expect(namesOf(queue.takePassedOver(99))).toContain('low');
  });
});
