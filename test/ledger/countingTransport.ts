import type {ApiCall, ApiReply, Transport, WatchReply} from '../../src/kube/transport.ts';

/** Counts the calls that go through it. */
export class CountingTransport implements Transport {
  calls = 0;
  readonly #inner: Transport;

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  send<T>(call: ApiCall, signal?: AbortSignal): Promise<ApiReply<T>> {
    this.calls++;
    return this.#inner.send<T>(call, signal);
  }

  watch(call: ApiCall, signal: AbortSignal): Promise<WatchReply> {
    return this.#inner.watch(call, signal);
  }

  async close(): Promise<void> {}
}
