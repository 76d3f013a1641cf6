import type {WorkerRecord} from '../api/records.ts';
import {pathOf, workerPools} from '../kube/resource.ts';
import type {Transport} from '../kube/transport.ts';
import type {Clock} from '../lib/clock.ts';
import type {Log} from '../lib/log.ts';
import type {NodePool} from './nodeWorker.ts';
import type {KnownPool} from './parseNodePool.ts';
import {type PoolFacts, poolPatch} from './poolPatch.ts';
import {type Sent, sendStep} from './sendStep.ts';

export interface PoolViewOptions {
  readonly transport: Transport;
  readonly workers: () => Iterable<WorkerRecord>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Why the Node of a pool is no Worker as it should be. */
export interface NodeProblem {
  readonly poolName: string;
  readonly message: string;
}

/** Which pools make Workers of Nodes. */
export interface PoolSources {
  /** In the order of their names. */
  readonly pools: readonly NodePool[];
  /** Pools whose object cannot be understood: nobody knows what they select. */
  readonly unreadablePools: ReadonlySet<string>;
}

/**
 * The WorkerPools, and what their status says: how many workers, and which Nodes are left out. A
 * view.
 */
export class PoolView {
  readonly #options: PoolViewOptions;
  readonly #pools = new Map<string, KnownPool>();
  /** By name of the Node. */
  readonly #problems = new Map<string, NodeProblem>();
  #sources: PoolSources | undefined;
  /** Whether something changed that their status may have to say. */
  isChanged = false;

  constructor(options: PoolViewOptions) {
    this.#options = options;
  }

  replace(all: readonly KnownPool[]): void {
    this.#pools.clear();
    for (const pool of all) this.#pools.set(pool.name, pool);
    this.#forgetSources();
  }

  /** False when it selects what it did before. */
  upsert(pool: KnownPool): boolean {
    const before = this.#pools.get(pool.name);
    this.#pools.set(pool.name, pool);
    // What is written into its status comes back here.
    if (before?.uid === pool.uid && before.generation === pool.generation) return false;
    this.#forgetSources();
    return true;
  }

  remove(name: string): void {
    this.#pools.delete(name);
    this.#forgetSources();
  }

  get sources(): PoolSources {
    if (this.#sources) return this.#sources;
    const known = [...this.#pools.values()];
    const pools = known
      .flatMap(({name, parsed}) =>
        parsed.kind === 'valid' && parsed.nodes ? [{name, nodes: parsed.nodes}] : [],
      )
      .sort((left, right) => (left.name < right.name ? -1 : 1));
    const unreadable = known.filter(({parsed}) => parsed.kind === 'invalid');
    this.#sources = {pools, unreadablePools: new Set(unreadable.map(({name}) => name))};
    return this.#sources;
  }

  /** What is wrong with a Node from now on; nothing when `problem` is undefined. */
  note(nodeName: string, problem: NodeProblem | undefined): void {
    const before = this.#problems.get(nodeName);
    if (before?.message === problem?.message && before?.poolName === problem?.poolName) return;
    this.isChanged = true;
    if (!problem) {
      this.#problems.delete(nodeName);
      return;
    }
    this.#problems.set(nodeName, problem);
    this.#options.log.warn({nodeName, ...problem}, 'Node is no Worker as its pool wants it');
  }

  /** Writes what changed. What the API server did not take for now is left to the next call. */
  async show(signal: AbortSignal): Promise<Sent> {
    const {transport, clock, log} = this.#options;
    this.isChanged = false;
    const facts = this.#facts();
    for (const pool of this.#pools.values()) {
      const body = poolPatch(pool, facts.get(pool.name)!, clock.nowMs());
      if (body === undefined || signal.aborted) continue;
      const path = pathOf(workerPools, {name: pool.name, subresource: 'status'});
      const contentType = 'application/merge-patch+json';
      const sent = await sendStep(transport, {method: 'PATCH', path, contentType, body}, signal);
      if (sent.kind === 'refused') {
        log.warn({pool: pool.name, cause: sent.message}, 'status of a pool refused');
      }
      if (sent.kind === 'outdated' || sent.kind === 'busy') this.isChanged = true;
      if (sent.kind === 'busy') return sent;
    }
    return {kind: 'done'};
  }

  #facts(): ReadonlyMap<string, PoolFacts> {
    const none = () => ({workers: 0, readyWorkers: 0, problems: [] as string[]});
    const facts = new Map([...this.#pools.keys()].map((name) => [name, none()]));
    for (const {poolName, ready, unschedulable, deleting} of this.#options.workers()) {
      const pool = facts.get(poolName);
      if (!pool) continue;
      pool.workers++;
      if (ready && !unschedulable && !deleting) pool.readyWorkers++;
    }
    for (const {poolName, message} of this.#problems.values()) {
      facts.get(poolName)?.problems.push(message);
    }
    return facts;
  }

  #forgetSources(): void {
    this.#sources = undefined;
    this.isChanged = true;
  }
}
