import type {ParsedWorker} from '../api/parseWorker.ts';
import type {ObjectSink} from '../watch/reflector.ts';
import {type Heartbeat, workerOfLease} from './parseHeartbeat.ts';
import type {NodeRecord} from './parseNode.ts';

/** Where the signs go: `WorkerHealth`. */
export interface Health {
  heard(workerName: string, mark: string): void;
  alive(workerName: string): void;
  silent(workerName: string): void;
  forget(workerName: string): void;
}

export interface WorkerSignsOptions {
  readonly health: Health;
  /** Heartbeats known at once, of workers that are not known (yet) too. */
  readonly maxWorkers: number;
}

/**
 * Joins Workers with what tells that they live. One on a Kubernetes node lives while that node is
 * Ready; any other one while its agent renews its Lease. The three arrive in any order.
 */
export class WorkerSigns {
  readonly #options: WorkerSignsOptions;
  /** Name of the Kubernetes node, undefined for an agent's, by worker. */
  readonly #workers = new Map<string, string | undefined>();
  readonly #onNode = new Map<string, Set<string>>();
  readonly #marks = new Map<string, string>();
  readonly #nodes = new Map<string, boolean>();
  /** Before the first list a node that is not there is only not read yet. */
  #hasNodes = false;

  readonly workers: ObjectSink<ParsedWorker> = {
    replace: (all) => {
      const listed = new Set(all.map(nameOf));
      for (const name of [...this.#workers.keys()]) if (!listed.has(name)) this.#leave(name);
      for (const one of all) this.workers.upsert(one);
    },
    // Of one that cannot be understood, what was known stays.
    upsert: (one) => {
      if (one.kind === 'valid') this.#enter(one.worker.name, one.worker.nodeName);
    },
    remove: (name) => this.#leave(name),
  };

  readonly nodes: ObjectSink<NodeRecord> = {
    replace: (all) => {
      this.#hasNodes = true;
      this.#nodes.clear();
      for (const {name, ready} of all) this.#nodes.set(name, ready);
      for (const nodeName of this.#onNode.keys()) this.#readNode(nodeName);
    },
    upsert: ({name, ready}) => {
      this.#nodes.set(name, ready);
      this.#readNode(name);
    },
    remove: (name) => {
      this.#nodes.delete(name);
      this.#readNode(name);
    },
  };

  readonly leases: ObjectSink<Heartbeat | undefined> = {
    replace: (all) => {
      this.#marks.clear();
      for (const one of all) this.leases.upsert(one);
    },
    upsert: (heartbeat) => {
      if (heartbeat === undefined) return;
      const {workerName, mark} = heartbeat;
      if (!this.#marks.has(workerName) && this.#marks.size >= this.#options.maxWorkers) return;
      this.#marks.set(workerName, mark);
      this.#read(workerName);
    },
    // A heartbeat that is gone is silence: what was heard last stays heard by `Health`.
    remove: (key) => {
      const workerName = workerOfLease(key.slice(key.indexOf('/') + 1));
      if (workerName !== undefined) this.#marks.delete(workerName);
    },
  };

  constructor(options: WorkerSignsOptions) {
    this.#options = options;
  }

  #enter(name: string, nodeName: string | undefined): void {
    if (this.#workers.has(name) && this.#workers.get(name) !== nodeName) this.#leave(name);
    this.#workers.set(name, nodeName);
    if (nodeName !== undefined) {
      const others = this.#onNode.get(nodeName) ?? new Set<string>();
      this.#onNode.set(nodeName, others.add(name));
    }
    this.#read(name);
  }

  #leave(name: string): void {
    const nodeName = this.#workers.get(name);
    this.#workers.delete(name);
    this.#options.health.forget(name);
    if (nodeName === undefined) return;
    const others = this.#onNode.get(nodeName);
    others?.delete(name);
    if (others?.size === 0) this.#onNode.delete(nodeName);
  }

  #readNode(nodeName: string): void {
    for (const name of this.#onNode.get(nodeName) ?? []) this.#read(name);
  }

  #read(name: string): void {
    if (!this.#workers.has(name)) return;
    const {health} = this.#options;
    const nodeName = this.#workers.get(name);
    if (nodeName === undefined) {
      const mark = this.#marks.get(name);
      if (mark !== undefined) health.heard(name, mark);
      return;
    }
    if (!this.#hasNodes) return;
    if (this.#nodes.get(nodeName) === true) health.alive(name);
    else health.silent(name);
  }
}

function nameOf(parsed: ParsedWorker): string {
  return parsed.kind === 'valid' ? parsed.worker.name : parsed.name;
}
