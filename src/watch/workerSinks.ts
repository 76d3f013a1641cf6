import type {ParsedPool} from '../api/parsePool.ts';
import type {ParsedWorker} from '../api/parseWorker.ts';
import type {PoolRecord, Problem, WorkerRecord} from '../api/records.ts';
import type {Log} from '../lib/log.ts';
import type {ObjectSink} from './reflector.ts';

interface WorkerStore {
  replaceWorkers(records: readonly WorkerRecord[]): void;
  upsertWorker(record: WorkerRecord): void;
  removeWorker(name: string): void;
}

interface PoolStore {
  replacePools(records: readonly PoolRecord[]): void;
  upsertPool(record: PoolRecord): void;
  removePool(name: string): void;
}

/**
 * Brings Workers to the cache. One that cannot be understood takes nothing new, keeps what runs on
 * it, and is said.
 */
export function workerSink(cache: WorkerStore, log: Log): ObjectSink<ParsedWorker> {
  return {
    replace(all) {
      cache.replaceWorkers(all.map(({worker}) => worker));
      for (const one of all) if (one.kind === 'invalid') complain(log, 'Worker', one);
    },
    upsert(parsed) {
      cache.upsertWorker(parsed.worker);
      if (parsed.kind === 'invalid') complain(log, 'Worker', parsed);
    },
    remove: (name) => cache.removeWorker(name),
  };
}

/**
 * Brings WorkerPools to the cache. One that cannot be understood counts as absent: its defaults
 * hold.
 */
export function poolSink(cache: PoolStore, log: Log): ObjectSink<ParsedPool> {
  return {
    replace(all) {
      cache.replacePools(all.flatMap((one) => (one.kind === 'valid' ? [one.pool] : [])));
      for (const one of all) if (one.kind === 'invalid') complain(log, 'WorkerPool', one);
    },
    upsert(parsed) {
      if (parsed.kind === 'valid') return cache.upsertPool(parsed.pool);
      complain(log, 'WorkerPool', parsed);
      cache.removePool(parsed.name);
    },
    remove: (name) => cache.removePool(name),
  };
}

function complain(log: Log, kind: string, {name, problem}: {name: string; problem: Problem}): void {
  log.error({kind, name, ...problem}, 'object cannot be used; correct the field');
}
