import {
  type ApiCall,
  type ApiReply,
  type Transport,
  TransportError,
  type WatchReply,
} from '../../src/kube/transport.ts';

type Spec = Record<string, unknown>;

/** One Lease behind the `Transport` port, with faults at the word of a test. */
export class LeaseServer {
  #lease: {metadata: {uid: string; resourceVersion: string}; spec: Spec} | undefined;
  #version = 0;

  get spec(): Readonly<Spec> {
    return this.#lease?.spec ?? {};
  }

  /** Every value of `leaseTransitions` that was written with a change of it. */
  readonly epochs: number[] = [];
  readonly calls: {readonly identity: string; readonly call: ApiCall}[] = [];

  delete(): void {
    this.#lease = undefined;
  }

  /** Changes the object but not its spec, as a label does. */
  touch(): void {
    if (this.#lease) this.#lease.metadata.resourceVersion = String(++this.#version);
  }

  /** Writes the spec as another client would. */
  put(spec: Spec): void {
    this.#lease = {metadata: {uid: 'u-1', resourceVersion: String(++this.#version)}, spec};
  }

  /**
   * @param fault asked before each call: what to do instead of, or (`loseReply`) after answering
   */
  transport(
    identity: string,
    fault: (call: ApiCall) => ApiReply | 'refuse' | 'hang' | 'loseReply' | undefined = () =>
      undefined,
  ): Transport {
    const send = async (call: ApiCall, signal?: AbortSignal): Promise<ApiReply> => {
      this.calls.push({identity, call});
      const planned = fault(call);
      if (planned === 'refuse') throw new TransportError('refused', {neverSent: true});
      if (planned === 'hang') return hangUntil(signal);
      if (planned !== undefined && planned !== 'loseReply') return planned;
      const reply = structuredClone(this.#answer(call));
      if (planned === 'loseReply') throw new TransportError('reply lost');
      return reply;
    };
    return {
      send: <T>(call: ApiCall, signal?: AbortSignal) => send(call, signal) as Promise<ApiReply<T>>,
      watch: (): Promise<WatchReply> => Promise.reject(new Error('leases are not watched')),
      close: () => Promise.resolve(),
    };
  }

  #answer(call: ApiCall): ApiReply {
    if (call.method === 'POST') {
      if (this.#lease) return {status: 409, body: {reason: 'AlreadyExists'}};
      this.#lease = {metadata: {uid: 'u-1', resourceVersion: ''}, spec: {}};
      return this.#write((call.body as {spec: Spec}).spec, 201);
    }
    if (!this.#lease) return {status: 404, body: {reason: 'NotFound'}};
    if (call.method === 'GET') return {status: 200, body: this.#lease};
    const patch = call.body as {metadata: {resourceVersion: string}; spec: Spec};
    if (patch.metadata.resourceVersion !== this.#lease.metadata.resourceVersion) {
      return {status: 409, body: {reason: 'Conflict'}};
    }
    return this.#write(patch.spec, 200);
  }

  #write(spec: Spec, status: number): ApiReply {
    const lease = this.#lease!;
    const {leaseTransitions} = spec;
    if (
      typeof leaseTransitions === 'number' &&
      leaseTransitions !== this.spec['leaseTransitions']
    ) {
      this.epochs.push(leaseTransitions);
    }
    lease.spec = {...lease.spec, ...spec};
    lease.metadata.resourceVersion = String(++this.#version);
    return {status, body: lease};
  }
}

function hangUntil(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(new TransportError('given up')), {once: true});
  });
}
