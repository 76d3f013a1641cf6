import {
  type ApiCall,
  type ApiReply,
  type Transport,
  TransportError,
  type WatchReply,
} from '../kube/transport.ts';
import type {Clock} from '../lib/clock.ts';
import {Gate} from '../lib/gate.ts';
import {delay} from './delay.ts';
import {cachedRead, staleWatch} from './staleWatch.ts';

/** A call as it left the replica. */
export interface SentCall extends ApiCall {
  readonly isWatch: boolean;
  readonly atMs: number;
}

/**
 * `sent`: on its way there, nothing has happened. `done`: executed, the reply on its way back.
 */
export type CallMoment = 'sent' | 'done';

export interface HoldOptions {
  readonly matches: (call: ApiCall) => boolean;
  readonly at: CallMoment;
  /** How many calls it holds. Default: every one until it is released. */
  readonly times?: number;
}

/** Calls that are stopped on their way. */
export class Hold {
  readonly calls: ApiCall[] = [];
  readonly #options: HoldOptions;
  readonly #gate = new Gate();
  #isReleased = false;

  constructor(options: HoldOptions) {
    this.#options = options;
  }

  /** Lets the held calls go on, and holds no more. */
  release(): void {
    this.#isReleased = true;
    this.#gate.open();
  }

  async pass(call: ApiCall, at: CallMoment): Promise<void> {
    const {matches, times = Number.POSITIVE_INFINITY, at: place} = this.#options;
    if (this.#isReleased || at !== place || this.calls.length >= times || !matches(call)) return;
    this.calls.push(call);
    await this.#gate.wait(new AbortController().signal);
  }
}

/** What lies between a replica and the API server. */
export interface Network {
  /** Of one call, on its way there. */
  latencyMs(): number;
  /** Of its answer; at once where absent. */
  replyMs?(): number;
  /** At which revision the server's cache is, that answers a list or watch which allows that. */
  cacheVersion?(notBefore: number): number | undefined;
  /** How long the lines of a watch are on their way; each stream keeps its order. */
  lagMs?(call: ApiCall): number;
  /**
   * Asked at both moments of each call, of a watch at `sent` only. The call waits for what it
   * returns; where that never settles, nothing more of the call happens.
   */
  pass?(call: ApiCall, moment: CallMoment, isWatch: boolean): Promise<void> | undefined;
}

export interface ReplicaTransportOptions {
  readonly transport: Transport;
  /** The world's: what is on its way arrives, whatever became of its sender. */
  readonly clock: Clock;
  /** The replica's own: it gives a call up by it. */
  readonly ownClock: Clock;
  readonly network: Network;
  /** Notes every call in `calls`. */
  readonly keepsCalls: boolean;
}

const timeoutMs = 10_000;

/**
 * The way of one replica to the API server. It notes every call, takes its time, stops calls where
 * a test wants to change the world, and delivers nothing while its replica is paused.
 */
export class ReplicaTransport implements Transport {
  readonly calls: SentCall[] = [];
  readonly #options: ReplicaTransportOptions;
  readonly #holds: Hold[] = [];
  readonly #resumed = new Gate();
  readonly #dead = new AbortController();
  #isPaused = false;
  #stalledUntilMs = 0;

  constructor(options: ReplicaTransportOptions) {
    this.#options = options;
  }

  hold(options: HoldOptions): Hold {
    const hold = new Hold(options);
    this.#holds.push(hold);
    return hold;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#resumed.open();
  }

  /** Its calls stay on their way for so long; those that are executed already are not held. */
  stall(forMs: number): void {
    this.#stalledUntilMs = this.#options.clock.monotonicMs() + forMs;
  }

