import type {ObservedEvent} from '../audit/observed.ts';
import {containerRequests, leases, pathOf} from '../kube/resource.ts';
import type {Transport} from '../kube/transport.ts';
import type {Clock} from '../lib/clock.ts';
import {microTime, secondTime} from '../lib/timestamp.ts';
import {heartbeatPrefix} from '../lifecycle/parseHeartbeat.ts';
import {delay} from './delay.ts';
import type {DrawnRequest} from './drawPlan.ts';

export interface AgentsOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** What the container of a request will do. */
  readonly fateOf: (name: string) => Pick<DrawnRequest, 'lifeMs' | 'succeeds'>;
}

/** A container on a worker, from its placement on. */
interface Container {
  readonly name: string;
  readonly uid: string;
  readonly workerName: string;
  readonly assignmentId: string;
  cancel: () => void;
}

const heartbeatMs = 10_000;
const acknowledgeMs = 20;
const latencyMs = 5;
/** A silent agent is looked at again so often. */
const retryMs = 500;

/**
 * The agents of all workers. Each starts the container of what is placed on its worker, says so
 * under the assignment id that it saw, ends it after its time and says that too; while silent it
 * neither does nor says anything.
 */
export class Agents {
  readonly #options: AgentsOptions;
  readonly #workers = new Set<string>();
  readonly #silentUntilMs = new Map<string, number>();
  #started = 0;
  /** By name of the request. */
  readonly #containers = new Map<string, Container>();

  constructor(options: AgentsOptions) {
    this.#options = options;
  }

  /** From now on the worker has an agent. */
  add(workerName: string): void {
    if (this.#workers.has(workerName)) return;
    this.#workers.add(workerName);
    void this.#beat(workerName);
  }

  remove(workerName: string): void {
    this.#workers.delete(workerName);
  }

  /** @param pick falls on one of them */
  silence(pick: number, forMs: number): void {
    const names = [...this.#workers];
    const workerName = names[pick % names.length];
    if (workerName === undefined) return;
    this.#silentUntilMs.set(workerName, this.#options.clock.monotonicMs() + forMs);
  }

  /** Placements that an agent has seen. */
  get started(): number {
    return this.#started;
  }

  /** Everybody works again. */
  heal(): void {
    this.#silentUntilMs.clear();
  }

  /** Of the watch of all requests. */
  observe({type, object}: ObservedEvent): void {
    const {name, uid} = object.metadata;
    const {phase, workerName = '', assignment} = object.status ?? {};
    const known = this.#containers.get(name);
    const isOver = type === 'DELETED' || phase === 'Succeeded' || phase === 'Failed';
    const assignmentId = isOver ? '' : (assignment?.id ?? '');
    if (known && (known.uid !== uid || known.assignmentId !== assignmentId)) {
      known.cancel();
      this.#containers.delete(name);
    }
    if (assignmentId === '' || workerName === '' || this.#containers.has(name)) return;
    const container = {name, uid, workerName, assignmentId, cancel: () => {}};
    this.#containers.set(name, container);
    this.#started++;
    if (phase === 'Running') this.#endLater(container);
    else this.#in(container, acknowledgeMs, () => this.#acknowledge(container));
  }

  #acknowledge(container: Container): void {
    const startTime = secondTime(this.#options.clock.nowMs());
    void this.#say(container, {phase: 'Running', startTime});
    this.#endLater(container);
  }

  #endLater(container: Container): void {
    const {fateOf, clock} = this.#options;
    const {lifeMs, succeeds} = fateOf(container.name);
    if (lifeMs === undefined) return;
    this.#in(container, lifeMs, () => {
      const phase = succeeds ? 'Succeeded' : 'Failed';
      const completionTime = secondTime(clock.nowMs());
      void this.#say(container, {phase, completionTime, exitCode: succeeds ? 0 : 1});
    });
  }

  /** Does it after `delayMs`, or when the worker is no longer silent. */
  #in(container: Container, delayMs: number, act: () => void): void {
    const {clock} = this.#options;
    container.cancel = clock.setTimer(delayMs, () => {
      const silentMs = this.#silentMs(container.workerName);
      if (silentMs > 0) this.#in(container, Math.min(silentMs, retryMs), act);
      else act();
    });
  }

  /**
   * Without a resourceVersion: the assignment id says on which state it may count. What is refused
   * is about an assignment that is over.
   */
  async #say({name, uid, assignmentId}: Container, status: object): Promise<void> {
    const {transport, clock} = this.#options;
    await delay(clock, latencyMs);
    await transport.send({
      method: 'PATCH',
      path: pathOf(containerRequests, {namespace: 'default', name, subresource: 'status'}),
      contentType: 'application/merge-patch+json',
      body: {metadata: {uid}, status: {...status, assignment: {id: assignmentId}}},
    });
  }

  /** Renews the worker's Lease until it is gone. */
  async #beat(workerName: string): Promise<void> {
    const {transport, clock} = this.#options;
    const name = `${heartbeatPrefix}${workerName}`;
    while (this.#workers.has(workerName)) {
      if (this.#silentMs(workerName) === 0) {
        const spec = {holderIdentity: workerName, renewTime: microTime(clock.nowMs())};
        const path = pathOf(leases, {namespace: 'default', name});
        const contentType = 'application/merge-patch+json' as const;
        const reply = await transport.send({method: 'PATCH', path, contentType, body: {spec}});
        if (reply.status === 404) {
          const body = {metadata: {name}, spec};
          await transport.send({
            method: 'POST',
            path: pathOf(leases, {namespace: 'default'}),
            body,
          });
        }
      }
      await delay(clock, heartbeatMs);
    }
  }

  #silentMs(workerName: string): number {
    const untilMs = this.#silentUntilMs.get(workerName) ?? 0;
    return Math.max(0, untilMs - this.#options.clock.monotonicMs());
  }
}
