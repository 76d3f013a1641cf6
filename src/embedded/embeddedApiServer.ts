import {apiVersionOf, type Resource} from '../kube/resource.ts';
import {
  type ApiCall,
  type ApiReply,
  type Transport,
  TransportError,
  type WatchReply,
} from '../kube/transport.ts';
import type {Clock} from '../lib/clock.ts';
import {type Random, systemRandom} from '../lib/random.ts';
import type {Admission, AdmissionRule} from './admission.ts';
import {type ApiObject, keyOf} from './apiObject.ts';
import {type ApiStatus, badRequest, invalid, Refusal, refuse} from './apiStatus.ts';
import {applyPatch} from './applyPatch.ts';
import {builtInKinds, customResourceDefinitions} from './builtInKinds.ts';
import {kindsOfCrd} from './crd.ts';
import {discover} from './discovery.ts';
import {GarbageCollector} from './garbageCollector.ts';
import {copyJson, isObject} from './json.ts';
import {jsonPatch} from './jsonPatch.ts';
import type {Kind} from './kind.ts';
import {mergePatch} from './mergePatch.ts';
import {flagOf, invalidOptions, type Query, textOf} from './query.ts';
import {Reader} from './reader.ts';
import {deleteOptionsOf, isDryRun, Remover} from './remover.ts';
import {type Route, Routes, refuseMethod} from './route.ts';
import {Store} from './store.ts';
import {WatchHub, type WatchLimits} from './watchHub.ts';
import {timestampOf, type WriteOptions, Writer} from './writer.ts';

export interface EmbeddedApiServerLimits extends WatchLimits {
  /** Writes that are remembered: how far back a watch or a chunked list may start. */
  readonly maxEvents: number;
}

/** One answered call, for those who count from outside. */
export interface AnsweredCall {
  readonly user: string;
  readonly method: ApiCall['method'];
  readonly path: string;
  readonly isWatch: boolean;
  readonly status: number;
}

export interface EmbeddedApiServerOptions {
  readonly clock: Clock;
  /** For uids, generated names and the length of watches. Default: the system's. */
  readonly random?: Random;
  readonly limits?: Partial<EmbeddedApiServerLimits>;
  readonly onCall?: (call: AnsweredCall) => void;
}

export interface Identity {
  /** Who calls: admission rules and `onCall` see it. Default `admin`. */
  readonly user?: string;
}

const DEFAULT_LIMITS: EmbeddedApiServerLimits = {
  maxEvents: 50_000,
  watchTimeoutMs: 1_800_000,
  bookmarkIntervalMs: 60_000,
  watchBacklogLines: 100_000,
};

const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

/**
 * A Kubernetes API server in this process, behind the `Transport` port: for the demo, the simulation
 * and tests. `test/conformance` holds it against the real one. It works within each call and has no
 * timers but those of open watches, so that a run on a virtual clock repeats exactly.
 *
 * What it leaves out: CEL rules (`admit` takes rules in code), authentication and RBAC, conversion
 * between versions, managedFields (server-side apply creates or merges, and never takes away what
 * is no longer applied), tables, and of built-in kinds all but what Berth uses.
 */
export class EmbeddedApiServer {
  readonly #clock: Clock;
  readonly #onCall: EmbeddedApiServerOptions['onCall'];
  readonly #store: Store;
  readonly #routes = new Routes();
  readonly #admissions: Admission[] = [];
  readonly #reader: Reader;
  readonly #writer: Writer;
  readonly #remover: Remover;
  readonly #hub: WatchHub;
  readonly #garbage: GarbageCollector;

  constructor(options: EmbeddedApiServerOptions) {
    const limits = {...DEFAULT_LIMITS, ...options.limits};
    const {clock, random = systemRandom, onCall} = options;
    this.#clock = clock;
    this.#onCall = onCall;
    const store = new Store(limits.maxEvents);
    const admissions = this.#admissions;
    this.#store = store;
    this.#reader = new Reader(store);
    this.#remover = new Remover({store, clock, admissions});
    const namespaceOf = (name: string) => this.read(builtIn('Namespace'), {name});
    this.#writer = new Writer({store, clock, random, admissions, namespaceOf});
    this.#hub = new WatchHub({store, clock, random, limits});
    this.#garbage = new GarbageCollector(store, this.#remover);
    for (const kind of builtInKinds) this.#routes.add(kind, store.collection(kind));
    for (const name of NAMESPACES) this.#createNamespace(name);
  }

  /** The revision of the last write. */
  get resourceVersion(): number {
    return this.#store.revision;
  }

  /** Watches that are open. */
  get openWatches(): number {
    return this.#hub.size;
  }

  /** A way to the server. `close` breaks the watches that were opened by it, and refuses more calls. */
  transport(identity: Identity = {}): Transport {
    return new EmbeddedTransport(this, identity.user ?? 'admin');
  }

