import {expect, it} from 'vitest';
import {Auditor, type AuditorOptions} from '../../src/audit/auditor.ts';
import type {Kind, ObservedEvent, ObservedObject} from '../../src/audit/observed.ts';
import {see} from '../../src/audit/seen.ts';
import type {Rule} from '../../src/audit/violation.ts';

type Spec = NonNullable<ObservedObject['spec']>;
type Status = NonNullable<ObservedObject['status']>;
type Gpu = NonNullable<NonNullable<Spec['resources']>['gpu']>;

interface RequestParts {
  readonly uid?: string;
  readonly spec?: Spec;
  readonly resources?: Spec['resources'];
  readonly status?: Status;
  readonly assignment?: Status['assignment'];
  readonly phase?: string;
  readonly metadata?: Partial<ObservedObject['metadata']>;
}

/**
 * A history of events, each a revision later than the one before, shown to an auditor; `at` moves
 * the time, which every event after it arrives at.
 */
export class History {
  readonly auditor: Auditor;
  #revision = 0;
  #atMs = 0;

  constructor(options: AuditorOptions = {}) {
    this.auditor = new Auditor(options);
  }

  get rules(): readonly Rule[] {
    return this.auditor.violations.map(({rule}) => rule);
  }

  at(atMs: number): this {
    this.#atMs = atMs;
    return this;
  }

  tick(nowMs: number): this {
    this.auditor.tick(nowMs);
    return this.at(nowMs);
  }

  /** 1 CPU, 1 GiB, 2 GPUs of type A where nothing else is said. */
  worker(name: string, capacity: Spec['capacity'] = {}, parts: RequestParts = {}): this {
    return this.#show('worker', 'MODIFIED', this.workerObject(name, capacity, parts));
  }

  workerGone(name: string): this {
    return this.#show('worker', 'DELETED', this.workerObject(name));
  }

  /** 500m and 256Mi where nothing else is said; `workerName` undefined: it waits. */
  request(name: string, workerName: string | undefined, parts: RequestParts = {}): this {
    return this.#show('request', 'MODIFIED', this.requestObject(name, workerName, parts));
  }

  requestGone(name: string, uid = name): this {
    return this.#show('request', 'DELETED', this.requestObject(name, undefined, {uid}));
  }

  /** It waits and says so. */
  waiting(name: string, reason: string, message = '', parts: RequestParts = {}): this {
    const scheduled = {type: 'Scheduled', status: 'False', reason, message};
    const status = {...parts.status, phase: 'Pending', conditions: [scheduled]};
    return this.request(name, undefined, {...parts, status});
  }

  ledger(status: Status, uid = 'ledger'): this {
    return this.#show('ledger', 'MODIFIED', {metadata: this.#meta('berth', {uid}), status});
  }

  lease(
    holderIdentity: string,
    leaseTransitions: number,
    {name = 'berth', uid = 'lease'} = {},
  ): this {
    const spec = {holderIdentity, leaseTransitions};
    return this.#show('lease', 'MODIFIED', {
      metadata: this.#meta(name, {namespace: 'berth-system', uid}),
      spec,
    });
  }

  leaseGone(): this {
    const metadata = this.#meta('berth', {namespace: 'berth-system', uid: 'lease'});
    return this.#show('lease', 'DELETED', {metadata});
  }

  gap(kind: Kind): this {
    this.auditor.observe({what: 'gap', kind});
    return this;
  }

  listed(kind: Kind, objects: readonly ObservedObject[]): this {
    const all = objects.map((object) => see(kind, object));
    const revision = ++this.#revision;
    this.auditor.observe({what: 'listed', kind, revision, all, atMs: this.#atMs});
    return this;
  }

  requestObject(
    name: string,
    workerName: string | undefined,
    {uid = name, resources = {}, assignment = {}, phase = 'Scheduled', ...parts}: RequestParts = {},
  ): ObservedObject {
    const placed = workerName && {
      phase,
      workerName,
      assignment: {id: `1.1.${uid}`, epoch: 1, gpuDevices: [], ...assignment},
    };
    return {
      metadata: this.#meta(name, {namespace: 'default', uid, ...parts.metadata}),
      spec: {resources: {cpu: '500m', memory: '256Mi', ...resources}, ...parts.spec},
      status: {...placed, ...parts.status},
    };
  }

  workerObject(
    name: string,
    capacity: Spec['capacity'] = {},
    {uid = name, spec, status, ...parts}: RequestParts = {},
  ): ObservedObject {
    const all = {cpu: '1', memory: '1Gi', gpu: {type: 'A', count: 2}, ...capacity};
    return {
      metadata: this.#meta(name, {uid, ...parts.metadata}),
      spec: {capacity: all, ...spec},
      ...(status && {status}),
    };
  }

  #meta(name: string, more: Partial<ObservedObject['metadata']>): ObservedObject['metadata'] {
    return {name, uid: name, resourceVersion: String(++this.#revision), ...more};
  }

  #show(kind: Kind, type: ObservedEvent['type'], object: ObservedObject): this {
    const what = type === 'DELETED' ? 'gone' : 'present';
    this.auditor.observe({what, seen: see(kind, object), atMs: this.#atMs});
    return this;
  }
}

export type Row = readonly [
  name: string,
  play: (history: History) => unknown,
  rules: readonly Rule[],
];

/** Each of them with two idle workers, w-1 and w-2, and no deadline that passes. */
export function itJudges(rows: readonly Row[]): void {
  it.each(rows)('%s', (_, play, rules) => {
    const history = new History();
    play(history.worker('w-1').worker('w-2'));
    expect(history.rules).toEqual(rules);
  });
}

/** A little of everything but GPUs, of which it has these. */
export function onGpus(devices: readonly number[], gpu: Gpu = {}): RequestParts {
  return {
    resources: {cpu: '1m', memory: '1Mi', gpu: {count: devices.length, ...gpu}},
    assignment: {gpuDevices: devices},
  };
}

/** A record of the ledger for a request that asks for nothing but the usual. */
export function record(uid: string, workerName: string, more: object = {}) {
  return {uid, workerName, cpuMillis: 500, memoryBytes: 256 * 2 ** 20, ...more};
}
