import type {Dispatcher} from 'undici';
import {type Clock, systemClock} from '../lib/clock.ts';
import {CredentialCache} from './credentialCache.ts';
import {type CredentialSource, type Credentials, noCredentials, sameTls} from './credentials.ts';
import {Exchange, type ReplySink, textOf} from './exchange.ts';
import {DEFAULT_API_CONNECTIONS, Lanes} from './lanes.ts';
import {ReplyCollector} from './reply.ts';
import {
  type ApiCall,
  type ApiReply,
  type Lane,
  type Transport,
  TransportError,
  type WatchReply,
} from './transport.ts';
import {WatchLines} from './watchLines.ts';

export interface HttpTransportOptions {
  /** `http(s)://HOST:PORT`, with the path before `/api` where there is one. */
  readonly url: string;
  /** Default: none. */
  readonly credentials?: CredentialSource;
  /** `http(s)://HOST:PORT` of a proxy to go through. */
  readonly proxyUrl?: string;
  readonly clock?: Clock;
  /** Connections of the `api` lane. Default 32. */
  readonly connections?: number;
  /** Until the whole reply is in; of a watch, until its head is. Defaults 10 s, 5 s, 30 s. */
  readonly timeoutsMs?: Partial<Record<Lane, number>>;
  /** Default 8 MiB: etcd holds 1.5 MiB an object, and JSON escapes can treble that. */
  readonly maxLineBytes?: number;
  readonly userAgent?: string;
}

/** A Lease call must fail while the renew deadline (10 s) still leaves time for another try. */
const DEFAULT_TIMEOUTS_MS: Record<Lane, number> = {
  api: 10_000,
  ledger: 10_000,
  lease: 5_000,
  watch: 30_000,
};
const DEFAULT_MAX_LINE_BYTES = 8 * 1024 * 1024;
const UNAUTHORIZED = 401;

/**
 * The API server over HTTP/1.1 with connections that are kept: one pool a lane, so that neither a
 * burst of writes nor an open watch can hold up the renewal of the Lease.
 */
