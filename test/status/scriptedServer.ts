import {asObject, asText, type RawObject} from '../../src/api/rawObject.ts';
import type {ApiCall, ApiReply, Transport, WatchReply} from '../../src/kube/transport.ts';
import {TransportError} from '../../src/kube/transport.ts';
import type {Clock} from '../../src/lib/clock.ts';

/** What happens to one call instead of a plain execution. */
export type Fate =
  /** Answered without being executed. */
  | {readonly status: number; readonly retryAfterMs?: number; readonly message?: string}
  /** The connection breaks before or after the server executes it, or before anything was sent. */
  | {readonly broken: 'before' | 'after' | 'unsent'}
  /** Somebody changes the object first; undefined deletes it. Then it is executed. */
  | {readonly meanwhile: (object: RawObject) => RawObject | undefined}
  /** It stays open until `release`, or until its caller aborts. Then it is executed. */
  | {readonly held: true}
  | {readonly plain: true};

export interface SeenCall {
  readonly method: ApiCall['method'];
  readonly path: string;
  readonly atMs: number;
  readonly call: ApiCall;
}

/** A few objects behind `Transport`: PUT and merge patch of the status, a fate for each call. */
export class ScriptedServer implements Transport {
  readonly calls: SeenCall[] = [];
  readonly #objects = new Map<string, RawObject>();
  readonly #clock: Clock;
  #fates: Fate[] = [];
  #defaultFate: Fate = {plain: true};
  #held: (() => void)[] = [];
  #version = 100;
  #underWay = 0;
  mostUnderWay = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Fates of the next calls, in order; after them `otherwise`. */
  script(fates: readonly Fate[], otherwise: Fate = {plain: true}): void {
    this.#fates = [...fates];
    this.#defaultFate = otherwise;
  }

  put(object: RawObject): RawObject {
    const metadata = asObject(object.metadata);
    const path = `/apis/berth.dev/v1alpha1/namespaces/${asText(metadata.namespace)}/containerrequests/${asText(metadata.name)}`;
    return this.#store(path, object);
  }

  get(name: string): RawObject | undefined {
    return this.#objects.get(
      `/apis/berth.dev/v1alpha1/namespaces/default/containerrequests/${name}`,
    );
  }

  /** `METHOD name` of each call so far. */
  get log(): readonly string[] {
    return this.calls.map(({method, path}) => `${method} ${path.split('/')[7]}`);
  }

  /** Lets the `count` calls that were held first go on. */
  release(count = this.#held.length): void {
    for (const go of this.#held.splice(0, count)) go();
  }

  async send<T>(call: ApiCall, signal?: AbortSignal): Promise<ApiReply<T>> {
    const {method, path} = call;
    this.calls.push({method, path, atMs: this.#clock.monotonicMs(), call});
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.#underWay);
    try {
      return (await this.#answer(call, signal)) as ApiReply<T>;
    } finally {
      this.#underWay--;
    }
  }

  watch(): Promise<WatchReply> {
    return Promise.reject(new Error('Cannot watch a scripted server'));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #answer(call: ApiCall, signal: AbortSignal | undefined): Promise<ApiReply> {
    const fate = this.#fates.shift() ?? this.#defaultFate;
    if ('status' in fate) return refusal(fate.status, fate);
    if ('broken' in fate) {
      if (fate.broken === 'after') this.#execute(call);
      throw new TransportError('connection reset', {neverSent: fate.broken === 'unsent'});
    }
    if ('held' in fate) await this.#hold(signal);
    if ('meanwhile' in fate) {
      const path = call.path.replace(/\/status$/, '');
      const changed = fate.meanwhile(this.#objects.get(path)!);
      if (changed) this.#store(path, changed);
      else this.#objects.delete(path);
    }
    return this.#execute(call);
  }

  #hold(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#held.push(resolve);
      signal?.addEventListener('abort', () => reject(new TransportError('aborted')), {once: true});
    });
  }

  #execute(call: ApiCall): ApiReply {
    const path = call.path.replace(/\/status$/, '');
    const object = this.#objects.get(path);
    if (!object) return refusal(404);
    if (call.method === 'GET') return {status: 200, body: object};
    const {metadata, status} = asObject(call.body);
    const asked = asObject(metadata);
    const current = asObject(object.metadata);
    if (asked.uid !== current.uid) return refusal(409);
    if (asked.resourceVersion !== current.resourceVersion) return refusal(409);
    const kept = call.method === 'PUT' ? {} : asObject(object.status);
    const changed = {...object, status: {...kept, ...asObject(status)}};
    return {status: 200, body: this.#store(path, changed)};
  }

  #store(path: string, object: RawObject): RawObject {
    const metadata = {...asObject(object.metadata), resourceVersion: String(this.#version++)};
    const stored = {...object, metadata};
    this.#objects.set(path, stored);
    return stored;
  }
}

function refusal(status: number, more: {retryAfterMs?: number; message?: string} = {}): ApiReply {
  const {retryAfterMs, message} = more;
  return {
    status,
    body: {kind: 'Status', message: message ?? `refused with ${status}`},
    ...(retryAfterMs !== undefined && {retryAfterMs}),
  };
}

/** A ContainerRequest as an API server would hold it. */
export function makeObject(
  name = 'r-1',
  overrides: {metadata?: RawObject; spec?: RawObject; status?: RawObject} = {},
): RawObject {
  return {
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...overrides.metadata,
    },
    spec: {container: {image: 'app'}, ...overrides.spec},
    ...(overrides.status && {status: overrides.status}),
  };
}
