import {Redis} from 'ioredis';
import {errorOf} from '../lib/errorOf.ts';
import {type RedisOptions, readCredentials} from './redisCredentials.ts';

export interface RedisGaugeOptions
  extends Pick<RedisOptions, 'url' | 'username' | 'password' | 'tls'> {
  readonly timeoutMs: number;
}

/** Calls since Redis started, by its own statistics. */
export interface RedisCalls {
  /** Scripts: a ledger's updates. */
  readonly scripts: number;
  /** SET and DEL: a lock taken and given back. */
  readonly locks: number;
}

/**
 * Beside the ledger's own connection, for measurements: what Redis itself counts, locks as
 * operators without a ledger take them, and the removal of a ledger that is not needed any more.
 */
export class RedisGauge {
  /** Host and port, for people. */
  readonly address: string;
  readonly #client: Redis;
  #lastError: Error | undefined;

  /** Connects to nothing before the first question. */
  constructor({url: text, timeoutMs, ...credentials}: RedisGaugeOptions) {
    const url = new URL(text);
    this.address = `${url.hostname}:${url.port || '6379'}`;
    this.#client = new Redis({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port || '6379'),
      db: Number(url.pathname.slice(1) || '0'),
      ...readCredentials({...credentials, url: text}),
      lazyConnect: true,
      commandTimeout: timeoutMs,
      connectTimeout: timeoutMs,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
    // The question that it broke says it.
    this.#client.on('error', (error: Error) => {
      this.#lastError = error;
    });
  }

  /** For example `7.0.15`. */
  async version(): Promise<string> {
    const text = await this.#ask('its version', () => this.#client.info('server'));
    return /^redis_version:(\S+)/m.exec(text)?.[1] ?? 'unknown';
  }

  async calls(): Promise<RedisCalls> {
    const text = await this.#ask('its statistics', () => this.#client.info('commandstats'));
    const of = (command: string) =>
      Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(text)?.[1] ?? 0);
    return {scripts: of('evalsha') + of('eval'), locks: of('set') + of('del')};
  }

  /** False where somebody else holds it. It ends by itself after `maxMs`. */
  async tryLock(key: string, owner: string, maxMs: number): Promise<boolean> {
    const set = () => this.#client.set(key, owner, 'PX', maxMs, 'NX');
    return (await this.#ask('a lock', set)) === 'OK';
  }

  async unlock(key: string): Promise<void> {
    await this.#ask('the end of a lock', () => this.#client.del(key));
  }

  /** Removes every key of the ledger. */
  async removeLedger(keyPrefix: string, name: string): Promise<void> {
    const keys = ['head', 'allocations', 'sums'].map((part) => `${keyPrefix}:{${name}}:${part}`);
    await this.#ask('the removal of a ledger', () => this.#client.del(...keys));
  }

  close(): void {
    this.#client.disconnect();
  }

  async #ask<T>(what: string, question: () => Promise<T>): Promise<T> {
    try {
      if (this.#client.status === 'wait') await this.#client.connect();
      return await question();
    } catch (cause) {
      // A question whose connection broke only says so; the connection's own error says why.
      const error = this.#lastError ?? errorOf(cause);
      const advice =
        error.name === 'ReplyError'
          ? 'look at --redis-username, its password and its rights'
          : 'start it, or name another by --redis-url';
      throw new Error(
        `Cannot ask Redis at ${this.address} for ${what}: ${error.message}; ${advice}`,
        {cause},
      );
    }
  }
}
