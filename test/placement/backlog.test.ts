import {beforeEach, describe, expect, test} from 'vitest';
import type {RequestRecord} from '../../src/api/records.ts';
import {seededRandom} from '../../src/lib/random.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {couldHold} from '../../src/placement/couldHold.ts';
import {place} from '../../src/placement/place.ts';
import {RequestQueue} from '../../src/queue/requestQueue.ts';
import {makeRequest as makeRecord} from '../status/makeRecords.ts';
import {makeRequest, makeWorker, makeWorkers, tableOf} from './builders.ts';

/*
 * Requests that fit nowhere, ahead of one that fits: what a cycle costs is counted in looks at
 * them, not in time.
 */

const COUNT = 100_000;
const CLASSES = 50;
const BATCH = 512;

describe(`${COUNT} waiting requests of ${CLASSES} classes that fit nowhere`, () => {
  const table = tableOf(makeWorkers(20));
  let queue: RequestQueue;
  let looks = 0;

  /** Notes each time that something of the record is read. */
  const watched = (record: RequestRecord): RequestRecord =>
    new Proxy(record, {
      get(target, field) {
        looks++;
        return Reflect.get(target, field);
      },
    });

  /** As the scheduler does it, for what is not placed; the names of those that are. */
  const cycle = (): string[] => {
    const plan = place(queue.take(BATCH), table.snapshot());
    for (const [classKey, unplaced] of Map.groupBy(plan.unplaced, (one) => one.request.classKey)) {
      queue.park(
        classKey,
        unplaced[0]!.verdict,
        unplaced.map(({request}) => request),
      );
    }
    return plan.assigned.map(({request}) => request.name);
  };

  beforeEach(() => {
    const limits = {maxRequests: COUNT + 1, backoffBaseMs: 1, backoffMaxMs: 1};
    queue = new RequestQueue({clock: new VirtualClock(), random: seededRandom(1), limits});
    for (let index = 0; index < COUNT; index++) {
      const {demand, classKey} = makeRequest({cpuMillis: 5000 + (index % CLASSES)});
      queue.upsert(watched(makeRecord({name: `hopeless-${index}`, demand, classKey, priority: 9})));
    }
    cycle();
    expect(queue.parkedClassCount).toBe(CLASSES);
    looks = 0;
  });

  test('are not looked at by the cycle that places a good one', () => {
    queue.upsert(makeRecord({name: 'good'}));
    expect(cycle()).toEqual(['good']);
    expect(looks).toBe(0);
  });

  test('are looked at a few times a class when a worker changes that cannot hold them', () => {
    queue.upsert(makeRecord({name: 'good'}));
    const used = {cpuMillis: 0, memoryBytes: 0, containers: 0, gpuMillis: []};
    const worker = makeWorker();
    queue.wake(({demand, constraints}) => couldHold({worker, used, demand, constraints}));
    // Demand and constraints, once for the class and once for its request of the last batch.
    expect(looks).toBeLessThanOrEqual(CLASSES * 4);
    expect(cycle()).toEqual(['good']);
  });

  test('that are all woken keep a good one back for one batch, whatever their number', () => {
    queue.upsert(makeRecord({name: 'good'}));
    queue.wakeAll();
    expect(cycle()).toEqual([]);
    // Each of the batch is compared in the heaps of its class and of the classes, and then judged.
    expect(looks).toBeLessThan(BATCH * 500);
    looks = 0;
    expect(cycle()).toEqual(['good']);
    expect(looks).toBe(0);
  });
});
