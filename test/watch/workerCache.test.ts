import {describe, expect, it} from 'vitest';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {type CacheChange, WorkerCache} from '../../src/watch/workerCache.ts';
import {FakeWorkerTable} from './fakeWorkerTable.ts';
import {makeAllocation, makePool, makeWorker} from './records.ts';

function setUp({maxWorkers = 100} = {}) {
  const clock = new VirtualClock();
  const table = new FakeWorkerTable();
  const refused: string[] = [];
  const onRefused = (workerName: string) => void refused.push(workerName);
  const cache = new WorkerCache({table, clock, maxWorkers, onRefused});
  const changes: CacheChange[] = [];
  cache.onChange((change) => changes.push(change));
  return {clock, table, cache, changes, refused};
}

const onW1 = makeAllocation();
const onW2 = makeAllocation({workerName: 'w-2'});

describe('an allocation', () => {
  type Act = (cache: WorkerCache) => void;
  const assume: Act = (cache) => cache.assume(onW1);
  const confirm: Act = (cache) => cache.confirm(onW1);
  const assumeElsewhere: Act = (cache) => cache.assume(onW2);
  const confirmElsewhere: Act = (cache) => cache.confirm(onW2);
  const forget: Act = (cache) => cache.forget('r-1');
  const forgetAssumed: Act = (cache) => cache.forgetAssumed('r-1');

  it.each<[sentence: string, acts: Act[], holder: string | undefined, isBound: boolean]>([
    ['holds capacity from the moment it is assumed', [assume], 'w-1', false],
    ['assumed twice is held once', [assume, assume], 'w-1', false],
    ['assumed again elsewhere moves', [assume, assumeElsewhere], 'w-2', false],
    ['is bound once it is confirmed', [assume, confirm], 'w-1', true],
    ['confirmed twice is held once', [assume, confirm, confirm], 'w-1', true],
    ['may be confirmed without having been assumed', [confirm], 'w-1', true],
    ['is where it was bound, wherever it was assumed', [assume, confirmElsewhere], 'w-2', true],
    ['bound elsewhere later moves', [confirm, confirmElsewhere], 'w-2', true],
    ['once bound is not moved by an assumption', [confirm, assumeElsewhere], 'w-1', true],
    ['once bound is not made unsure by an assumption', [confirm, assume], 'w-1', true],
    ['is gone once it is forgotten', [assume, forget], undefined, false],
    ['is gone once it is forgotten, bound or not', [confirm, forget], undefined, false],
    ['may be forgotten twice', [assume, forget, forget], undefined, false],
    ['may be assumed again after it was forgotten', [assume, forget, assume], 'w-1', false],
    ['that was rejected is gone', [assume, forgetAssumed], undefined, false],
    ['that was rejected but bound meanwhile stays', [assume, confirm, forgetAssumed], 'w-1', true],
  ])('%s', (_, acts, holder, isBound) => {
    const {cache, table} = setUp();
    cache.upsertWorker(makeWorker({name: 'w-1'}));
    cache.upsertWorker(makeWorker({name: 'w-2'}));
    for (const act of acts) act(cache);

    expect(cache.allocationOf('r-1')?.workerName).toBe(holder);
    expect(cache.isBound('r-1')).toBe(isBound);
    expect(table.taken.map(({workerName}) => workerName)).toEqual(holder ? [holder] : []);
    for (const name of ['w-1', 'w-2']) {
      expect(cache.usageOf(name).cpuMillis).toBe(name === holder ? 100 : 0);
      expect([...cache.boundOn(name)].length).toBe(name === holder && isBound ? 1 : 0);
    }
    expect([...cache.boundAllocations()].length).toBe(isBound ? 1 : 0);
    expect(cache.assumedCount).toBe(holder && !isBound ? 1 : 0);
    expect(cache.audit()).toEqual([]);
  });

  it('is returned by the one call that forgets it', () => {
    const {cache} = setUp();
    cache.confirm(onW1);
    expect(cache.forget('r-1')).toEqual(onW1);
    expect(cache.forget('r-1')).toBeUndefined();
  });

  it('stays booked on a worker that goes and comes back', () => {
    const {cache, table} = setUp();
    cache.upsertWorker(makeWorker());
    cache.confirm(onW1);
    cache.removeWorker('w-1');
    expect(cache.usageOf('w-1').cpuMillis).toBe(100);
    cache.upsertWorker(makeWorker());
    expect(cache.usageOf('w-1').cpuMillis).toBe(100);
    expect(table.taken).toEqual([onW1]);
  });
});

