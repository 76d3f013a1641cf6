import {apiVersionOf, namespaces, type Resource} from '../kube/resource.ts';
import type {Transport} from '../kube/transport.ts';
import type {Clock} from '../lib/clock.ts';
import {type Random, systemRandom} from '../lib/random.ts';
import type {Admission, AdmissionRule} from './admission.ts';
import {type ApiObject, keyOf} from './apiObject.ts';
import {builtInKinds} from './builtInKinds.ts';
import {Definitions} from './definitions.ts';
import {EmbeddedTransport} from './embeddedTransport.ts';
import {type AnsweredCall, Endpoint} from './endpoint.ts';
import {GarbageCollector} from './garbageCollector.ts';
import {copyJson} from './json.ts';
import {Reader} from './reader.ts';
import {Remover} from './remover.ts';
import {Routes} from './route.ts';
import {Store} from './store.ts';
import {WatchHub, type WatchLimits} from './watchHub.ts';
import {Writer} from './writer.ts';

export interface EmbeddedApiServerLimits extends WatchLimits {
  /** Writes that are remembered: how far back a watch or a chunked list may start. */
  readonly maxEvents: number;
}

export interface EmbeddedApiServerOptions {
  readonly clock: Clock;
  /** For uids, generated names and the length of watches. Default: the system's. */
  readonly random?: Random;
  readonly limits?: Partial<EmbeddedApiServerLimits>;
  /** Called after each answered call. */
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

const FIRST_NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

/**
 * A Kubernetes API server in this process, behind the `Transport` port: for the demo, the
 * simulation and tests. `test/conformance` holds it against the real one. It works within each call
 * and has no timers but those of open watches, so that a run on a virtual clock repeats exactly.
 *
 * What it leaves out: CEL rules (`admit` takes rules in code), authentication and RBAC, conversion
 * between versions, managedFields (server-side apply creates or merges, and never takes away what
 * is no longer applied), tables, and of built-in kinds all but what Berth uses.
 */
export class EmbeddedApiServer {
  readonly #store: Store;
  readonly #routes = new Routes();
  readonly #admissions: Admission[] = [];
  readonly #hub: WatchHub;
  readonly #definitions: Definitions;
  readonly #endpoint: Endpoint;

  constructor({clock, random = systemRandom, limits, onCall}: EmbeddedApiServerOptions) {
    const allLimits = {...DEFAULT_LIMITS, ...limits};
    const store = new Store(allLimits.maxEvents);
    const routes = this.#routes;
    const admissions = this.#admissions;
    for (const kind of builtInKinds) routes.add(kind, store.collection(kind));
    const remover = new Remover({store, clock, admissions});
    const namespaceOf = (name: string) => this.#find(namespaces, {name});
    this.#store = store;
    this.#hub = new WatchHub({store, clock, random, limits: allLimits});
    this.#definitions = new Definitions(store, routes, clock);
    this.#endpoint = new Endpoint({
      routes,
      reader: new Reader(store),
      writer: new Writer({store, clock, random, admissions, namespaceOf}),
      remover,
      hub: this.#hub,
      garbage: new GarbageCollector(store, remover),
      definitions: this.#definitions,
      onCall,
    });
    for (const name of FIRST_NAMESPACES) this.#createNamespace(name);
    // Revision 1 is too old everywhere, as on a real server that has been set up.
    this.compact();
  }

  /** The revision of the last write. */
  get resourceVersion(): number {
    return this.#store.revision;
  }

  /** Watches that are open. */
  get openWatches(): number {
    return this.#hub.size;
  }

  /**
   * A way to the server. `close` ends the watches that were opened by it, and refuses more calls.
   */
  transport(identity: Identity = {}): Transport {
    return new EmbeddedTransport(this.#endpoint, identity.user ?? 'admin');
  }

  /**
   * Serves the kinds of a CustomResourceDefinition, given as a parsed object; again for a changed
   * one. Sending it to `customresourcedefinitions` does the same, and shows it there.
   * @throws Error when it is no such definition
   */
  applyCrd(crd: object): void {
    this.#definitions.serve(crd);
  }

  /** Asks `rule` at every write of the kind, after the rules added before it. */
  admit(resource: Pick<Resource, 'group' | 'plural'>, rule: AdmissionRule): void {
    this.#admissions.push({resource, rule});
  }

  /** A copy of an object, past every transport and fault; undefined when there is none. */
  read(resource: Resource, at: {namespace?: string; name: string}): ApiObject | undefined {
    return copyJson(this.#find(resource, at));
  }

  /** Forgets history up to `revision` (default: all of it): older watches and lists get 410. */
  compact(revision = this.#store.revision): void {
    this.#store.compact(revision);
  }

  /** Sends every watch that allows bookmarks one now. */
  sendBookmarks(): void {
    this.#hub.sendBookmarks();
  }

  #find(resource: Resource, at: {namespace?: string; name: string}): ApiObject | undefined {
    const {collection} = this.#routes.resolve(collectionPath(resource));
    return collection.get(keyOf(at.namespace, at.name))?.object;
  }

  #createNamespace(name: string): void {
    const path = collectionPath(namespaces);
    this.#endpoint.answer({method: 'POST', path, body: {metadata: {name}}}, 'system');
  }
}

function collectionPath(resource: Resource): string {
  return `/${resource.group === '' ? 'api' : 'apis'}/${apiVersionOf(resource)}/${resource.plural}`;
}
