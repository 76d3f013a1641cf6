import type {ParsedWorker} from '../api/parseWorker.ts';
import type {WorkerRecord} from '../api/records.ts';
import {pathOf, workers} from '../kube/resource.ts';
import type {ApiCall, Transport} from '../kube/transport.ts';
import {assertNever} from '../lib/assertNever.ts';
import {type Clock, sleep} from '../lib/clock.ts';
import {fullJitterMs} from '../lib/fullJitter.ts';
import {Gate} from '../lib/gate.ts';
import type {Log} from '../lib/log.ts';
import type {Random} from '../lib/random.ts';
import type {ObjectSink} from '../watch/reflector.ts';
import type {CacheChange} from '../watch/workerCache.ts';
import {nodePoolLabel} from './nodeWorker.ts';
import type {NodeRecord} from './parseNode.ts';
import type {KnownPool} from './parseNodePool.ts';
import {PoolView} from './poolView.ts';
import {type Sent, sendStep} from './sendStep.ts';
import {type WorkerStep, workerStep} from './workerStep.ts';

export interface NodeWorkersOptions {
  readonly transport: Transport;
  readonly cache: {
    worker(name: string): WorkerRecord | undefined;
    workers(): Iterable<WorkerRecord>;
    usageOf(name: string): {readonly containers: number};
  };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits: {
    /** Nodes known at once. */
    readonly maxNodes: number;
    /** Writes under way at once. */
    readonly concurrency: number;
    /** Between two rounds: a Worker is written at most this often. */
    readonly intervalMs: number;
    /** Longest backoff while the API server takes nothing. */
    readonly backoffMaxMs: number;
  };
}

/**
 * Makes Workers of Nodes, as WorkerPools with a `nodeSelector` want it, and shows in the pools'
 * status how that stands. Changes only mark names; `run` judges the marked ones in rounds
 * (`workerStep`), so that somebody who undoes a step, or a Node that changes all the time, costs a
 * write a round.
 */
export class NodeWorkers {
  readonly #options: NodeWorkersOptions;
  readonly #view: PoolView;
  readonly #nodes = new Map<string, NodeRecord>();
  /** Names of Workers that cannot be understood. */
  readonly #unreadable = new Set<string>();
  readonly #marked = new Set<string>();
  readonly #gate = new Gate();
  #runs = false;

