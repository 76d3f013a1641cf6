import {
  type ApiCall,
  type ApiReply,
  type Transport,
  TransportError,
  type WatchReply,
} from '../kube/transport.ts';
import type {Endpoint} from './endpoint.ts';
import {flagOf} from './query.ts';

/** One caller's way to the server in this process. */
export class EmbeddedTransport implements Transport {
  readonly #endpoint: Endpoint;
  readonly #user: string;
  readonly #closed = new AbortController();

  constructor(endpoint: Endpoint, user: string) {
    this.#endpoint = endpoint;
    this.#user = user;
  }

  async send<T = unknown>(call: ApiCall, signal?: AbortSignal): Promise<ApiReply<T>> {
    this.#check(call, signal);
    if (flagOf(call.query ?? {}, 'watch')) {
      throw new Error(`Cannot send ${call.path} as a watch must be opened by watch()`);
    }
    return this.#endpoint.answer(call, this.#user) as ApiReply<T>;
  }

  async watch(call: ApiCall, signal: AbortSignal): Promise<WatchReply> {
    this.#check(call, signal);
    const either = AbortSignal.any([signal, this.#closed.signal]);
    return this.#endpoint.answerWatch(call, this.#user, either);
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
