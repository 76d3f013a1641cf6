import {describe, expect, it} from 'vitest';
import type {RequestRecord} from '../../src/api/records.ts';
import type {RequestQueue} from '../../src/queue/requestQueue.ts';
import {makeCondition} from '../status/makeRecords.ts';
import {createQueue, keyOf, makeRequest, namesOf, parkAll, verdict} from './rig.ts';

const upsertAll = (queue: RequestQueue, count: number, overrides: Partial<RequestRecord> = {}) => {
  for (let index = 0; index < count; index++) {
    queue.upsert(makeRequest({name: `${overrides.classKey ?? 'small'}-${index}`, ...overrides}));
  }
};
const reported = (queue: RequestQueue, max = 1_000) =>
  queue.takeUnreported(max).map(({record, verdict: {message}}) => `${record.name} ${message}`);

describe('a parked class', () => {
  it('parks all its ready members and those of the batch, and nobody else', () => {
    const {queue} = createQueue();
    upsertAll(queue, 3);
    upsertAll(queue, 2, {classKey: 'large', priority: -1});
    const batch = queue.take(1);
    queue.park('small', verdict(), batch);
    expect(queue.counts).toEqual({ready: 2, parked: 3, inFlight: 0, delayed: 0, placed: 0});
    expect(namesOf(queue.take(9))).toEqual(['large-0', 'large-1']);
  });

  it('leaves those in flight that were placed before the class ran out of workers', () => {
    const {queue} = createQueue();
    upsertAll(queue, 3);
    const batch = queue.take(3);
    queue.park('small', verdict(), batch.slice(1));
    expect(queue.counts).toMatchObject({parked: 2, inFlight: 1});
  });

  it('is joined by new requests and by those whose backoff ends, without a check', async () => {
    const {queue, clock} = createQueue();
    upsertAll(queue, 2);
    const [one, two] = queue.take(2);
    queue.requeue(one!.key, {delayMs: 10});
    queue.park('small', verdict(), [two!]);
    queue.upsert(makeRequest({name: 'new', priority: 1_000}));
    await clock.advance(10);
    expect(queue.counts).toMatchObject({ready: 0, parked: 3, delayed: 0});
  });

  it('is left by a request that asks for something else now, and joined likewise', () => {
    const {queue} = createQueue();
    upsertAll(queue, 2);
    parkAll(queue, 'small');
    queue.upsert(makeRequest({name: 'small-0', classKey: 'large', generation: 2}));
    expect(namesOf(queue.take(9))).toEqual(['small-0']);
    queue.upsert(makeRequest({name: 'small-0', generation: 3}));
    queue.requeue(keyOf('small-0'), {delayMs: 0});
    queue.upsert(makeRequest({name: 'small-0', generation: 4}));
    expect(queue.counts).toMatchObject({ready: 0, parked: 2});
  });

  it('takes a request in flight that was edited into it back to its own class', () => {
    const {queue} = createQueue();
    upsertAll(queue, 1);
    const batch = queue.take(1);
    queue.upsert(makeRequest({name: 'small-0', classKey: 'large', generation: 2}));
    queue.park('small', verdict(), batch);
    expect(queue.counts).toMatchObject({ready: 1, parked: 0});
    expect(queue.parkedClassCount).toBe(0);
  });

  it('is forgotten with its last member: the next one of its kind is tried', () => {
    const {queue} = createQueue();
    upsertAll(queue, 1);
    parkAll(queue, 'small');
    queue.remove(keyOf('small-0'));
    expect(queue.parkedClassCount).toBe(0);
    queue.upsert(makeRequest({name: 'new'}));
    expect(queue.readyCount).toBe(1);
  });

  it('is woken when the change could help its representative, all of it at once', () => {
    const {queue} = createQueue();
    upsertAll(queue, 3);
    upsertAll(queue, 2, {classKey: 'large'});
    const batch = queue.take(9);
    for (const classKey of ['small', 'large']) {
      queue.park(
        classKey,
        verdict(),
        batch.filter((record) => record.classKey === classKey),
      );
    }
    queue.wake((record) => record.classKey === 'large');
    expect(queue.counts).toMatchObject({ready: 2, parked: 3});
    queue.wakeAll();
    expect(queue.counts).toMatchObject({ready: 5, parked: 0});
  });

  it('is not parked upon a verdict that was out of date when it arrived', () => {
    const {queue} = createQueue();
    upsertAll(queue, 2);
    const batch = queue.take(1);
    queue.wake(() => true);
    queue.park('small', verdict(), batch);
    expect(queue.counts).toMatchObject({ready: 2, parked: 0});
    // The next look has seen that change: its verdict counts.
    parkAll(queue, 'small');
    expect(queue.counts).toMatchObject({ready: 0, parked: 2});
  });

  it('is parked whatever happened that could not help it', () => {
    const {queue} = createQueue();
    upsertAll(queue, 1);
    const batch = queue.take(1);
    queue.wake(() => false);
    queue.park('small', verdict(), batch);
    expect(queue.counts).toMatchObject({ready: 0, parked: 1});
  });
});

