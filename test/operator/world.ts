import {readdirSync, readFileSync} from 'node:fs';
import {parse} from 'yaml';
import {Auditor} from '../../src/audit/auditor.ts';
import type {ObservedEvent} from '../../src/audit/observed.ts';
import {RawWatch} from '../../src/audit/rawWatch.ts';
import type {Violation} from '../../src/audit/violation.ts';
import {failure} from '../../src/embedded/apiStatus.ts';
import {EmbeddedApiServer} from '../../src/embedded/embeddedApiServer.ts';
import {containerRequests, pathOf, type Resource, workers} from '../../src/kube/resource.ts';
import {type ApiCall, sendOrThrow, type Transport} from '../../src/kube/transport.ts';
import {seededRandom} from '../../src/lib/random.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {makeRequest, makeWorker, type SeenRequest, type SeenWorker} from './objects.ts';

const crdFolder = new URL('../../crds/', import.meta.url);
const crds = readdirSync(crdFolder)
  .filter((file) => file.startsWith('berth.dev_'))
  .map((file) => parse(readFileSync(new URL(file, crdFolder), 'utf8')) as object);

type Place = {readonly resource: Resource; readonly name: string};

/** An API server with the real CRDs, its users, and an auditor who sees every revision in order. */
export class World {
  readonly clock = new VirtualClock();
  readonly server: EmbeddedApiServer;
  readonly auditor = new Auditor();
  /** The users' way, without any fault. */
  readonly api: Transport;
  readonly #seen: {readonly kind: 'worker' | 'request'; readonly event: ObservedEvent}[] = [];
  #broken: unknown;

  constructor(seed: number) {
    this.server = new EmbeddedApiServer({
      clock: this.clock,
      random: seededRandom(seed),
      limits: {maxEvents: 400_000, watchBacklogLines: 1_000_000},
    });
    for (const crd of crds) this.server.applyCrd(crd);
    this.server.admit(containerRequests, refuseEditOfPlaced);
    this.api = this.server.transport();
  }

  async observe(): Promise<void> {
    const kinds = [
      [workers, 'worker'],
      [containerRequests, 'request'],
    ] as const;
    for (const [resource, kind] of kinds) {
      const onEvent = (event: ObservedEvent) => this.#seen.push({kind, event});
      const watch = new RawWatch({transport: this.api, path: pathOf(resource), onEvent});
      const {ended} = await watch.start(new AbortController().signal);
      ended.catch((error: unknown) => {
        this.#broken = error;
      });
    }
  }

  /** Everything wrong that any revision so far has shown. */
  async violations(): Promise<readonly Violation[]> {
    await this.clock.advance(0);
    if (this.#broken !== undefined) throw this.#broken;
    const revisionOf = ({event}: {event: ObservedEvent}) =>
      Number(event.object.metadata.resourceVersion);
    // Two watches, one order: that of the revisions.
    const seen = this.#seen.splice(0).sort((left, right) => revisionOf(left) - revisionOf(right));
    for (const {kind, event} of seen) {
      if (kind === 'worker') this.auditor.observeWorker(event);
      else this.auditor.observeRequest(event);
    }
    return this.auditor.violations;
  }

  async createWorkers(names: readonly string[], spec: object = {}, labels: object = {}) {
    for (const name of names) await this.#create(workers, makeWorker(name, spec, labels));
  }

  async createRequests(names: readonly string[], spec: object = {}): Promise<void> {
    for (const name of names) await this.#create(containerRequests, makeRequest(name, spec));
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

  async remove({resource, name}: Place): Promise<void> {
    await this.call({method: 'DELETE', path: placeOf({resource, name})});
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

  async #create(resource: Resource, body: object): Promise<void> {
    const at = resource.namespaced ? {namespace: 'default'} : {};
    await this.call({method: 'POST', path: pathOf(resource, at), body});
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

/**
 * The CRD's rule, which the embedded server does not evaluate: a placed request keeps its demands.
 */
function refuseEditOfPlaced(
  _operation: string,
  object: {[key: string]: unknown},
  old: {[key: string]: unknown} | undefined,
) {
  const {workerName} = (old?.['status'] ?? {}) as {workerName?: string};
  const resourcesOf = (one: {[key: string]: unknown} | undefined) =>
    JSON.stringify((one?.['spec'] as {resources?: object} | undefined)?.resources);
  if (workerName === undefined || resourcesOf(object) === resourcesOf(old)) return undefined;
  return failure(422, 'Invalid', 'spec.resources cannot change while the request has a worker');
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