describe('an assumption', () => {
  it('that nobody confirms is named after its time, and still holds its capacity', async () => {
    const {cache, clock} = setUp();
    cache.assume(makeAllocation({uid: 'r-1'}));
    await clock.advance(10_000);
    cache.assume(makeAllocation({uid: 'r-2'}));
    cache.assume(makeAllocation({uid: 'r-3'}));
    cache.confirm(makeAllocation({uid: 'r-3'}));
    await clock.advance(20_000);
    expect(cache.assumedOlderThan(30_000)).toEqual(['r-1']);
    await clock.advance(10_000);
    expect(cache.assumedOlderThan(30_000)).toEqual(['r-1', 'r-2']);
    expect(cache.usageOf('w-1').cpuMillis).toBe(300);
  });

  it('made again is as young as its last time', async () => {
    const {cache, clock} = setUp();
    cache.assume(makeAllocation({uid: 'r-1'}));
    cache.assume(makeAllocation({uid: 'r-2'}));
    await clock.advance(30_000);
    cache.assume(makeAllocation({uid: 'r-1'}));
    expect(cache.assumedOlderThan(30_000)).toEqual(['r-2']);
  });

  it('ages with the monotonic clock, not with the wall', async () => {
    const {cache, clock} = setUp();
    cache.assume(onW1);
    clock.jumpWall(3_600_000);
    expect(cache.assumedOlderThan(30_000)).toEqual([]);
  });
});

describe('a worker', () => {
  const base = makeWorker();

  it.each<[sentence: string, changed: Parameters<typeof makeWorker>[0], isChange: boolean]>([
    ['with a new resourceVersion alone is no change', {resourceVersion: '2'}, false],
    ['with another Kubernetes node is no change', {nodeName: 'n-1'}, false],
    ['with a label is a change', {labels: {zone: 'a'}}, true],
    ['with a taint is a change', {taints: [{key: 'k', effect: 'NoSchedule'}]}, true],
    ['that is cordoned is a change', {unschedulable: true}, true],
    ['that is not ready is a change', {ready: false}, true],
    ['that is being deleted is a change', {deleting: true}, true],
    ['in another pool is a change', {poolName: 'gpu'}, true],
    ['that shrank is a change', {capacity: {cpuMillis: 1_000}}, true],
  ])('%s', (_, changed, isChange) => {
    const {cache, changes, table} = setUp();
    cache.upsertWorker(base);
    const before = cache.snapshot();
    const next = makeWorker(changed);
    cache.upsertWorker(next);
    const wanted = [{kind: 'workerAdded', workerName: 'w-1'}];
    if (isChange) wanted.push({kind: 'workerChanged', workerName: 'w-1'});
    expect(changes).toEqual(wanted);
    expect(table.calls.length).toBe(wanted.length);
    expect(cache.snapshot() === before).toBe(!isChange);
    expect(cache.worker('w-1')).toBe(next);
  });

  it('that is being deleted takes nothing new', () => {
    const {cache, table} = setUp();
    cache.upsertWorker(makeWorker({deleting: true}));
    expect(table.workers.get('w-1')?.unschedulable).toBe(true);
  });

  it('that a list lacks is gone, and what it has in common is left alone', () => {
    const {cache, changes} = setUp();
    cache.replaceWorkers([makeWorker({name: 'w-1'}), makeWorker({name: 'w-2'})]);
    changes.length = 0;
    cache.replaceWorkers([makeWorker({name: 'w-2'}), makeWorker({name: 'w-3'})]);
    expect(changes).toEqual([
      {kind: 'workerRemoved', workerName: 'w-1'},
      {kind: 'workerAdded', workerName: 'w-3'},
    ]);
    expect([...cache.workers()].map(({name}) => name)).toEqual(['w-2', 'w-3']);
  });

  it('above the limit is refused and said; a known one may still change', () => {
    const {cache, refused} = setUp({maxWorkers: 1});
    cache.upsertWorker(makeWorker({name: 'w-1'}));
    cache.upsertWorker(makeWorker({name: 'w-2'}));
    cache.upsertWorker(makeWorker({name: 'w-1', ready: false}));
    expect(refused).toEqual(['w-2']);
    expect([...cache.workers()].map(({name, ready}) => [name, ready])).toEqual([['w-1', false]]);
  });

  it('has zeros for each of its GPUs until something is taken', () => {
    const {cache} = setUp();
    cache.upsertWorker(makeWorker({capacity: {gpuCount: 2, gpuType: 'a100'}}));
    expect(cache.usageOf('w-1').gpuMillis).toEqual([0, 0]);
    cache.assume(makeAllocation({gpuDevices: [1], gpuMillis: 300}));
    expect(cache.usageOf('w-1').gpuMillis).toEqual([0, 300]);
  });

  it('gives its capacity when it is known, and nothing when it is not', () => {
    const {cache} = setUp();
    cache.upsertWorker(base);
    expect([...cache.capacities(['w-1', 'w-9'])]).toEqual([['w-1', base.capacity]]);
  });
});

