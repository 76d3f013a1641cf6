import {FaultyTransport} from '../../src/embedded/faultyTransport.ts';
import {leases, pathOf, type Resource} from '../../src/kube/resource.ts';
import {
  type ApiCall,
  type ApiReply,
  sendOrThrow,
  type Transport,
  type WatchReply,
} from '../../src/kube/transport.ts';
import {systemClock} from '../../src/lib/clock.ts';
import {systemRandom} from '../../src/lib/random.ts';
import type {WatchLimits} from '../../src/watch/watchLimits.ts';
import {makeReflector, RecordingSink, watchLimits} from './watchRig.ts';

/** Remembers the calls that pass through it, and may change them. */
export class RecordingTransport implements Transport {
  readonly calls: {readonly kind: 'send' | 'watch'; readonly call: ApiCall}[] = [];
  readonly #transport: Transport;
  rewrite: (call: ApiCall) => ApiCall = (call) => call;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get kinds(): string {
    return this.calls.map(({kind}) => kind).join(' ');
  }

  send<T>(call: ApiCall, signal?: AbortSignal): Promise<ApiReply<T>> {
    this.calls.push({kind: 'send', call});
    return this.#transport.send<T>(this.rewrite(call), signal);
  }

  watch(call: ApiCall, signal: AbortSignal): Promise<WatchReply> {
    this.calls.push({kind: 'watch', call});
    return this.#transport.watch(this.rewrite(call), signal);
  }

  async close(): Promise<void> {}
}

/** A reflector against a real server, with faults and a record in between. */
export function runLive(
  transport: Transport,
  options: {
    resource?: Resource;
    listBy?: 'stream' | 'pages';
    fieldSelector?: string;
    limits?: Partial<WatchLimits>;
  } = {},
) {
  const {limits, ...rest} = options;
  const recorded = new RecordingTransport(transport);
  const faulty = new FaultyTransport({transport: recorded, clock: systemClock});
  const sink = new RecordingSink();
  const {reflector, counts} = makeReflector({
    transport: faulty,
    clock: systemClock,
    random: systemRandom,
    sink,
    resource: leases,
    namespace: 'default',
    limits: {...watchLimits, backoffMaxMs: 1_000, ...limits},
    ...rest,
  });
  const abort = new AbortController();
  const ended = reflector.run(abort.signal);
  // The test that stops it hears of a failure then; before that it must not be unhandled.
  ended.catch(() => {});
  const stop = async () => {
    abort.abort();
    await ended;
  };
  return {recorded, faulty, sink, reflector, counts, signal: abort.signal, stop};
}

const collection = pathOf(leases, {namespace: 'default'});

export async function createLeases(
  transport: Transport,
  prefix: string,
  count: number,
): Promise<void> {
  for (let number = 0; number < count; number++) {
    const body = {metadata: {name: `${prefix}-${number}`}, spec: {}};
    await sendOrThrow(transport, {method: 'POST', path: collection, body});
  }
}

export async function deleteLease(transport: Transport, name: string): Promise<void> {
  await sendOrThrow(transport, {method: 'DELETE', path: `${collection}/${name}`});
}

/** `name@resourceVersion` of everything that the server has, sorted. */
export async function truth(transport: Transport): Promise<string[]> {
  const list = await sendOrThrow<{items: {metadata: {name: string; resourceVersion: string}}[]}>(
    transport,
    {method: 'GET', path: collection},
  );
  return list.items.map(({metadata}) => `${metadata.name}@${metadata.resourceVersion}`).sort();
}