  readonly nodes: ObjectSink<NodeRecord> = {
    replace: (all) => {
      const listed = new Set(all.map(({name}) => name));
      for (const name of [...this.#nodes.keys()]) if (!listed.has(name)) this.nodes.remove(name);
      for (const node of all) this.nodes.upsert(node);
    },
    upsert: (node) => {
      const {limits, log} = this.#options;
      if (!this.#nodes.has(node.name) && this.#nodes.size >= limits.maxNodes) {
        log.error({nodeName: node.name, maxNodes: limits.maxNodes}, 'too many Nodes known');
        return;
      }
      this.#nodes.set(node.name, node);
      this.#mark(node.name);
    },
    remove: (name) => {
      this.#nodes.delete(name);
      this.#mark(name);
    },
  };

  readonly pools: ObjectSink<KnownPool> = {
    replace: (all) => {
      this.#view.replace(all);
      this.resync();
    },
    upsert: (pool) => {
      if (this.#view.upsert(pool)) this.resync();
    },
    remove: (name) => {
      this.#view.remove(name);
      this.resync();
    },
  };

  readonly workers: ObjectSink<ParsedWorker> = {
    replace: (all) => {
      this.#unreadable.clear();
      for (const one of all) this.workers.upsert(one);
    },
    upsert: (one) => {
      const name = one.kind === 'valid' ? one.worker.name : one.name;
      const wasUnreadable = this.#unreadable.delete(name);
      if (one.kind === 'invalid') this.#unreadable.add(name);
      if (wasUnreadable || one.kind === 'invalid') this.#mark(name);
    },
    remove: (name) => {
      if (this.#unreadable.delete(name)) this.#mark(name);
    },
  };

  constructor(options: NodeWorkersOptions) {
    this.#options = options;
    this.#view = new PoolView({...options, workers: () => options.cache.workers()});
  }

  /** A Worker changed in the cache. */
  changed({kind, workerName}: CacheChange): void {
    const worker = this.#options.cache.worker(workerName);
    // Freed capacity matters to one that is to go, and that is cordoned.
    if (kind === 'capacityFreed' && worker?.unschedulable !== true) return;
    const isOurs = worker === undefined || worker.labels[nodePoolLabel] !== undefined;
    if (isOurs || this.#nodes.has(workerName)) this.#mark(workerName);
    this.#view.isChanged = true;
    this.#gate.open();
  }

  /** Judges everything anew. */
  resync(): void {
    for (const name of this.#nodes.keys()) this.#mark(name);
    for (const {name, labels} of this.#options.cache.workers()) {
      if (labels[nodePoolLabel] !== undefined) this.#mark(name);
    }
    this.#view.isChanged = true;
    this.#gate.open();
  }

  /**
   * Takes the steps until `signal` aborts. Only for a leader, and only once Nodes, pools and
   * Workers are all read: what is not there counts as gone.
   */
  async run(signal: AbortSignal): Promise<void> {
    const {clock, random, limits} = this.#options;
    const range = {baseMs: limits.intervalMs, maxMs: limits.backoffMaxMs};
    let failures = 0;
    this.#runs = true;
    this.resync();
    while (!signal.aborted) {
      if (this.#marked.size === 0 && !this.#view.isChanged) {
        await this.#gate.wait(signal);
        continue;
      }
      const busy = await this.#round(signal);
      failures = busy ? failures + 1 : 0;
      const backoffMs = busy ? (busy.retryAfterMs ?? fullJitterMs(failures, range, random)) : 0;
      await sleep(clock, limits.intervalMs + backoffMs, signal);
    }
    this.#runs = false;
    this.#marked.clear();
  }

  /** The answer that asks for a pause; undefined when there was none. */
  async #round(signal: AbortSignal): Promise<(Sent & {kind: 'busy'}) | undefined> {
    const names = [...this.#marked].values();
    this.#marked.clear();
    let busy: (Sent & {kind: 'busy'}) | undefined;
    const lanes = Array.from({length: this.#options.limits.concurrency}, async () => {
      for (const name of names) {
        const sent = signal.aborted ? undefined : await this.#settle(name, signal);
        if (sent?.kind === 'busy') busy = sent;
      }
    });
    await Promise.all(lanes);
    if (busy || signal.aborted || !this.#view.isChanged) return busy;
    const shown = await this.#view.show(signal);
    return shown.kind === 'busy' ? shown : undefined;
  }

  async #settle(name: string, signal: AbortSignal): Promise<Sent> {
    const {cache, transport, log} = this.#options;
    const {step, problem} = workerStep(name, {
      ...this.#view.sources,
      node: this.#nodes.get(name),
      worker: cache.worker(name),
      isWorkerUnreadable: this.#unreadable.has(name),
      held: cache.usageOf(name).containers,
    });
    if (step.kind === 'nothing') {
      this.#view.note(name, problem);
      return {kind: 'done'};
    }
    const sent = await sendStep(transport, callOf(name, step), signal);
    switch (sent.kind) {
      case 'done':
        log.info({workerName: name, step: step.kind}, 'Worker follows its Node');
        this.#view.note(name, problem);
        break;
      case 'outdated':
        // The Worker that was created under the name marks it when it arrives here.
        if (step.kind !== 'create') this.#mark(name);
        break;
      case 'busy':
        this.#mark(name);
        break;
      case 'refused':
        // Until the Node, its pool or its Worker changes, or for the next `resync`.
        this.#view.note(name, {poolName: step.poolName, message: sent.message});
        break;
      default:
        assertNever(sent);
    }
    return sent;
  }

  /** A replica that stands by for months must not gather what it never settles. */
  #mark(name: string): void {
    if (!this.#runs) return;
    this.#marked.add(name);
    this.#gate.open();
  }
}

function callOf(name: string, step: Exclude<WorkerStep, {kind: 'nothing'}>): ApiCall {
  const {body} = step;
  const path = pathOf(workers, {name});
  switch (step.kind) {
    case 'create':
      return {method: 'POST', path: pathOf(workers), body};
    case 'change':
      return {method: 'PATCH', path, contentType: 'application/merge-patch+json', body};
    case 'delete':
      return {method: 'DELETE', path, body};
    default:
      return assertNever(step);
  }
}