describe('freed capacity', () => {
  const freed = {kind: 'capacityFreed', workerName: 'w-1'};

  it.each<[sentence: string, act: (cache: WorkerCache) => void, wanted: object[]]>([
    ['is told when an allocation is forgotten', (cache) => cache.forget('r-1'), [freed]],
    ['is told when a request is bound elsewhere', (cache) => cache.confirm(onW2), [freed]],
    [
      'is told when less is bound than was assumed',
      (cache) => cache.confirm({...onW1, cpuMillis: 50}),
      [freed],
    ],
    ['is not told when a request takes more', (c) => c.confirm({...onW1, cpuMillis: 200}), []],
    ['is not told by a confirmation', (cache) => cache.confirm({...onW1}), []],
    ['is not told when nothing was held', (cache) => cache.forget('r-9'), []],
  ])('%s', (_, act, wanted) => {
    const {cache, changes} = setUp();
    cache.upsertWorker(makeWorker());
    cache.assume(onW1);
    changes.length = 0;
    act(cache);
    expect(changes).toEqual(wanted);
  });

  it('of an unknown worker is told to nobody', () => {
    const {cache, changes} = setUp();
    cache.assume(onW1);
    cache.forget('r-1');
    expect(changes).toEqual([]);
  });

  it('is no longer told to a listener that has left', () => {
    const {cache} = setUp();
    const heard: CacheChange[] = [];
    const leave = cache.onChange((change) => heard.push(change));
    leave();
    cache.upsertWorker(makeWorker());
    expect(heard).toEqual([]);
  });
});

describe('pools', () => {
  it('reach placement when they differ, and wake nobody', () => {
    const {cache, table, changes} = setUp();
    cache.replacePools([makePool({name: 'a'}), makePool({name: 'b'})]);
    cache.upsertPool(makePool({name: 'a'}));
    cache.replacePools([makePool({name: 'b', strategy: 'Pack'})]);
    expect(table.calls).toEqual(['upsertPool a', 'upsertPool b', 'removePool a', 'upsertPool b']);
    expect([...cache.pools()].map(({name}) => name)).toEqual(['b']);
    expect(changes).toEqual([]);
  });
});

describe('snapshots', () => {
  it('are the same object until something changes, and count how they came about', async () => {
    const {cache, clock} = setUp();
    cache.replaceWorkers([makeWorker()]);
    const first = cache.snapshot();
    await clock.advance(40);
    expect(cache.snapshot()).toBe(first);
    expect(cache.cacheStats).toEqual({
      hits: 1,
      misses: 1,
      invalidations: 0,
      frozen: 1,
      stalenessMs: 40,
      maxStalenessMs: 40,
    });
    cache.assume(onW1);
    cache.assume(makeAllocation({uid: 'r-2'}));
    expect(cache.snapshot()).not.toBe(first);
    expect(cache.cacheStats).toMatchObject({hits: 2, misses: 1, invalidations: 1, frozen: 2});
    expect(cache.cacheStats).toMatchObject({stalenessMs: 0, maxStalenessMs: 40});
    cache.replaceWorkers([makeWorker()]);
    cache.snapshot();
    expect(cache.cacheStats, 'a relist is another cold read').toMatchObject({hits: 2, misses: 2});
  });

  it.each<[sentence: string, act: (cache: WorkerCache) => void]>([
    ['an assumption', (cache) => cache.assume(makeAllocation({uid: 'r-2'}))],
    ['a confirmation of something new', (cache) => cache.confirm(makeAllocation({uid: 'r-2'}))],
    ['a forgotten allocation', (cache) => cache.forget('r-1')],
    ['a new worker', (cache) => cache.upsertWorker(makeWorker({name: 'w-2'}))],
    ['a removed worker', (cache) => cache.removeWorker('w-1')],
    ['a pool', (cache) => cache.upsertPool(makePool({strategy: 'Pack'}))],
  ])('are given up after %s', (_, act) => {
    const {cache} = setUp();
    cache.upsertWorker(makeWorker());
    cache.assume(onW1);
    const before = cache.snapshot();
    act(cache);
    expect(cache.snapshot()).not.toBe(before);
  });
});
