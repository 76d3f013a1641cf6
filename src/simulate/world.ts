import {crdOf} from '../api/crd.ts';
import {crdSources} from '../api/crdSources.ts';
import {Auditor, type AuditorOptions} from '../audit/auditor.ts';
import type {Kind, ObservedEvent} from '../audit/observed.ts';
import {RawWatch} from '../audit/rawWatch.ts';
import type {Violation} from '../audit/violation.ts';
import {EmbeddedApiServer} from '../embedded/embeddedApiServer.ts';
import {
  containerRequests,
  leases,
  ledgers,
  pathOf,
  type Resource,
  workers,
} from '../kube/resource.ts';
import {type ApiCall, sendOrThrow, type Transport} from '../kube/transport.ts';
import type {Random} from '../lib/random.ts';
import {VirtualClock} from '../lib/virtualClock.ts';
import {judgeRequest} from './admissionRules.ts';
import {makeRequest, makeWorker, type SeenRequest, type SeenWorker} from './objects.ts';

const crds: readonly object[] = crdSources.map(crdOf);

type Place = {readonly resource: Resource; readonly name: string};

/** What an observer saw, and when it arrived. */
export interface Sight {
  readonly kind: Kind;
  readonly event: ObservedEvent;
  readonly atMs: number;
}

export interface WorldOptions {
  /** Of uids and names that the server makes. */
  readonly random: Random;
  readonly auditor?: AuditorOptions;
  /** Sees everything that the auditor is told, in its order. */
  readonly onSight?: (sight: Sight) => void;
}

const observed: Readonly<Record<Kind, Resource>> = {
  worker: workers,
  request: containerRequests,
  ledger: ledgers,
  lease: leases,
};

/** An API server with the real CRDs, its users, and an auditor who sees every revision in order. */
export class World {
  readonly clock = new VirtualClock();
  readonly server: EmbeddedApiServer;
  readonly auditor: Auditor;
  /** The users' way, without any fault. */
  readonly api: Transport;
  readonly #onSight: (sight: Sight) => void;
  readonly #sights: Sight[] = [];
  readonly #observing = new AbortController();
  /** What was seen when, ascending. */
  readonly #history: {readonly atMs: number; readonly revision: number}[] = [];
  #broken: unknown;

  constructor({random, auditor, onSight = () => {}}: WorldOptions) {
    this.server = new EmbeddedApiServer({
      clock: this.clock,
      random,
      limits: {maxEvents: 400_000, watchBacklogLines: 1_000_000},
    });
    this.auditor = new Auditor(auditor);
    this.#onSight = onSight;
    for (const crd of crds) this.server.applyCrd(crd);
    this.server.admit(containerRequests, judgeRequest);
    this.api = this.server.transport();
  }