  /** Waits for the end of a stall. */
  async flowing(): Promise<void> {
    const {clock} = this.#options;
    while (clock.monotonicMs() < this.#stalledUntilMs) {
      await delay(clock, this.#stalledUntilMs - clock.monotonicMs());
    }
  }

  /** Its process is gone: the server ends its watches. Calls on their way arrive. */
  die(): void {
    this.pause();
    this.#dead.abort();
  }

  async send<T = unknown>(call: ApiCall, signal?: AbortSignal): Promise<ApiReply<T>> {
    this.#note(call, false);
    const over = new AbortController();
    const {promise, resolve, reject} = Promise.withResolvers<ApiReply<T>>();
    const giveUp = (why: string) => {
      over.abort('over');
      reject(brokenOff(call, why));
    };
    const onAbort = () => giveUp('given up by the caller');
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, {once: true});
    const cancel = this.#options.ownClock.setTimer(call.timeoutMs ?? timeoutMs, () =>
      giveUp('no reply in time'),
    );
    this.#carry<T>(call, over.signal).then(resolve, reject);
    try {
      return await promise;
    } finally {
      cancel();
      signal?.removeEventListener('abort', onAbort);
      if (this.#isPaused) await this.#running();
    }
  }

  async watch(call: ApiCall, signal: AbortSignal): Promise<WatchReply> {
    this.#note(call, true);
    await this.#options.network.pass?.(call, 'sent', true);
    const alive = AbortSignal.any([signal, this.#dead.signal]);
    const reply = await this.#open(call, alive);
    await this.#running();
    return {...reply, lines: this.#arriving(call, reply.lines)};
  }

  async close(): Promise<void> {
    await this.#options.transport.close();
  }

  async #open(call: ApiCall, signal: AbortSignal): Promise<WatchReply> {
    const {transport, network} = this.#options;
    const cached = network.cacheVersion && cachedRead(call);
    const version = cached && network.cacheVersion?.(cached.notBefore);
    const stale =
      version === undefined ? undefined : await staleWatch(transport, call, {version, signal});
    return stale ?? transport.watch(call, signal);
  }

  async #carry<T>(call: ApiCall, over: AbortSignal): Promise<ApiReply<T>> {
    const {network} = this.#options;
    // Before the latency: a fault hits the call as it leaves, in the order in which calls are made.
    const passed = network.pass?.(call, 'sent', false);
    if (passed) await passed;
    await this.#latency();
    await this.flowing();
    for (const hold of this.#holds) await hold.pass(call, 'sent');
    const reply = await this.#answer<T>(call, over);
    for (const hold of this.#holds) await hold.pass(call, 'done');
    const returned = network.pass?.(call, 'done', false);
    if (returned) await returned;
    return reply;
  }

  /** A failure comes back no faster than an answer. */
  async #answer<T>(call: ApiCall, over: AbortSignal): Promise<ApiReply<T>> {
    const {transport, network, clock} = this.#options;
    try {
      // What its sender has given up is on its way all the same.
      return await transport.send<T>(call, over.aborted ? undefined : over);
    } finally {
      if (network.replyMs) await delay(clock, network.replyMs());
    }
  }

  async #latency(): Promise<void> {
    const {clock, network} = this.#options;
    const latencyMs = network.latencyMs();
    if (latencyMs > 0) await delay(clock, latencyMs);
  }

  /** Lines that come while an earlier one is on its way arrive with it. */
  async *#arriving(call: ApiCall, lines: AsyncIterable<string>): AsyncGenerator<string, void> {
    const {clock, network} = this.#options;
    let arrivedMs = -1;
    for await (const line of lines) {
      if (network.lagMs && clock.monotonicMs() !== arrivedMs) {
        await delay(clock, network.lagMs(call));
        arrivedMs = clock.monotonicMs();
      }
      if (this.#isPaused) await this.#running();
      yield line;
    }
  }

  async #running(): Promise<void> {
    while (this.#isPaused) await this.#resumed.wait(new AbortController().signal);
  }

  #note(call: ApiCall, isWatch: boolean): void {
    if (!this.#options.keepsCalls) return;
    this.calls.push({...call, isWatch, atMs: this.#options.clock.monotonicMs()});
  }
}

function brokenOff({method, path}: ApiCall, why: string): TransportError {
  return new TransportError(`Cannot ${method} ${path}: ${why}`);
}
