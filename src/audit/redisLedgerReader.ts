import type {ConnectionOptions} from 'node:tls';
import {Redis} from 'ioredis';
import {errorOf} from '../lib/errorOf.ts';
import type {LedgerRecord} from './observed.ts';

export interface RedisLedgerReaderOptions {
  /** `redis://HOST:PORT` or `rediss://HOST:PORT`, with `/DATABASE` where it is not 0. */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly tls?: ConnectionOptions | undefined;
  /** Of the hash: uid -> `worker|cpuMillis|memoryBytes|gpuMillis|devices|request`. */
  readonly key: string;
  readonly timeoutMs: number;
}

/** Fields a page. */
const PAGE = 1_000;

/**
 * Reads what a ledger in Redis holds, with nothing of the ledger's own code. Only `HSCAN`: a record
 * that changes meanwhile may be missed or old, so a difference counts once it has lasted.
 */
export class RedisLedgerReader {
  readonly #key: string;
  readonly #client: Redis;

  /** Connects to nothing before the first read. */
  constructor({url: text, username, password, tls, key, timeoutMs}: RedisLedgerReaderOptions) {
    const url = new URL(text);
    this.#key = key;
    this.#client = new Redis({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port || '6379'),
      db: Number(url.pathname.slice(1) || '0'),
      ...(username !== undefined && {username}),
      ...(password !== undefined && {password}),
      ...(tls && {tls}),
      lazyConnect: true,
      commandTimeout: timeoutMs,
      connectTimeout: timeoutMs,
      maxRetriesPerRequest: 0,
      // A user that may only scan may ask for nothing else.
      enableReadyCheck: false,
      disableClientInfo: true,
      retryStrategy: () => timeoutMs,
    });
    // Each read says itself what went wrong.
    this.#client.on('error', () => {});
  }

  /** @throws Error when Redis does not answer, or holds what is no allocation */
  async read(): Promise<readonly LedgerRecord[]> {
    const records = new Map<string, LedgerRecord>();
    let cursor = '0';
    do {
      const [next, flat] = await this.#page(cursor);
      for (let at = 0; at + 1 < flat.length; at += 2) {
        records.set(flat[at]!, recordOf(flat[at]!, flat[at + 1]!));
      }
      cursor = next;
    } while (cursor !== '0');
    return [...records.values()];
  }

  close(): void {
    this.#client.disconnect();
  }

  async #page(cursor: string): Promise<[cursor: string, flat: string[]]> {
    try {
      return await this.#client.hscan(this.#key, cursor, 'COUNT', PAGE);
    } catch (cause) {
      throw new Error(`Cannot read ${this.#key} of Redis: ${errorOf(cause).message}`, {cause});
    }
  }
}

function recordOf(uid: string, text: string): LedgerRecord {
  const [workerName = '', cpuMillis, memoryBytes, gpuMillis, devices = '', ...request] =
    text.split('|');
  const amounts = [cpuMillis, memoryBytes, gpuMillis].map(Number);
  const gpuDevices = devices === '' ? [] : devices.split(',').map(Number);
  const isSound =
    workerName !== '' &&
    request.length > 0 &&
    [...amounts, ...gpuDevices].every(Number.isSafeInteger);
  if (!isSound) {
    const wanted = '"worker|cpu|memory|gpu|devices|request"';
    const found = JSON.stringify(text.slice(0, 64));
    throw new Error(
      `Cannot read what Redis holds for ${uid} as it must be ${wanted}: current value is ${found}`,
    );
  }
  return {
    uid,
    workerName,
    cpuMillis: amounts[0]!,
    memoryBytes: amounts[1]!,
    gpuMillis: amounts[2]!,
    gpuDevices,
  };
}