  /**
   * Serves the kinds of a CustomResourceDefinition, given as a parsed object; again for a changed
   * one. The same as sending it to `customresourcedefinitions`.
   * @throws Error when it is no such definition
   */
  applyCrd(crd: object): void {
    for (const kind of kindsOfCrd(copyJson(crd))) {
      this.#routes.add(kind, this.#store.collection(kind));
    }
  }

  /** Asks `rule` at every write of the kind, after the rules added before it. */
  admit(resource: Pick<Resource, 'group' | 'plural'>, rule: AdmissionRule): void {
    this.#admissions.push({resource, rule});
  }

  /** A copy of an object, past every transport and fault; undefined when there is none. */
  read(resource: Resource, at: {namespace?: string; name: string}): ApiObject | undefined {
    const {collection} = this.#routes.resolve(collectionPath(resource));
    return copyJson(collection.get(keyOf(at.namespace, at.name))?.object);
  }

  /** Forgets history up to `revision` (default: all of it): older watches and lists get 410. */
  compact(revision = this.#store.revision): void {
    this.#store.compact(revision);
  }

  /** Sends every watch that allows bookmarks one now. */
  sendBookmarks(): void {
    this.#hub.sendBookmarks();
  }

  /** Breaks every open watch, as a restart of the server does. */
  dropWatches(): void {
    this.#hub.endAll(
      new TransportError('Cannot go on watching: the server dropped the connection'),
    );
  }

  /** @internal One call; the only way in for transports. */
  answer(call: ApiCall, user: string): ApiReply {
    const reply = this.#answer(call, user);
    this.#garbage.run();
    this.#report(call, user, reply.status, false);
    return reply;
  }

  /** @internal */
  answerWatch(call: ApiCall, user: string, signal: AbortSignal): WatchReply {
    try {
      const route = this.#routes.resolve(call.path);
      if (route.name !== undefined || call.method !== 'GET') throw refuseMethod(route, call.method);
      const lines = this.#hub.open(route, call.query ?? {}, signal);
      this.#report(call, user, 200, true);
      return {status: 200, lines};
    } catch (error) {
      const {status, body, ...rest} = replyOf(error);
      this.#report(call, user, status, true);
      return {status, error: body, lines: noLines(), ...rest};
    }
  }

  #report(call: ApiCall, user: string, status: number, isWatch: boolean): void {
    this.#onCall?.({user, method: call.method, path: call.path, isWatch, status});
  }

  #answer(call: ApiCall, user: string): ApiReply {
    try {
      const page = call.method === 'GET' ? discover(call.path) : undefined;
      if (page !== undefined) return {status: 200, body: page};
      const route = this.#routes.resolve(call.path);
      const query = call.query ?? {};
      if (call.method === 'GET') {
        const body =
          route.name === undefined
            ? this.#reader.list(route, query)
            : this.#reader.get(route, query);
        return {status: 200, body};
      }
      return this.#change(route, call, query, user);
    } catch (error) {
      return replyOf(error);
    }
  }

  #change(route: Route, call: ApiCall, query: Query, user: string): ApiReply {
    const {kind, namespace, name, subresource} = route;
    const {method, body} = call;
    const isWide = kind.resource.namespaced && namespace === undefined;
    const dryRun = isDryRun(query);
    const options: WriteOptions = {
      dryRun,
      strict: textOf(query, 'fieldValidation') === 'Strict',
      user,
    };
    const isCreate = method === 'POST' && (name === undefined || kind.custom) && !subresource;
    if (isCreate && !isWide) return this.#written(kind, this.#writer.create(route, body, options));
    if (method === 'DELETE' && !isWide && !subresource) {
      const wanted = deleteOptionsOf(copyJson(body), query, {dryRun, user});
      if (name !== undefined) return {status: 200, body: this.#remover.delete(route, wanted)};
      if (kind.resource.kind === 'Namespace') throw refuseMethod(route, 'PUT');
      return {status: 200, body: this.#remover.deleteCollection(route, query, wanted)};
    }
    if (name === undefined) throw refuseMethod(route, method);
    if (method === 'PUT') return this.#written(kind, this.#writer.replace(route, body, options));
    if (method === 'PATCH') return this.#patch(route, call, query, options);
    throw refuseMethod(route, method);
  }

  #patch(route: Route, call: ApiCall, query: Query, options: WriteOptions): ApiReply {
    const {body} = call;
    switch (call.contentType) {
      case 'application/merge-patch+json':
        if (!isObject(body)) {
          const found = Array.isArray(body) ? 'array' : typeof body;
          throw badRequest(
            `error decoding patch: json: cannot unmarshal ${found} into Go value of type map[string]interface {}`,
          );
        }
        return this.#written(
          route.kind,
          this.#writer.modify(route, (object) => mergePatch(object, body), options),
        );
      case 'application/json-patch+json':
        return this.#written(
          route.kind,
          this.#writer.modify(route, (object) => jsonPatch(object, body), options),
        );
      case 'application/apply-patch+yaml':
        return this.#apply(route, body, query, options);
      default:
        throw refuse(
          415,
          'UnsupportedMediaType',
          'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
        );
    }
  }

  /** Server-side apply, simplified: creates, or merges what is given over what is there. */
  #apply(route: Route, body: unknown, query: Query, options: WriteOptions): ApiReply {
    const {kind, collection, namespace, name} = route;
    if (textOf(query, 'fieldManager') === '') {
      const message = 'Required value: is required for apply patch';
      throw invalidOptions('PatchOptions', [
        {reason: 'FieldValueRequired', message, field: 'fieldManager'},
      ]);
    }
    if (
      !isObject(body) ||
      typeof body['kind'] !== 'string' ||
      typeof body['apiVersion'] !== 'string'
    ) {
      throw badRequest('error decoding patch: apiVersion and kind must be set');
    }
    const exists = collection.get(keyOf(namespace, name!)) !== undefined;
    if (!exists && route.subresource === undefined) {
      const metadata = isObject(body['metadata']) ? body['metadata'] : {};
      const named = {...body, metadata: {...metadata, name: metadata['name'] ?? name}};
      return this.#written(kind, this.#writer.create(route, named, options));
    }
    const merge = (object: ApiObject) => applyPatch(object, body, kind.schema);
    return this.#written(kind, this.#writer.modify(route, merge, options));
  }

  #written(kind: Kind, {status, object}: {status: number; object: ApiObject}): ApiReply {
    if (kind.resource === customResourceDefinitions) this.#establish(object);
    return {status, body: copyJson(object)};
  }

  /** What the real server's own controller does a moment later. */
  #establish(crd: ApiObject): void {
    try {
      this.applyCrd(crd);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const cause = {reason: 'FieldValueInvalid', message, field: 'spec'};
      throw invalid({resource: customResourceDefinitions, name: crd.metadata.name}, [cause]);
    }
    if (isObject(crd['status'])) return;
    const {collection} = this.#routes.resolve(collectionPath(customResourceDefinitions));
    const at = timestampOf(this.#clock.nowMs());
    const conditions = ['NamesAccepted', 'Established'].map((type) => ({
      type,
      status: 'True',
      lastTransitionTime: at,
      reason: type,
      message: '',
    }));
    this.#store.put(collection, {...copyJson(crd), status: {conditions}});
  }

  #createNamespace(name: string): void {
    const path = collectionPath(builtIn('Namespace'));
    const body = {metadata: {name}};
    this.#answer({method: 'POST', path, body}, 'system');
  }
}

