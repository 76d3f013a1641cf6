import type {WorkerRecord} from '../api/records.ts';

interface WorkerStore {
  replaceWorkers(records: readonly WorkerRecord[]): void;
  upsertWorker(record: WorkerRecord): void;
  removeWorker(name: string): void;
}

/**
 * The way of Workers to the cache, where a lost one is shown as not ready: it takes no new request
 * until it is heard again. The one place where loss touches placement.
 */
export class LostWorkers implements WorkerStore {
  readonly #cache: WorkerStore;
  /** Lost ones, as their objects say they are; undefined where there is no such object. */
  readonly #lost = new Map<string, WorkerRecord | undefined>();
  readonly #worker: (name: string) => WorkerRecord | undefined;

  constructor(cache: WorkerStore & {worker(name: string): WorkerRecord | undefined}) {
    this.#cache = cache;
    this.#worker = (name) => cache.worker(name);
  }

  replaceWorkers(records: readonly WorkerRecord[]): void {
    for (const name of this.#lost.keys()) this.#lost.set(name, undefined);
    this.#cache.replaceWorkers(records.map((record) => this.#shown(record)));
  }

  upsertWorker(record: WorkerRecord): void {
    this.#cache.upsertWorker(this.#shown(record));
  }

  removeWorker(name: string): void {
    if (this.#lost.has(name)) this.#lost.set(name, undefined);
    this.#cache.removeWorker(name);
  }

  /** From now on `lost` are those that are hidden from placement, and no others. */
  hide(lost: ReadonlySet<string>): void {
    for (const [name, record] of this.#lost) {
      if (lost.has(name)) continue;
      this.#lost.delete(name);
      if (record) this.#cache.upsertWorker(record);
    }
    for (const name of lost) {
      if (this.#lost.has(name)) continue;
      const record = this.#worker(name);
      this.#lost.set(name, record);
      if (record) this.#cache.upsertWorker({...record, ready: false});
    }
  }

  #shown(record: WorkerRecord): WorkerRecord {
    if (!this.#lost.has(record.name)) return record;
    this.#lost.set(record.name, record);
    return {...record, ready: false};
  }
}
