import {describe, expect, it} from 'vitest';
import type {ParsedPool} from '../../src/api/parsePool.ts';
import type {ParsedWorker} from '../../src/api/parseWorker.ts';
import {type Log, silentLog} from '../../src/lib/log.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {WorkerCache} from '../../src/watch/workerCache.ts';
import {poolSink, workerSink} from '../../src/watch/workerSinks.ts';
import {FakeWorkerTable} from './fakeWorkerTable.ts';
import {makePool, makeWorker} from './records.ts';

const problem = {field: 'spec.capacity.cpu', found: '"lots"', wanted: 'a quantity'};
const valid = (name: string): ParsedWorker => ({kind: 'valid', worker: makeWorker({name})});
const invalid = (name: string) => ({
  kind: 'invalid' as const,
  name,
  problem,
  worker: makeWorker({name, unschedulable: true}),
});
const validPool = (name: string): ParsedPool => ({
  kind: 'valid',
  pool: makePool({name}),
  nodes: undefined,
});

function createSinks() {
  const cache = new WorkerCache({
    table: new FakeWorkerTable(),
    clock: new VirtualClock(),
    maxWorkers: 10,
  });
  const complaints: object[] = [];
  const log: Log = {...silentLog, error: (keys) => complaints.push(keys)};
  const names = (all: Iterable<{name: string}>) => Array.from(all, ({name}) => name).sort();
  return {
    workers: workerSink(cache, log),
    pools: poolSink(cache, log),
    complaints,
    workerNames: () => names(cache.workers()),
    openNames: () => names([...cache.workers()].filter(({unschedulable}) => !unschedulable)),
    poolNames: () => names(cache.pools()),
  };
}

describe('workers on their way to the cache', () => {
  it('come and go one by one', () => {
    const {workers, workerNames, complaints} = createSinks();
    workers.upsert(valid('w-1'));
    workers.upsert(valid('w-2'));
    workers.remove('w-1');
    expect(workerNames()).toEqual(['w-2']);
    expect(complaints).toEqual([]);
  });

  it('of a list are all there are; one that cannot be understood is said, and keeps no other back', () => {
    const {workers, workerNames, openNames, complaints} = createSinks();
    workers.upsert(valid('w-old'));
    workers.replace([valid('w-1'), invalid('w-odd'), valid('w-2')]);
    expect(workerNames()).toEqual(['w-1', 'w-2', 'w-odd']);
    expect(openNames()).toEqual(['w-1', 'w-2']);
    expect(complaints).toEqual([{kind: 'Worker', name: 'w-odd', ...problem}]);
  });

  it('take nothing new once they cannot be understood, and again once they can', () => {
    const {workers, openNames, complaints} = createSinks();
    workers.upsert(valid('w-1'));
    workers.upsert(invalid('w-1'));
    expect(openNames()).toEqual([]);
    expect(complaints).toHaveLength(1);
    workers.upsert(valid('w-1'));
    expect(openNames()).toEqual(['w-1']);
  });
});

describe('pools on their way to the cache', () => {
  it('that cannot be understood count as absent', () => {
    const {pools, poolNames, complaints} = createSinks();
    pools.replace([validPool('a'), invalid('b')]);
    expect(poolNames()).toEqual(['a']);
    pools.upsert(invalid('a'));
    pools.upsert(validPool('c'));
    expect(poolNames()).toEqual(['c']);
    pools.remove('c');
    expect(poolNames()).toEqual([]);
    expect(complaints.map((keys) => Object.values(keys).slice(0, 2))).toEqual([
      ['WorkerPool', 'b'],
      ['WorkerPool', 'a'],
    ]);
  });
});
