import {microTime} from '../lib/timestamp.ts';
import {textOf} from './exchange.ts';
import {leases, pathOf} from './resource.ts';
import {type ApiCall, type ApiReply, type Transport, TransportError} from './transport.ts';

/** A Lease as the election sees it. */
export interface LeaseRecord {
  /** Empty when nobody holds it. */
  readonly holder: string;
  /** How long the holder wants it to be respected after its last sign; undefined when not said. */
  readonly durationMs: number | undefined;
  readonly transitions: number;
  readonly resourceVersion: string;
  /** Changes with every sign of life of the holder; compared, never read as a time. */
  readonly sign: string;
}

/** What is written; the rest of the object stays as it is. */
export interface LeaseChange {
  /** Empty gives it up. */
  readonly holder: string;
  readonly durationSeconds: number;
  readonly transitions: number;
  /** Wall clock, for people. */
  readonly nowMs: number;
  readonly isAcquisition: boolean;
}

export type LeaseOutcome =
  | {readonly kind: 'lease'; readonly lease: LeaseRecord}
  | {readonly kind: 'absent'}
  /** Somebody else wrote it first. */
  | {readonly kind: 'conflict'}
  /** Will not get better by itself. */
  | {readonly kind: 'refused'; readonly message: string}
  | {readonly kind: 'failed'; readonly message: string; readonly retryAfterMs?: number};

interface LeaseObject {
  readonly metadata: {
    readonly name?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
  };
  readonly spec?: {
    readonly holderIdentity?: string | null;
    readonly leaseDurationSeconds?: number | null;
    readonly leaseTransitions?: number | null;
    readonly acquireTime?: string | null;
    readonly renewTime?: string | null;
  };
}

/** Reads and writes one Lease over the `lease` lane; every outcome is a value. */
export class LeaseStore {
  readonly #transport: Transport;
  readonly #namespace: string;
  readonly #name: string;

  constructor(options: {transport: Transport; namespace: string; name: string}) {
    this.#transport = options.transport;
    this.#namespace = options.namespace;
    this.#name = options.name;
  }

  /** An object of a watch as this Lease; undefined for any other one. */
  recognize(object: unknown): LeaseRecord | undefined {
    const lease = object as Partial<LeaseObject> | null | undefined;
    const {metadata, spec} = lease ?? {};
    if (metadata?.name !== this.#name) return undefined;
    return recordOf({metadata, ...(spec && {spec})});
  }

  read(timeoutMs: number, signal?: AbortSignal): Promise<LeaseOutcome> {
    return this.#send({method: 'GET', path: this.#path(), timeoutMs}, signal);
  }

  create(change: LeaseChange, timeoutMs: number, signal?: AbortSignal): Promise<LeaseOutcome> {
    const path = pathOf(leases, {namespace: this.#namespace});
    const body = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {name: this.#name, namespace: this.#namespace},
      spec: specOf(change),
    };
    return this.#send({method: 'POST', path, body, timeoutMs}, signal);
  }

  /** Writes `change` over `lease`, refused as `conflict` when it is not what is there. */
  update(
    lease: LeaseRecord,
    change: LeaseChange,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<LeaseOutcome> {
    const call: ApiCall = {
      method: 'PATCH',
      path: this.#path(),
      contentType: 'application/merge-patch+json',
      body: {metadata: {resourceVersion: lease.resourceVersion}, spec: specOf(change)},
      timeoutMs,
    };
    return this.#send(call, signal);
  }

  #path(): string {
    return pathOf(leases, {namespace: this.#namespace, name: this.#name});
  }

  async #send(call: ApiCall, signal: AbortSignal | undefined): Promise<LeaseOutcome> {
    try {
      const reply = await this.#transport.send({...call, lane: 'lease'}, signal);
      return this.#outcomeOf(call, reply);
    } catch (error) {
      if (error instanceof TransportError) return {kind: 'failed', message: textOf(error)};
      throw error;
    }
  }

  #outcomeOf(call: ApiCall, reply: ApiReply): LeaseOutcome {
    const {status, retryAfterMs} = reply;
    if (status < 300) return {kind: 'lease', lease: recordOf(reply.body as LeaseObject)};
    if (status === 404 && call.method !== 'POST') return {kind: 'absent'};
    if (status === 409) return {kind: 'conflict'};
    const said = (reply.body as {message?: string} | undefined)?.message ?? `status ${status}`;
    const place = `the Lease ${this.#namespace}/${this.#name}`;
    if (status === 403) {
      const advice = 'grant get, create and patch on leases.coordination.k8s.io there';
      return {kind: 'refused', message: `Cannot ${call.method} ${place}: ${said}; ${advice}`};
    }
    if (status === 404) {
      const advice = `create the namespace ${this.#namespace}, or choose another`;
      return {kind: 'refused', message: `Cannot create ${place}: ${said}; ${advice}`};
    }
    const message = `Cannot ${call.method} ${place}: ${status} ${said}`;
    return {kind: 'failed', message, ...(retryAfterMs !== undefined && {retryAfterMs})};
  }
}

function specOf(change: LeaseChange): NonNullable<LeaseObject['spec']> {
  const now = microTime(change.nowMs);
  return {
    // An empty string is refused by the API server; null takes the field away.
    holderIdentity: change.holder === '' ? null : change.holder,
    leaseDurationSeconds: change.durationSeconds,
    leaseTransitions: change.transitions,
    renewTime: now,
    ...(change.isAcquisition && {acquireTime: now}),
  };
}

function recordOf({metadata, spec = {}}: LeaseObject): LeaseRecord {
  const {holderIdentity, leaseDurationSeconds, leaseTransitions, acquireTime, renewTime} = spec;
  const {uid, resourceVersion} = metadata;
  return {
    holder: holderIdentity ?? '',
    durationMs: leaseDurationSeconds == null ? undefined : leaseDurationSeconds * 1_000,
    transitions: leaseTransitions ?? 0,
    resourceVersion: resourceVersion ?? '',
    // Not the resourceVersion: somebody who labels the Lease is no sign of life of its holder.
    sign: [
      uid,
      holderIdentity,
      leaseDurationSeconds,
      leaseTransitions,
      acquireTime,
      renewTime,
    ].join('|'),
  };
}