describe('reporting verdicts', () => {
  it('gives each parked request once a verdict, at most so many at a time', () => {
    const {queue} = createQueue();
    upsertAll(queue, 5);
    parkAll(queue, 'small');
    expect(reported(queue, 3)).toHaveLength(3);
    expect(reported(queue, 3)).toHaveLength(2);
    expect(reported(queue)).toEqual([]);
  });

  it('gives a verdict again after an edit: the write of the first may have met the edit', () => {
    const {queue} = createQueue();
    upsertAll(queue, 2);
    parkAll(queue, 'small', 'no');
    reported(queue);
    queue.upsert(makeRequest({name: 'small-0', generation: 2, retryLimit: 7}));
    expect(reported(queue)).toEqual(['small-0 no']);
    queue.wakeAll();
    const [taken] = queue.take(1);
    queue.upsert(makeRequest({name: 'small-0', generation: 3, retryLimit: 7}));
    queue.park('small', verdict('no'), [taken!]);
    expect(reported(queue)).toEqual(['small-0 no']);
  });

  it('gives nothing for the same verdict again, also to requests that were woken and taken since', () => {
    const {queue} = createQueue();
    upsertAll(queue, 5);
    parkAll(queue, 'small', 'no');
    reported(queue);
    queue.wakeAll();
    parkAll(queue, 'small', 'no', 2);
    expect(reported(queue)).toEqual([]);
    queue.wakeAll();
    parkAll(queue, 'small', 'no');
    expect(reported(queue)).toEqual([]);
  });

  it('gives all of them again for another verdict', () => {
    const {queue} = createQueue();
    upsertAll(queue, 2);
    parkAll(queue, 'small', 'no');
    reported(queue);
    queue.park('small', verdict('still no'), []);
    expect(reported(queue).sort()).toEqual(['small-0 still no', 'small-1 still no']);
    expect(reported(queue)).toEqual([]);
  });

  it('gives a request that joins a parked class, once, before those of an older verdict', () => {
    const {queue} = createQueue();
    upsertAll(queue, 2);
    parkAll(queue, 'small', 'no');
    reported(queue);
    queue.upsert(makeRequest({name: 'new'}));
    expect(reported(queue)).toEqual(['new no']);
    expect(reported(queue)).toEqual([]);
  });

  it('gives nobody of a class that is ready again, or gone', () => {
    const {queue} = createQueue();
    upsertAll(queue, 1);
    parkAll(queue, 'small');
    queue.wakeAll();
    expect(reported(queue)).toEqual([]);
    parkAll(queue, 'small');
    queue.remove(keyOf('small-0'));
    expect(reported(queue)).toEqual([]);
  });

  it('gives again what something else was written over', () => {
    const {queue} = createQueue();
    upsertAll(queue, 1);
    parkAll(queue, 'small', 'no');
    reported(queue);
    queue.wakeAll();
    const batch = queue.take(1);
    const conditions = [makeCondition({type: 'Scheduled', message: 'the ledger does not answer'})];
    queue.upsert(makeRequest({name: 'small-0', conditions}));
    queue.park('small', verdict('no'), batch);
    expect(reported(queue)).toEqual(['small-0 no']);
  });

  it('gives again what was decided on a state that said so, but was not the newest', () => {
    const {queue} = createQueue();
    const says = (message: string) => ({
      name: 'small-0',
      conditions: [makeCondition({type: 'Scheduled', message})],
    });
    queue.upsert(makeRequest(says('no')));
    for (const message of ['not yet', 'no']) {
      parkAll(queue, 'small', message);
      expect(reported(queue)).toEqual([`small-0 ${message}`]);
    }
    queue.upsert(makeRequest(says('not yet')));
    expect(reported(queue)).toEqual(['small-0 no']);
    queue.upsert(makeRequest(says('no Nearest: w-1 lacks 1 cpu (0 free of 1 wanted).')));
    expect(reported(queue)).toEqual([]);
  });

  it('gives again what a bind that came to nothing has pushed aside', async () => {
    const {queue, clock} = createQueue();
    upsertAll(queue, 2);
    parkAll(queue, 'small', 'no');
    reported(queue);
    queue.wakeAll();
    const [bound, other] = queue.take(2);
    queue.park('small', verdict('no'), [other!]);
    queue.requeue(bound!.key, {delayMs: 10});
    await clock.advance(10);
    expect(reported(queue)).toEqual(['small-0 no']);
  });

  it('gives classes their turns: a small one does not wait for a large one', () => {
    const {queue} = createQueue();
    upsertAll(queue, 200);
    upsertAll(queue, 3, {classKey: 'large'});
    const batch = queue.take(512);
    for (const classKey of ['small', 'large']) {
      queue.park(
        classKey,
        verdict(),
        batch.filter((record) => record.classKey === classKey),
      );
    }
    const page = reported(queue, 32);
    expect(page).toHaveLength(32);
    expect(page.filter((line) => line.startsWith('large'))).toHaveLength(3);
    expect(new Set([...page, ...reported(queue)]).size).toBe(203);
  });

  it('is announced when there is something to report, and only then', () => {
    const {queue} = createQueue();
    let announced = 0;
    queue.onUnreported = () => announced++;
    upsertAll(queue, 1);
    expect(announced).toBe(0);
    parkAll(queue, 'small', 'no');
    expect(announced).toBeGreaterThan(0);
    reported(queue);
    announced = 0;
    queue.wakeAll();
    parkAll(queue, 'small', 'no');
    expect(announced).toBe(0);
    queue.upsert(makeRequest({name: 'new'}));
    expect(announced).toBe(1);
  });
});