  /** Opens the auditor's watches, one a kind. */
  async observe(kinds: readonly Kind[] = ['worker', 'request']): Promise<void> {
    for (const kind of kinds) {
      const watch = new RawWatch({
        transport: this.api,
        path: pathOf(observed[kind]),
        onEvent: (event) => this.#sights.push({kind, event, atMs: this.clock.monotonicMs()}),
      });
      const {ended} = await watch.start(this.#observing.signal);
      ended.catch((error: unknown) => {
        this.#broken = error;
      });
    }
  }

  /**
   * Tells the auditor what has come since the last time. Only where every watch has brought what is
   * there: between two timers of the clock.
   */
  audit(): void {
    if (this.#broken !== undefined) throw this.#broken;
    const revisionOf = ({event}: Sight) => Number(event.object.metadata.resourceVersion);
    // Several watches, one order: that of the revisions.
    const sights = this.#sights.splice(0);
    sights.sort((left, right) => revisionOf(left) - revisionOf(right));
    for (const sight of sights) {
      const {kind, event, atMs} = sight;
      if (kind === 'worker') this.auditor.observeWorker(event, atMs);
      else if (kind === 'request') this.auditor.observeRequest(event, atMs);
      else if (kind === 'ledger') this.auditor.observeLedger(event, atMs);
      else this.auditor.observeLease(event, atMs);
      this.#onSight(sight);
      this.#history.push({atMs, revision: revisionOf(sight)});
    }
  }

  /** Lets go of everything: Node keeps a signal that somebody listens to, and what listens. */
  async end(): Promise<void> {
    this.#observing.abort();
    await this.api.close();
  }

  /** Of the last change that was seen by then; 0 before any. O(log changes). */
  revisionAt(atMs: number): number {
    let [low, high] = [0, this.#history.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#history[middle]!.atMs <= atMs) low = middle + 1;
      else high = middle;
    }
    return this.#history[low - 1]?.revision ?? 0;
  }

  /** Everything wrong that any revision so far has shown. */
  async violations(): Promise<readonly Violation[]> {
    await this.clock.advance(0);
    this.audit();
    return this.auditor.violations;
  }

  async createWorkers(names: readonly string[], spec: object = {}, labels: object = {}) {
    for (const name of names) await this.create(workers, makeWorker(name, spec, labels));
  }

  async createRequests(names: readonly string[], spec: object = {}): Promise<void> {
    for (const name of names) await this.create(containerRequests, makeRequest(name, spec));
  }

  /**
   * Stores a request as an older version of the API, without any of its rules, would have taken it.
   */
  createOldRequest(name: string, spec: object): Promise<void> {
    return this.#withoutRules(containerRequests, () => this.createRequests([name], spec));
  }

  /** Changes one as that older version would have. */
  patchOldRequest(name: string, body: object, subresource?: 'status'): Promise<void> {
    return this.#withoutRules(containerRequests, () => this.patchRequest(name, body, subresource));
  }

  createOldWorker(name: string, spec: object): Promise<void> {
    return this.#withoutRules(workers, () => this.createWorkers([name], spec));
  }

  patchOldWorker(name: string, body: object): Promise<void> {
    return this.#withoutRules(workers, () => this.#patch({resource: workers, name}, body));
  }

  patchRequest(name: string, body: object, subresource?: 'status'): Promise<void> {
    return this.#patch({resource: containerRequests, name}, body, subresource);
  }

  patchWorker(name: string, body: object, subresource?: 'status'): Promise<void> {
    return this.#patch({resource: workers, name}, body, subresource);
  }

  /** As the agent of its worker says it. */
  async finish(name: string, phase: 'Succeeded' | 'Failed' = 'Succeeded'): Promise<void> {
    const completionTime = `${new Date(this.clock.nowMs()).toISOString().slice(0, 19)}Z`;
    await this.patchRequest(name, {status: {phase, completionTime}}, 'status');
  }

  async remove(place: Place): Promise<void> {
    await this.call({method: 'DELETE', path: placeOf(place)});
  }

  async create(resource: Resource, body: object): Promise<void> {
    const at = resource.namespaced ? {namespace: 'default'} : {};
    await this.call({method: 'POST', path: pathOf(resource, at), body});
  }

  async call<T = unknown>(call: ApiCall): Promise<T> {
    return sendOrThrow<T>(this.api, call);
  }

  request(name: string): SeenRequest {
    const object = this.server.read(containerRequests, {namespace: 'default', name});
    if (!object) throw new Error(`Cannot read request ${name}: it is not there`);
    return object as object as SeenRequest;
  }

  async requests(): Promise<readonly SeenRequest[]> {
    return this.#list<SeenRequest>(containerRequests);
  }

  async workers(): Promise<readonly SeenWorker[]> {
    return this.#list<SeenWorker>(workers);
  }

  async #withoutRules({kind}: Resource, act: () => Promise<void>): Promise<void> {
    const crd = crds.find((one) => kindOf(one) === kind)!;
    this.server.applyCrd(withoutRules(crd));
    await act();
    this.server.applyCrd(crd);
  }

  async #list<T>(resource: Resource): Promise<readonly T[]> {
    const list = await this.call<{items: readonly T[]}>({method: 'GET', path: pathOf(resource)});
    return list.items;
  }

  async #patch(place: Place, body: object, subresource?: 'status'): Promise<void> {
    await this.call({
      method: 'PATCH',
      path: placeOf(place, subresource),
      contentType: 'application/merge-patch+json',
      body,
    });
  }
}

function placeOf({resource, name}: Place, subresource?: 'status'): string {
  const at = resource.namespaced ? {namespace: 'default', name} : {name};
  return pathOf(resource, {...at, ...(subresource && {subresource})});
}

function kindOf(crd: object): string {
  return (crd as {spec: {names: {kind: string}}}).spec.names.kind;
}

/** The same kind with a schema that takes everything. */
function withoutRules(crd: object): object {
  const copy = structuredClone(crd) as {spec: {versions: {schema: object}[]}};
  const open = {type: 'object', 'x-kubernetes-preserve-unknown-fields': true};
  for (const version of copy.spec.versions) {
    version.schema = {
      openAPIV3Schema: {type: 'object', properties: {spec: open, status: open}},
    };
  }
  return copy;
}
