import type {LedgerStatus} from '../../src/api/ledgerSchema.ts';
import {
  type ApiCall,
  type ApiReply,
  type Transport,
  TransportError,
  type WatchReply,
} from '../../src/kube/transport.ts';

/** What happens to one call instead of the usual. */
export type Fault =
  /** Done, but the reply never arrives. */
  | 'loseReply'
  /** Not done, and nobody can tell. */
  | 'loseRequest'
  /** Nothing listens. */
  | 'refuse'
  /** Not done; the server says so. */
  | {readonly status: number; readonly retryAfterMs?: number}
  /** Runs first, then the call is served as usual. */
  | (() => void);

/** An API server that knows one Ledger object, and fails as told. */
export class LedgerApi implements Transport {
  /** Every call, in order. */
  readonly calls: ApiCall[] = [];
  object: {metadata: {name: string; resourceVersion: string}; status?: LedgerStatus} | undefined;
  readonly #faults: {readonly method: ApiCall['method']; readonly fault: Fault}[] = [];
  #revision = 1;

  /** The next call of `method` that has no fault yet fails so. */
  fail(method: ApiCall['method'], ...faults: Fault[]): void {
    for (const fault of faults) this.#faults.push({method, fault});
  }

  count(method: ApiCall['method']): number {
    return this.calls.filter((call) => call.method === method).length;
  }

  /** Writes as somebody else would. */
  write(status: Partial<LedgerStatus>): void {
    const metadata = {name: 'berth', resourceVersion: String(++this.#revision)};
    this.object = {metadata, status: {...this.object?.status, ...status}};
  }

  async send<T>(call: ApiCall): Promise<ApiReply<T>> {
    this.calls.push(structuredClone(call));
    const index = this.#faults.findIndex(({method}) => method === call.method);
    const fault = index < 0 ? undefined : this.#faults.splice(index, 1)[0]?.fault;
    if (fault === 'refuse') throw new TransportError('refused', {neverSent: true});
    if (fault === 'loseRequest') throw new TransportError('reset');
    if (typeof fault === 'object') return reply(fault) as ApiReply<T>;
    if (typeof fault === 'function') fault();
    const served = reply(this.#serve(call)) as ApiReply<T>;
    if (fault === 'loseReply') throw new TransportError('reset');
    return served;
  }

  #serve(call: ApiCall): {status: number; body?: unknown} {
    const {method, body} = call as {method: string; body: {metadata: {resourceVersion: string}}};
    if (method === 'POST') {
      if (this.object) return {status: 409};
      this.write({});
      return {status: 201, body: this.object};
    }
    if (!this.object) return {status: 404};
    if (method === 'GET') return {status: 200, body: this.object};
    if (body.metadata.resourceVersion !== this.object.metadata.resourceVersion) {
      return {status: 409};
    }
    this.write((body as {status?: LedgerStatus}).status ?? {});
    return {status: 200, body: this.object};
  }

  watch(): Promise<WatchReply> {
    return Promise.reject(new TransportError('nothing to watch'));
  }

  async close(): Promise<void> {}
}

function reply({status, body, ...rest}: {status: number; body?: unknown}): ApiReply {
  return {status, body: structuredClone(body ?? {reason: String(status)}), ...rest};
}
