import {
  type ApiCall,
  type ApiReply,
  type Transport,
  TransportError,
  type WatchReply,
} from '../kube/transport.ts';
import {assertNever} from '../lib/assertNever.ts';
import {type Clock, sleep} from '../lib/clock.ts';
import {failure} from './apiStatus.ts';
import {FaultyLines, type LineFault} from './faultyLines.ts';

/** What goes wrong with one call. */
export type Fault =
  /** It never reaches the server: `TransportError` with `neverSent`. */
  | {readonly kind: 'unsent'}
  /** It happens, and its reply is lost. Of a watch: the connection breaks before the head. */
  | {readonly kind: 'lostReply'}
  /**
   * No reply ever; given up after the call's `timeoutMs`. It happens first where `happens` is set.
   */
  | {readonly kind: 'hang'; readonly happens?: boolean}
  /** Late on its way there, and on its way back. */
  | {readonly kind: 'delay'; readonly beforeMs?: number; readonly afterMs?: number}
  /** Answered with this status, and not done. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly reason?: string;
      readonly message?: string;
      readonly retryAfterMs?: number;
    }
  /** Of watches only; other calls are let through. */
  | LineFault;

export interface FaultRule {
  readonly fault: Fault;
  /** Which calls it is for. Default: all. */
  readonly matches?: (call: ApiCall, isWatch: boolean) => boolean;
  /** So many matching calls go through unharmed before. Default 0. */
  readonly skip?: number;
  /** How many matching calls it hits. Default 1; `Infinity` until it is taken off. */
  readonly times?: number;
}

export interface FaultyTransportOptions {
  readonly transport: Transport;
  /** For delays and hanging calls. */
  readonly clock: Clock;
}

interface Armed {
  readonly rule: FaultRule;
  skip: number;
  times: number;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const REASONS: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/**
 * A transport on which faults can be staged: of the calls that a rule matches, the first rule
 * decides.
 */
export class FaultyTransport implements Transport {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #rules: Armed[] = [];
  readonly #streams = new Set<FaultyLines>();

  constructor({transport, clock}: FaultyTransportOptions) {
    this.#transport = transport;
    this.#clock = clock;
  }

  /** Stages `rule`, after those staged before it. The returned function takes it off again. */
  inject(rule: FaultRule): () => void {
    const armed = {rule, skip: rule.skip ?? 0, times: rule.times ?? 1};
    this.#rules.push(armed);
    return () => this.#disarm(armed);
  }

  /** Takes every rule off. */
  heal(): void {
    this.#rules.length = 0;
  }

  /** Watches that are open. */
  get openWatches(): number {
    return this.#streams.size;
  }

  /** Breaks every open watch now; lines that wait for their reader are lost. */
  cutWatches(): void {
    for (const stream of [...this.#streams]) stream.cut();
  }

  /** From now on no line comes out of the open watches, which stay open. */
  silenceWatches(): void {
    for (const stream of this.#streams) stream.silence();
  }

  async send<T = unknown>(call: ApiCall, signal?: AbortSignal): Promise<ApiReply<T>> {
    const fault = this.#faultFor(call, false);
    const forward = () => this.#transport.send<T>(call, signal);
    switch (fault?.kind) {
      case undefined:
      case 'lines':
        return forward();
      case 'unsent':
        throw brokenOff(call, 'connection refused', true);
      case 'lostReply':
        await forward();
        throw brokenOff(call, 'connection reset');
      case 'hang':
        if (fault.happens) await forward();
        return this.#hang(call, signal);
      case 'delay': {
        await this.#delay(call, fault.beforeMs, signal, true);
        const reply = await forward();
        await this.#delay(call, fault.afterMs, signal, false);
        return reply;
      }
      case 'status':
        return answered(fault) as ApiReply<T>;
      default:
        return assertNever(fault);
    }
  }

  async watch(call: ApiCall, signal: AbortSignal): Promise<WatchReply> {
    const fault = this.#faultFor(call, true);
    switch (fault?.kind) {
      case undefined:
        return this.#open(call, signal, undefined);
      case 'lines':
        return this.#open(call, signal, fault);
      case 'unsent':
        throw brokenOff(call, 'connection refused', true);
      case 'lostReply':
        throw brokenOff(call, 'connection reset');
      case 'hang':
        return this.#hang(call, signal);
      case 'delay': {
        await this.#delay(call, fault.beforeMs, signal, true);
        const reply = await this.#open(call, signal, undefined);
        await this.#delay(call, fault.afterMs, signal, false);
        return reply;
      }
      case 'status': {
        const {body, ...rest} = answered(fault);
        return {...rest, error: body, lines: noLines()};
      }
      default:
        return assertNever(fault);
    }
  }

  /** Breaks the open watches and closes the transport behind. */
  async close(): Promise<void> {
    this.cutWatches();
    await this.#transport.close();
  }

  async #open(
    call: ApiCall,
    signal: AbortSignal,
    fault: LineFault | undefined,
  ): Promise<WatchReply> {
    const inner = new AbortController();
    const reply = await this.#transport.watch(call, AbortSignal.any([signal, inner.signal]));
    if (reply.error !== undefined) return reply;
    const lines = new FaultyLines({
      label: `${call.method} ${call.path}`,
      source: reply.lines,
      signal,
      fault,
      onEnd: () => {
        this.#streams.delete(lines);
        inner.abort();
      },
    });
    this.#streams.add(lines);
    return {...reply, lines};
  }

  #faultFor(call: ApiCall, isWatch: boolean): Fault | undefined {
    for (const armed of this.#rules) {
      if (armed.rule.matches && !armed.rule.matches(call, isWatch)) continue;
      // A fault of lines has no meaning for a call without them, and must not be used up by it.
      if (armed.rule.fault.kind === 'lines' && !isWatch) continue;
      if (armed.skip > 0) {
        armed.skip--;
        continue;
      }
      if (--armed.times <= 0) this.#disarm(armed);
      return armed.rule.fault;
    }
    return undefined;
  }

  #disarm(armed: Armed): void {
    const index = this.#rules.indexOf(armed);
    if (index >= 0) this.#rules.splice(index, 1);
  }

  async #hang(call: ApiCall, signal: AbortSignal | undefined): Promise<never> {
    const timeoutMs = call.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    await sleep(this.#clock, timeoutMs, signal ?? new AbortController().signal);
    const why = signal?.aborted ? 'given up by the caller' : `no reply within ${timeoutMs} ms`;
    throw brokenOff(call, why);
  }

  async #delay(
    call: ApiCall,
    delayMs: number | undefined,
    signal: AbortSignal | undefined,
    neverSent: boolean,
  ): Promise<void> {
    if (delayMs === undefined) return;
    await sleep(this.#clock, delayMs, signal ?? new AbortController().signal);
    if (signal?.aborted) throw brokenOff(call, 'given up by the caller', neverSent);
  }
}

function brokenOff({method, path}: ApiCall, why: string, neverSent = false): TransportError {
  return new TransportError(`Cannot ${method} ${path}: ${why}`, {neverSent});
}

function answered(fault: Extract<Fault, {kind: 'status'}>): ApiReply {
  const {status, retryAfterMs, message = 'a staged fault'} = fault;
  const reason = fault.reason ?? REASONS[status] ?? '';
  return {
    status,
    body: failure(status, reason, message),
    ...(retryAfterMs !== undefined && {retryAfterMs}),
  };
}

async function* noLines(): AsyncGenerator<string, void> {}