/** Requests whose priority counts how often it is read: each comparison reads one or two. */
function countedRequests(count: number, classes: number) {
  let reads = 0;
  const records = Array.from({length: count}, (_, index): RequestRecord => {
    const plain = makeRequest({
      name: `r-${index}`,
      createdMs: index,
      classKey: `c-${index % classes}`,
    });
    return Object.defineProperty({...plain}, 'priority', {
      get: () => {
        reads++;
        return 5;
      },
    });
  });
  const readsOf = (act: () => void) => {
    const before = reads;
    act();
    return reads - before;
  };
  return {records, readsOf};
}

describe('100,000 requests in 50 classes that fit nowhere', () => {
  it('cost one check a class before one that fits has its turn, and no work each', () => {
    const {queue} = createQueue();
    const {records, readsOf} = countedRequests(100_000, 50);
    for (const record of records) queue.upsert(record);
    queue.upsert(makeRequest({name: 'good', priority: 1, classKey: 'good'}));
    const checked: string[] = [];
    const cycle = () => {
      const batch = queue.take(512);
      const unplaced = Map.groupBy(batch, ({classKey}) => classKey);
      checked.push(...unplaced.keys());
      unplaced.delete('good');
      for (const [classKey, members] of unplaced) queue.park(classKey, verdict(), members);
      return batch;
    };
    const takeAndPark = readsOf(cycle);
    expect(namesOf(cycle())).toEqual(['good']);
    expect(checked).toHaveLength(51);
    // 512 taken and given back, each down heaps of 2,000 and of 50: nothing near 100,000.
    expect(takeAndPark).toBeLessThan(512 * 2 * 2 * 2 * (11 + 6));

    expect(readsOf(() => queue.park('c-0', verdict('another'), []))).toBe(0);
    expect(readsOf(() => queue.takeUnreported(100))).toBe(0);
    let helped = 0;
    const wake = readsOf(() => queue.wake(() => ++helped > 0));
    expect(helped).toBe(50 + 1);
    expect(wake).toBeLessThan(50 * 2 * 6);
    expect(queue.counts).toMatchObject({ready: 100_000, parked: 0, inFlight: 1});
  });
});
