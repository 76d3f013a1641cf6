import {type InFlightRecord, type LedgerStatus, ledgerSchema} from '../api/ledgerSchema.ts';
import {firstProblem, problemAt} from '../api/problem.ts';
import type {Allocation} from '../api/resources.ts';
import {apiVersionOf, ledgers, pathOf} from '../kube/resource.ts';
import {
  type ApiCall,
  ApiError,
  type ApiReply,
  type Transport,
  TransportError,
} from '../kube/transport.ts';
import type {Unavailable} from './ledger.ts';

/** What the Ledger object says at one resourceVersion. */
export interface LedgerState {
  readonly resourceVersion: string;
  readonly epoch: number;
  readonly cycle: number;
  /** By uid. */
  readonly inFlight: ReadonlyMap<string, Allocation>;
}

export type LedgerRead =
  | {readonly kind: 'found'; readonly state: LedgerState}
  | {readonly kind: 'absent'}
  | Unavailable;

export type LedgerWrite =
  | {readonly kind: 'written'; readonly state: LedgerState}
  /** Somebody wrote since the state was read. */
  | {readonly kind: 'conflict'}
  /** The reply was lost: only reading tells whether it was written. */
  | {readonly kind: 'unknown'}
  | {readonly kind: 'absent'}
  | Unavailable;

/** The one Ledger object of an operator group: read, created, and written in one merge patch. */
export class LedgerObject {
  readonly #transport: Transport;
  readonly #name: string;

  constructor({transport, name}: {transport: Transport; name: string}) {
    this.#transport = transport;
    this.#name = name;
  }

  async read(signal: AbortSignal): Promise<LedgerRead> {
    const call: ApiCall = {method: 'GET', path: pathOf(ledgers, {name: this.#name})};
    const reply = await this.#send(call, signal);
    if (reply instanceof TransportError) return {kind: 'unavailable', cause: reply};
    if (reply.status === 404) return {kind: 'absent'};
    if (reply.status >= 400) return unavailable(call, reply);
    return this.#parse(reply.body);
  }

  /** Creates it without a status, which only a patch may write. Undefined: read again. */
  async create(signal: AbortSignal): Promise<Unavailable | undefined> {
    const call: ApiCall = {
      method: 'POST',
      path: pathOf(ledgers),
      body: {
        apiVersion: apiVersionOf(ledgers),
        kind: ledgers.kind,
        metadata: {name: this.#name},
      },
    };
    const reply = await this.#send(call, signal);
    if (reply instanceof TransportError) {
      return reply.neverSent ? {kind: 'unavailable', cause: reply} : undefined;
    }
    if (reply.status === 404) {
      const sentence = `Cannot create Ledger ${this.#name} as its CRD is not there: apply crds/`;
      return {kind: 'unavailable', cause: new Error(sentence, {cause: new ApiError(call, reply)})};
    }
    return reply.status < 400 || reply.status === 409 ? undefined : unavailable(call, reply);
  }

  /** One PATCH of the status, refused by the API server unless nobody wrote since `base`. */
  async write(
    base: LedgerState,
    next: Omit<LedgerState, 'resourceVersion'>,
    signal: AbortSignal,
  ): Promise<LedgerWrite> {
    const status: LedgerStatus = {
      epoch: next.epoch,
      cycle: next.cycle,
      inFlight: Array.from(next.inFlight.values(), toRecord),
    };
    const call: ApiCall = {
      method: 'PATCH',
      path: pathOf(ledgers, {name: this.#name, subresource: 'status'}),
      contentType: 'application/merge-patch+json',
      body: {metadata: {resourceVersion: base.resourceVersion}, status},
    };
    const reply = await this.#send(call, signal);
    if (reply instanceof TransportError) {
      return reply.neverSent ? {kind: 'unavailable', cause: reply} : {kind: 'unknown'};
    }
    if (reply.status === 409) return {kind: 'conflict'};
    if (reply.status === 404) return {kind: 'absent'};
    if (reply.status >= 400) return unavailable(call, reply);
    const resourceVersion = resourceVersionOf(reply.body);
    return resourceVersion === undefined
      ? {kind: 'unknown'}
      : {kind: 'written', state: {...next, resourceVersion}};
  }

  #parse(body: unknown): LedgerRead {
    const parsed = ledgerSchema.safeParse(body);
    const resourceVersion = resourceVersionOf(body);
    if (!parsed.success || resourceVersion === undefined) {
      const {field, found, wanted} = parsed.success
        ? problemAt('metadata.resourceVersion', undefined, 'a version')
        : firstProblem(parsed.error, body, 'Ledger');
      const sentence = `Cannot read Ledger ${this.#name}: ${field} is ${found}; wanted ${wanted}; delete it, it is made anew`;
      return {kind: 'unavailable', cause: new Error(sentence)};
    }
    const {epoch = 0, cycle = 0, inFlight = []} = parsed.data.status ?? {};
    return {
      kind: 'found',
      state: {
        resourceVersion,
        epoch,
        cycle,
        inFlight: new Map(inFlight.map((record) => [record.uid, toAllocation(record)])),
      },
    };
  }

  async #send(call: ApiCall, signal: AbortSignal): Promise<ApiReply | TransportError> {
    try {
      return await this.#transport.send({...call, lane: 'ledger'}, signal);
    } catch (error) {
      if (error instanceof TransportError) return error;
      throw error;
    }
  }
}

function unavailable(call: ApiCall, reply: ApiReply): Unavailable {
  const {retryAfterMs} = reply;
  const cause = new ApiError(call, reply);
  return {kind: 'unavailable', cause, ...(retryAfterMs === undefined ? {} : {retryAfterMs})};
}

function resourceVersionOf(body: unknown): string | undefined {
  const {metadata} = (body ?? {}) as {metadata?: {resourceVersion?: string}};
  return metadata?.resourceVersion;
}

/** Short, as a write costs API-server time linear in its bytes. */
function toRecord(allocation: Allocation): InFlightRecord {
  const {gpuDevices, gpuMillis, ...rest} = allocation;
  return gpuDevices.length === 0 ? rest : {...rest, gpuDevices: [...gpuDevices], gpuMillis};
}

function toAllocation({gpuDevices = [], gpuMillis = 0, ...rest}: InFlightRecord): Allocation {
  return {...rest, gpuDevices, gpuMillis};
}