function builtIn(kindName: string): Resource {
  return builtInKinds.find(({resource}) => resource.kind === kindName)!.resource;
}

function collectionPath(resource: Resource): string {
  return `/${resource.group === '' ? 'api' : 'apis'}/${apiVersionOf(resource)}/${resource.plural}`;
}

function replyOf(error: unknown): ApiReply<ApiStatus> {
  if (!(error instanceof Refusal)) throw error;
  const {status} = error;
  const seconds = status.details?.retryAfterSeconds;
  return {
    status: status.code,
    body: copyJson(status),
    ...(seconds !== undefined && {retryAfterMs: seconds * 1_000}),
  };
}

async function* noLines(): AsyncGenerator<string, void> {}

/** What a transport needs of the server. */
interface Answering {
  answer(call: ApiCall, user: string): ApiReply;
  answerWatch(call: ApiCall, user: string, signal: AbortSignal): WatchReply;
}

class EmbeddedTransport implements Transport {
  readonly #server: Answering;
  readonly #user: string;
  readonly #closed = new AbortController();

  constructor(server: Answering, user: string) {
    this.#server = server;
    this.#user = user;
  }

  async send<T = unknown>(call: ApiCall, signal?: AbortSignal): Promise<ApiReply<T>> {
    this.#check(call, signal);
    if (flagOf(call.query ?? {}, 'watch')) {
      throw new Error(`Cannot send ${call.path} as a watch must be opened by watch()`);
    }
    return this.#server.answer(call, this.#user) as ApiReply<T>;
  }

  async watch(call: ApiCall, signal: AbortSignal): Promise<WatchReply> {
    this.#check(call, signal);
    return this.#server.answerWatch(
      call,
      this.#user,
      AbortSignal.any([signal, this.#closed.signal]),
    );
  }

  async close(): Promise<void> {
    this.#closed.abort();
  }

  #check({method, path}: ApiCall, signal: AbortSignal | undefined): void {
    const why = this.#closed.signal.aborted
      ? 'closed'
      : signal?.aborted
        ? 'given up by the caller'
        : undefined;
    if (why) throw new TransportError(`Cannot ${method} ${path}: ${why}`, {neverSent: true});
  }
}
