import {type Dispatcher, Pool, ProxyAgent} from 'undici';
import type {TlsMaterial} from './credentials.ts';
import type {Lane} from './transport.ts';

export interface LaneOptions {
  /** Scheme, host and port; no path. */
  readonly origin: string;
  readonly tls: TlsMaterial;
  readonly proxyUrl?: string;
  /** Connections of the `api` lane. */
  readonly connections: number;
}

/** More than 32 connections, or HTTP/2, gave no more throughput and a worse p99. */
export const DEFAULT_API_CONNECTIONS = 32;
/** A watch holds its connection; beyond this many at once, opening one times out. */
const WATCH_CONNECTIONS = 1_024;
const LEASE_CONNECTIONS = 2;
const LEDGER_CONNECTIONS = 2;
/** A connection is renewed after so many calls, or one API server behind a balancer keeps all. */
const MAX_CALLS_A_CONNECTION = 1_000;
/**
 * Below the 90 s after which an API server closes an idle connection, and the 60 s of balancers.
 */
const IDLE_MS = 30_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** A reply is one JavaScript string, which ends at 512 MB. */
const MAX_REPLY_BYTES = 256 * 1024 * 1024;

/**
 * One pool of connections a lane, all with the same TLS material. Nothing connects before a call.
 */
export class Lanes {
  readonly tls: TlsMaterial;
  readonly #lanes: Readonly<Record<Lane, Dispatcher>>;

  constructor(options: LaneOptions) {
    this.tls = options.tls;
    this.#lanes = {
      api: open(options, options.connections, MAX_REPLY_BYTES),
      watch: open(options, WATCH_CONNECTIONS, -1),
      ledger: open(options, LEDGER_CONNECTIONS, MAX_REPLY_BYTES),
      lease: open(options, LEASE_CONNECTIONS, MAX_REPLY_BYTES),
    };
  }

  get(lane: Lane): Dispatcher {
    return this.#lanes[lane];
  }

  /** Lets what is under way finish, then closes; for a change of certificates. */
  retire(): void {
    for (const lane of Object.values(this.#lanes)) {
      // Nobody waits for it, and a connection that breaks meanwhile has told its own caller.
      lane.close().catch(() => {});
    }
  }

  /** Drops every connection now. */
  async destroy(): Promise<void> {
    await Promise.all(Object.values(this.#lanes).map((lane) => lane.destroy()));
  }
}

function open(options: LaneOptions, connections: number, maxResponseSize: number): Dispatcher {
  const {tls} = options;
  const connect = {
    ...(tls.ca !== undefined && {ca: tls.ca}),
    ...(tls.cert !== undefined && {cert: tls.cert}),
    ...(tls.key !== undefined && {key: tls.key}),
    ...(tls.serverName !== undefined && {servername: tls.serverName}),
    ...(tls.skipVerify && {rejectUnauthorized: false}),
    keepAliveInitialDelay: IDLE_MS,
    timeout: CONNECT_TIMEOUT_MS,
    allowH2: false,
  };
  const shared = {
    connections,
    maxResponseSize,
    allowH2: false,
    pipelining: 1,
    maxRequestsPerClient: MAX_CALLS_A_CONNECTION,
    keepAliveTimeout: IDLE_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // Every call has one deadline of its own, on our clock; undici's are a second opinion.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  if (options.proxyUrl !== undefined) {
    return new ProxyAgent({...shared, uri: options.proxyUrl, requestTls: connect});
  }
  return new Pool(options.origin, {...shared, connect});
}