export class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions;
  readonly #clock: Clock;
  readonly #origin: string;
  readonly #prefix: string;
  readonly #credentials: CredentialCache;
  #lanes: Lanes | undefined;
  #closed = false;

  /** @throws Error when the URL is none */
  constructor(options: HttpTransportOptions) {
    const url = URL.canParse(options.url) ? new URL(options.url) : undefined;
    if (!url || !/^https?:$/.test(url.protocol)) {
      throw new Error(
        `Cannot use the server address as it must be http(s)://HOST:PORT: current value is ${options.url}`,
      );
    }
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#origin = url.origin;
    this.#prefix = url.pathname.replace(/\/$/, '');
    const source = options.credentials ?? (() => Promise.resolve(noCredentials));
    this.#credentials = new CredentialCache(source, this.#clock);
  }

  async send<T = unknown>(call: ApiCall, signal?: AbortSignal): Promise<ApiReply<T>> {
    const credentials = await this.#sign(call);
    let reply = await this.#send(call, credentials, signal);
    if (reply.status === UNAUTHORIZED) {
      // Refused calls had no effect; a rotated token must not look like a lost permission.
      this.#credentials.refused();
      const renewed = await this.#sign(call);
      const isNew = renewed.headers['authorization'] !== credentials.headers['authorization'];
      if (isNew || !sameTls(renewed.tls, credentials.tls)) {
        reply = await this.#send(call, renewed, signal);
      }
    }
    return reply as ApiReply<T>;
  }

  async watch(call: ApiCall, signal: AbortSignal): Promise<WatchReply> {
    const credentials = await this.#sign(call);
    return new Promise((resolve, reject) => {
      let lines: WatchLines | undefined;
      const fail = (outcome: ApiReply | TransportError) => {
        if (outcome instanceof Error) return reject(outcome);
        if (outcome.status === UNAUTHORIZED) this.#credentials.refused();
        const {status, body, ...rest} = outcome;
        resolve({status, error: body ?? {}, lines: noLines(), ...rest});
      };
      const refusal = this.#collector(call, fail);
      const exchange = this.#open({...call, lane: call.lane ?? 'watch'}, credentials, signal, {
        onHead: (status, headers) => {
          if (status >= 400) return refusal.onHead(status, headers);
          lines = new WatchLines(
            {
              pause: () => exchange.pause(),
              resume: () => exchange.resume(),
              cancel: () => exchange.abort('its reader left'),
            },
            this.#options.maxLineBytes ?? DEFAULT_MAX_LINE_BYTES,
          );
          exchange.untimed();
          resolve({status, lines});
        },
        onChunk: (chunk) => {
          if (!lines) return refusal.onChunk(chunk);
          try {
            lines.push(chunk);
          } catch (cause) {
            exchange.abort(textOf(cause), cause);
          }
        },
        onEnd: () => (lines ? lines.end() : refusal.onEnd()),
        onError: (error) => {
          if (!lines) return refusal.onError(error);
          lines.end(signal.aborted ? undefined : error);
        },
      });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#lanes?.destroy();
  }

  #send(call: ApiCall, credentials: Credentials, signal?: AbortSignal): Promise<ApiReply> {
    return new Promise((resolve, reject) => {
      const collector = this.#collector(call, (outcome) =>
        outcome instanceof Error ? reject(outcome) : resolve(outcome),
      );
      this.#open(call, credentials, signal, collector);
    });
  }

  #collector(call: ApiCall, settle: (outcome: ApiReply | TransportError) => void): ReplyCollector {
    return new ReplyCollector({label: labelOf(call), nowMs: () => this.#clock.nowMs(), settle});
  }

  #open(
    call: ApiCall,
    credentials: Credentials,
    signal: AbortSignal | undefined,
    sink: ReplySink,
  ): Exchange {
    const lane = call.lane ?? 'api';
    const timeoutMs =
      call.timeoutMs ?? this.#options.timeoutsMs?.[lane] ?? DEFAULT_TIMEOUTS_MS[lane];
    const {isWanted} = call;
    const limits = {clock: this.#clock, timeoutMs, signal, isWanted};
    const exchange = new Exchange(labelOf(call), sink, limits);
    exchange.start(this.#lane(lane, credentials), this.#request(call, credentials));
    return exchange;
  }

  async #sign(call: ApiCall): Promise<Credentials> {
    if (this.#closed) {
      throw new TransportError(`Cannot ${labelOf(call)}: closed`, {neverSent: true});
    }
    try {
      return await this.#credentials.get();
    } catch (cause) {
      const message = `Cannot ${labelOf(call)}: the credentials cannot be had: ${textOf(cause)}`;
      throw new TransportError(message, {cause, neverSent: true});
    }
  }

  #lane(lane: Lane, credentials: Credentials): Dispatcher {
    if (!this.#lanes || !sameTls(this.#lanes.tls, credentials.tls)) {
      this.#lanes?.retire();
      this.#lanes = new Lanes({
        origin: this.#origin,
        tls: credentials.tls,
        connections: this.#options.connections ?? DEFAULT_API_CONNECTIONS,
        ...(this.#options.proxyUrl !== undefined && {proxyUrl: this.#options.proxyUrl}),
      });
    }
    return this.#lanes.get(lane);
  }

  #request(call: ApiCall, credentials: Credentials): Dispatcher.DispatchOptions {
    const headers: Record<string, string> = {
      accept: 'application/json',
      'user-agent': this.#options.userAgent ?? 'berth',
      ...credentials.headers,
    };
    if (call.body !== undefined) headers['content-type'] = call.contentType ?? 'application/json';
    return {
      origin: this.#origin,
      method: call.method,
      path: `${this.#prefix}${call.path}${queryOf(call)}`,
      headers,
      body: call.body === undefined ? null : JSON.stringify(call.body),
    };
  }
}

function labelOf(call: ApiCall): string {
  return `${call.method} ${call.path}`;
}

function queryOf(call: ApiCall): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(call.query ?? {})) {
    if (value !== undefined) query.set(key, String(value));
  }
  return query.size === 0 ? '' : `?${query.toString()}`;
}

async function* noLines(): AsyncGenerator<string, void> {}
