import {containerRequests, pathOf} from '../../src/kube/resource.ts';
import type {ApiCall, Transport} from '../../src/kube/transport.ts';
import {sleep, systemClock} from '../../src/lib/clock.ts';
import {Gate} from '../../src/lib/gate.ts';
import {secondTime} from '../../src/lib/timestamp.ts';
import type {Placement, Sighting} from './observer.ts';
import {untilDone} from './untilDone.ts';

export interface LoadOptions {
  /** Of the users. */
  readonly transport: Transport;
  /** Of the agents: they do not wait behind the users. */
  readonly agentTransport: Transport;
  readonly namespace: string;
  /** Start of every name. */
  readonly prefix: string;
  readonly createsPerSecond: number;
  /** From the placement of a request to its end: its worker is as free as before then. */
  readonly lifeMs: number;
}

/** Answers after which it exists: of one whose reply was lost, the second. */
export const created = [201, 409];
/** Creates under way at once: users who wait for an answer ask for nothing more. */
const maxCreates = 128;

/**
 * Users who create requests at a steady pace, and the agents of all workers, who end them. Both go
 * on through every fault: what fails is tried again until it is done.
 */
export class Load {
  readonly #options: LoadOptions;
  readonly #stop = new AbortController();
  readonly #given = new AbortController();
  readonly #created: string[] = [];
  readonly #underWay = new Set<Promise<void>>();
  readonly #answered = new Gate();
  readonly #held: (() => void)[] = [];
  #creates = 0;
  #holds = false;
  #priority = 0;
  #pacing: Promise<void> = Promise.resolve();

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  /** Names of what exists by now. */
  get created(): readonly string[] {
    return this.#created;
  }

  /** Of what is created from now on. */
  set priority(priority: number) {
    this.#priority = priority;
  }

  /** No container ends before the release: workers fill up. */
  hold(): void {
    this.#holds = true;
  }

  release(): void {
    this.#holds = false;
    for (const end of this.#held.splice(0)) end();
  }

  start(): void {
    this.#pacing = this.#pace();
  }

  /** Creates no more, and waits until everything that was begun exists. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#pacing;
    await Promise.all(this.#underWay);
  }

  /** Gives everything up, done or not; for a battle that has failed. */
  async abandon(): Promise<void> {
    this.#given.abort();
    await this.stop();
  }

  /** Its container starts, lives, and ends: for `Observer.onPlaced`. */
  placed({name, uid}: Sighting, {id}: Placement): void {
    const {lifeMs, prefix} = this.#options;
    if (!name.startsWith(prefix)) return;
    const end = () => this.#track(this.#end(name, uid, id));
    systemClock.setTimer(lifeMs, () => {
      if (this.#holds) this.#held.push(end);
      else end();
    });
  }

  async #pace(): Promise<void> {
    const {createsPerSecond} = this.#options;
    const startMs = systemClock.monotonicMs();
    for (let count = 0; !this.#stop.signal.aborted; count++) {
      const dueMs = startMs + (count * 1_000) / createsPerSecond;
      const aheadMs = dueMs - systemClock.monotonicMs();
      if (aheadMs > 0) await sleep(systemClock, aheadMs, this.#stop.signal);
      while (this.#creates >= maxCreates && !this.#stop.signal.aborted)
        await this.#answered.wait(this.#stop.signal);
      if (!this.#stop.signal.aborted) this.#track(this.#create(count));
    }
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
  }

  async #create(number: number): Promise<void> {
    const {namespace, prefix, transport} = this.#options;
    const name = `${prefix}-${number}`;
    const spec = {resources: {cpu: '100m', memory: '64Mi'}, priority: this.#priority};
    const call = createCall(namespace, name, spec);
    this.#creates++;
    const isDone = await untilDone(transport, call, created, this.#given.signal);
    this.#creates--;
    this.#answered.open();
    if (isDone) this.#created.push(name);
  }

  /** As an agent says it, under the id that it has seen: refused where that is an old one. */
  async #end(name: string, uid: string, id: string): Promise<void> {
    const {namespace, agentTransport} = this.#options;
    const path = pathOf(containerRequests, {namespace, name, subresource: 'status'});
    const completionTime = secondTime(systemClock.nowMs());
    const status = {phase: 'Succeeded', completionTime, exitCode: 0, assignment: {id}};
    const body = {metadata: {uid}, status};
    const contentType = 'application/merge-patch+json' as const;
    const call = {method: 'PATCH', path, contentType, body} as const;
    await untilDone(agentTransport, call, [200, 422], this.#given.signal);
  }
}

/** The creation of one request; `spec` without its container. */
export function createCall(namespace: string, name: string, spec: object): ApiCall {
  return {
    method: 'POST',
    path: pathOf(containerRequests, {namespace}),
    body: {
      apiVersion: 'berth.dev/v1alpha1',
      kind: 'ContainerRequest',
      metadata: {name},
      spec: {container: {image: 'busybox'}, ...spec},
    },
  };
}
