import type {ApiCall, ApiReply, WatchReply} from '../kube/transport.ts';
import {type ApiObject, keyOf} from './apiObject.ts';
import {type ApiStatus, Refusal} from './apiStatus.ts';
import {customResourceDefinitions} from './builtInKinds.ts';
import type {Definitions} from './definitions.ts';
import {discover} from './discovery.ts';
import type {GarbageCollector} from './garbageCollector.ts';
import {copyJson} from './json.ts';
import {appliedObject, patchChange} from './patchChange.ts';
import {textOf} from './query.ts';
import type {Reader} from './reader.ts';
import {type DeleteOptions, deleteOptionsOf, isDryRun, type Remover} from './remover.ts';
import {type Route, type Routes, refuseMethod} from './route.ts';
import type {WatchHub} from './watchHub.ts';
import type {WriteOptions, Writer, Written} from './writer.ts';

/** One answered call, for those who count from outside. */
export interface AnsweredCall {
  readonly user: string;
  readonly method: ApiCall['method'];
  readonly path: string;
  readonly isWatch: boolean;
  readonly status: number;
}

export interface EndpointOptions {
  readonly routes: Routes;
  readonly reader: Reader;
  readonly writer: Writer;
  readonly remover: Remover;
  readonly hub: WatchHub;
  readonly garbage: GarbageCollector;
  readonly definitions: Definitions;
  readonly onCall?: ((call: AnsweredCall) => void) | undefined;
}

/** Turns calls into reads, writes and watches, and refusals into replies. */
export class Endpoint {
  readonly #options: EndpointOptions;

  constructor(options: EndpointOptions) {
    this.#options = options;
  }

  /** Does the whole call at once: whatever follows from it is stored when this returns. */
  answer(call: ApiCall, user: string): ApiReply {
    const reply = this.#answer(call, user);
    this.#options.garbage.run();
    this.#report(call, user, reply.status, false);
    return reply;
  }

  answerWatch(call: ApiCall, user: string, signal: AbortSignal): WatchReply {
    try {
      const route = this.#options.routes.resolve(call.path);
      if (route.name !== undefined || call.method !== 'GET') throw refuseMethod(route, call.method);
      const lines = this.#options.hub.open(route, call.query ?? {}, signal);
      this.#report(call, user, 200, true);
      return {status: 200, lines};
    } catch (error) {
      const {body, ...rest} = replyOf(error);
      this.#report(call, user, rest.status, true);
      return {error: body, lines: noLines(), ...rest};
    }
  }

  #report({method, path}: ApiCall, user: string, status: number, isWatch: boolean): void {
    this.#options.onCall?.({user, method, path, isWatch, status});
  }

  #answer(call: ApiCall, user: string): ApiReply {
    try {
      const page = call.method === 'GET' ? discover(call.path) : undefined;
      if (page !== undefined) return {status: 200, body: page};
      const route = this.#options.routes.resolve(call.path);
      if (call.method === 'GET') return {status: 200, body: this.#read(route, call)};
      return this.#change(route, call, user);
    } catch (error) {
      return replyOf(error);
    }
  }

  #read(route: Route, {query = {}}: ApiCall): unknown {
    const {reader} = this.#options;
    return route.name === undefined ? reader.list(route, query) : reader.get(route, query);
  }

  #change(route: Route, call: ApiCall, user: string): ApiReply {
    const {writer} = this.#options;
    const {kind, namespace, name, subresource} = route;
    const {method, body, query = {}} = call;
    const isWide = kind.resource.namespaced && namespace === undefined;
    const dryRun = isDryRun(query);
    const options = {dryRun, strict: textOf(query, 'fieldValidation') === 'Strict', user};
    const isCreate = method === 'POST' && (name === undefined || kind.custom) && !subresource;
    if (isCreate && !isWide) return this.#written(route, writer.create(route, body, options));
    if (method === 'DELETE' && !isWide && !subresource) {
      return this.#delete(route, call, deleteOptionsOf(copyJson(body), query, {dryRun, user}));
    }
    if (name === undefined) throw refuseMethod(route, method);
    if (method === 'PUT') return this.#written(route, writer.replace(route, body, options));
    if (method === 'PATCH') return this.#patch(route, call, name, options);
    throw refuseMethod(route, method);
  }

  #patch(route: Route, call: ApiCall, name: string, options: WriteOptions): ApiReply {
    const {writer} = this.#options;
    const {kind, collection, namespace, subresource} = route;
    const change = patchChange(call, kind);
    const isMissing = collection.get(keyOf(namespace, name)) === undefined;
    const applied = appliedObject(call, name);
    if (isMissing && applied && subresource === undefined) {
      return this.#written(route, writer.create(route, applied, options));
    }
    return this.#written(route, writer.modify(route, change, options));
  }

  #delete(route: Route, {query = {}}: ApiCall, options: DeleteOptions): ApiReply {
    const {remover, definitions} = this.#options;
    const {kind, collection, name} = route;
    if (name === undefined) {
      if (kind.resource.kind === 'Namespace') throw refuseMethod(route, 'PUT');
      return {status: 200, body: remover.deleteCollection(route, query, options)};
    }
    const key = keyOf(undefined, name);
    const crd = kind.resource === customResourceDefinitions ? collection.get(key) : undefined;
    const body = remover.delete(route, options);
    if (crd && !collection.get(key)) definitions.deleted(crd.object);
    return {status: 200, body};
  }

  #written({kind, collection}: Route, {status, object}: Written): ApiReply {
    const isDefinition = kind.resource === customResourceDefinitions;
    const shown = isDefinition ? this.#options.definitions.written(collection, object) : object;
    return new WrittenReply(status, shown);
  }
}

/** Most who write look at the status only: their copy is made for those who look further. */
class WrittenReply implements ApiReply {
  readonly status: number;
  readonly #shown: ApiObject;
  #body: unknown;

  constructor(status: number, shown: ApiObject) {
    this.status = status;
    this.#shown = shown;
  }

  get body(): unknown {
    this.#body ??= copyJson(this.#shown);
    return this.#body;
  }
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
