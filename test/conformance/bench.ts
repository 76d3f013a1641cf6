import {pathOf, type Resource} from '../../src/kube/resource.ts';
import {
  type ApiCall,
  ApiError,
  type ApiReply,
  type PatchType,
  type Transport,
} from '../../src/kube/transport.ts';
import {waitFor} from '../servers/waitFor.ts';
import {gadgetCrd, gadgets, widgetCrd, widgets} from './widgetCrd.ts';

/** A server that the suite is run against. */
export interface OpenServer {
  readonly transport: Transport;
  readonly close?: () => Promise<void>;
}

export interface Meta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly object[];
}

/** An object as a reply or an event shows it. */
export interface Seen {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: Meta;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

export interface SeenList {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly Seen[];
}

export interface SeenStatus {
  readonly kind: string;
  readonly status: string;
  readonly reason?: string;
  readonly message: string;
  readonly code: number;
  readonly details?: {
    readonly causes?: readonly {reason: string; message: string; field: string}[];
  };
}

export interface SeenEvent {
  readonly type: string;
  readonly object: Seen & SeenStatus;
}

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const DEADLINE_MS = 15_000;

const PATCH_TYPES = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
} as const satisfies Record<string, PatchType>;

/** A server, a namespace of its own for each test, and short words for calls. */
export class Bench {
  readonly #open: () => Promise<OpenServer>;
  readonly #watches: Watching[] = [];
  readonly #namespaces: string[] = [];
  #server: OpenServer | undefined;
  namespace = '';

  constructor(open: () => Promise<OpenServer>) {
    this.#open = open;
  }

  get transport(): Transport {
    return this.#server!.transport;
  }

  async start(): Promise<void> {
    this.#server = await this.#open();
    for (const crd of [widgetCrd, gadgetCrd]) await this.call('POST', CRDS, crd);
    for (const kind of [widgets, gadgets]) {
      await waitFor(`${kind.plural} to be served`, DEADLINE_MS, async () => {
        return (await this.call('GET', pathOf(kind))).status === 200;
      });
    }
  }

  async stop(): Promise<void> {
    for (const namespace of this.#namespaces) {
      await this.call('DELETE', `/api/v1/namespaces/${namespace}`);
    }
    for (const crd of [widgetCrd, gadgetCrd]) {
      await this.call('DELETE', `${CRDS}/${crd.metadata.name}`);
    }
    await this.#server?.close?.();
  }

  /** A namespace that no other test has. */
  async freshNamespace(): Promise<void> {
    const reply = await this.call('POST', '/api/v1/namespaces', {
      metadata: {generateName: 'conformance-'},
    });
    this.namespace = (reply.body as Seen).metadata.name;
    this.#namespaces.push(this.namespace);
  }

