import {
  type ApiCall,
  type ApiReply,
  type Transport,
  TransportError,
  type WatchReply,
} from '../kube/transport.ts';
import {type Clock, sleep} from '../lib/clock.ts';
import {Gate} from '../lib/gate.ts';

/** A call as it left the replica. */
export interface SentCall extends ApiCall {
  readonly isWatch: boolean;
  readonly atMs: number;
}

export interface HoldOptions {
  readonly matches: (call: ApiCall) => boolean;
  /**
   * `sent`: on its way there, nothing has happened. `done`: executed, the reply on its way back.
   */
  readonly at: 'sent' | 'done';
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

  async pass(call: ApiCall, at: HoldOptions['at']): Promise<void> {
    const {matches, times = Number.POSITIVE_INFINITY, at: place} = this.#options;
    if (this.#isReleased || at !== place || this.calls.length >= times || !matches(call)) return;
    this.calls.push(call);
    await this.#gate.wait(new AbortController().signal);
  }
}

export interface ReplicaTransportOptions {
  readonly transport: Transport;
  /** The world's: what is on its way arrives, whatever became of its sender. */
  readonly clock: Clock;
  /** The replica's own: it gives a call up by it. */
  readonly ownClock: Clock;
  readonly latencyMs: number;
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
  #isPaused = false;

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

  async send<T = unknown>(call: ApiCall, signal?: AbortSignal): Promise<ApiReply<T>> {
    this.#note(call, false);
    const over = new AbortController();
    const giveUp = Promise.withResolvers<never>();
    const onAbort = () => giveUp.reject(brokenOff(call, 'given up by the caller'));
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, {once: true});
    const cancel = this.#options.ownClock.setTimer(call.timeoutMs ?? timeoutMs, () =>
      giveUp.reject(brokenOff(call, 'no reply in time')),
    );
    const carried = this.#carry<T>(call, over.signal);
    carried.catch(() => {});
    try {
      return await Promise.race([carried, giveUp.promise]);
    } finally {
      over.abort('over');
      cancel();
      signal?.removeEventListener('abort', onAbort);
      await this.#running();
    }
  }

  async watch(call: ApiCall, signal: AbortSignal): Promise<WatchReply> {
    this.#note(call, true);
    const reply = await this.#options.transport.watch(call, signal);
    await this.#running();
    return {...reply, lines: this.#whileRunning(reply.lines)};
  }

  async close(): Promise<void> {
    await this.#options.transport.close();
  }

  async #carry<T>(call: ApiCall, over: AbortSignal): Promise<ApiReply<T>> {
    const {transport, clock, latencyMs} = this.#options;
    if (latencyMs > 0) await sleep(clock, latencyMs, new AbortController().signal);
    for (const hold of this.#holds) await hold.pass(call, 'sent');
    // What its sender has given up is on its way all the same.
    const reply = await transport.send<T>(call, over.aborted ? undefined : over);
    for (const hold of this.#holds) await hold.pass(call, 'done');
    return reply;
  }

  async *#whileRunning(lines: AsyncIterable<string>): AsyncGenerator<string, void> {
    for await (const line of lines) {
      await this.#running();
      yield line;
    }
  }

  async #running(): Promise<void> {
    while (this.#isPaused) await this.#resumed.wait(new AbortController().signal);
  }

  #note(call: ApiCall, isWatch: boolean): void {
    this.calls.push({...call, isWatch, atMs: this.#options.clock.monotonicMs()});
  }
}

function brokenOff({method, path}: ApiCall, why: string): TransportError {
  return new TransportError(`Cannot ${method} ${path}: ${why}`);
}