  async stopWatches(): Promise<void> {
    for (const watching of this.#watches.splice(0)) await watching.stop();
  }

  /** Of `kind` in the namespace of the test. */
  path(kind: Resource, name?: string, subresource?: 'status'): string {
    return pathOf(kind, {
      namespace: this.namespace,
      ...(name !== undefined && {name}),
      ...(subresource && {subresource}),
    });
  }

  call(
    method: ApiCall['method'],
    path: string,
    body?: unknown,
    query?: ApiCall['query'],
  ): Promise<ApiReply> {
    return this.transport.send({method, path, body, ...(query && {query})});
  }

  patch(
    path: string,
    body: unknown,
    type: keyof typeof PATCH_TYPES = 'merge',
    query?: ApiCall['query'],
  ): Promise<ApiReply> {
    const contentType = PATCH_TYPES[type];
    return this.transport.send({method: 'PATCH', path, body, contentType, ...(query && {query})});
  }

  /** Creates a widget. @throws ApiError */
  async create(
    name: string,
    spec: object = {image: 'a'},
    metadata: object = {},
    rest: object = {},
  ): Promise<Seen> {
    return this.#must('POST', this.path(widgets), widget(name, spec, metadata, rest));
  }

  /** Reads a widget. @throws ApiError */
  async get(name: string): Promise<Seen> {
    return this.#must('GET', this.path(widgets, name));
  }

  /** Merge-patches a widget, or its status. @throws ApiError */
  async change(name: string, body: object, subresource?: 'status'): Promise<Seen> {
    const path = this.path(widgets, name, subresource);
    const reply = await this.patch(path, body);
    if (reply.status >= 400) throw new ApiError({method: 'PATCH', path}, reply);
    return reply.body as Seen;
  }

  async list(query: ApiCall['query'] = {}, path = this.path(widgets)): Promise<SeenList> {
    const reply = await this.call('GET', path, undefined, query);
    if (reply.status >= 400) throw new ApiError({method: 'GET', path}, reply);
    return reply.body as SeenList;
  }

  async watch(query: ApiCall['query'] = {}, path = this.path(widgets)): Promise<Watching> {
    const watching = await Watching.open(this.transport, {
      method: 'GET',
      path,
      query: {...query, watch: true},
    });
    this.#watches.push(watching);
    return watching;
  }

  async #must(method: ApiCall['method'], path: string, body?: unknown): Promise<Seen> {
    const reply = await this.call(method, path, body);
    if (reply.status >= 400) throw new ApiError({method, path}, reply);
    return reply.body as Seen;
  }
}

/** A widget to send. */
export function widget(
  name: string | undefined,
  spec: object = {image: 'a'},
  metadata: object = {},
  rest: object = {},
): object {
  return {
    apiVersion: 'conformance.berth.dev/v1',
    kind: 'Widget',
    metadata: {name, ...metadata},
    spec,
    ...rest,
  };
}

/** One open watch, read in the background. */
export class Watching {
  readonly status: number;
  /** The body of a watch that was refused. */
  readonly error: SeenStatus | undefined;
  readonly events: SeenEvent[] = [];
  readonly #abort = new AbortController();
  #hasEnded = false;
  #reading: Promise<void> = Promise.resolve();

  static async open(transport: Transport, call: ApiCall): Promise<Watching> {
    const abort = new AbortController();
    const reply = await transport.watch({...call, lane: 'watch'}, abort.signal);
    const watching = new Watching(reply.status, reply.error as SeenStatus | undefined, abort);
    watching.#reading = watching.#read(reply.lines);
    return watching;
  }

  private constructor(status: number, error: SeenStatus | undefined, abort: AbortController) {
    this.status = status;
    this.error = error;
    this.#abort = abort;
  }

  /** `TYPE name` of each event; bookmarks and errors by their type alone. */
  get short(): string[] {
    return this.events.map(({type, object}) =>
      type === 'BOOKMARK' || type === 'ERROR' ? type : `${type} ${object.metadata.name}`,
    );
  }

  /** Waits until `count` events are there and gives them all. */
  async until(count: number): Promise<readonly SeenEvent[]> {
    await waitFor(`${count} events, after ${JSON.stringify(this.short)}`, DEADLINE_MS, () => {
      return this.events.length >= count;
    });
    return this.events;
  }

  async untilEnd(): Promise<void> {
    await waitFor('the end of the watch', DEADLINE_MS, () => this.#hasEnded);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#reading;
  }

  async #read(lines: AsyncIterable<string>): Promise<void> {
    try {
      for await (const line of lines) this.events.push(JSON.parse(line) as SeenEvent);
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error;
    } finally {
      this.#hasEnded = true;
    }
  }
}

/** The short form of a refusal, for tables. */
export function refusalOf({status, body}: ApiReply): string {
  const {reason = '', message, kind, code} = body as SeenStatus;
  return kind === 'Status' && code === status
    ? `${status} ${reason}: ${message}`.trim()
    : `${status}`;
}

/** `field: reason` of each cause, sorted. */
export function causesOf({body}: ApiReply): string[] {
  const causes = (body as SeenStatus).details?.causes ?? [];
  return causes.map(({field, reason}) => `${field}: ${reason}`).sort();
}
