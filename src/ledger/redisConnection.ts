import {Redis} from 'ioredis';
import type {Clock} from '../lib/clock.ts';
import {errorOf} from '../lib/errorOf.ts';
import type {Unavailable} from './ledger.ts';
import {redisCause} from './redisCause.ts';
import {type RedisOptions, readCredentials} from './redisCredentials.ts';
import {type ScriptArgument, type ScriptContract, scriptText} from './redisScript.ts';

const reconnectBaseMs = 50;
/** Also bounds how long a Redis that is back goes unnoticed. */
const reconnectMaxMs = 1000;

/** One connection to Redis that says at once when it is not there, and comes back by itself. */
export class RedisConnection {
  /** Host and port, for people. */
  readonly address: string;
  readonly #options: RedisOptions;
  readonly #clock: Clock;
  readonly #url: URL;
  #client: Redis | undefined;
  #lastError: Error | undefined;

  /** Connects to nothing and reads nothing before the first use. */
  constructor(options: RedisOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#url = new URL(options.url);
    this.address = `${this.#url.hostname}:${this.#url.port || '6379'}`;
  }

  /** Waits for the first connection, its first error or the command timeout. */
  async connect(signal: AbortSignal): Promise<Unavailable | undefined> {
    const client = this.#ensureClient();
    if (client && client.status !== 'ready') await this.#nextEvent(client, signal);
    return this.#outage();
  }

  /** The script's answer. Runs it once: what became of a lost one is for the caller to find out. */
  async run<Argument extends string>(
    contract: ScriptContract<string, Argument>,
    keys: readonly string[],
    args: Readonly<Record<Argument, ScriptArgument>>,
  ): Promise<readonly number[] | Unavailable> {
    const client = this.#ensureClient();
    const outage = this.#outage();
    if (!client || outage) return outage ?? this.#unavailable(undefined);
    const flat = contract.args.flatMap((name): ScriptArgument => args[name]).map(String);
    try {
      return integers(await evaluate(client, contract, keys, flat));
    } catch (error) {
      return this.#unavailable(error);
    }
  }

  /** One page of a hash, as [field, value] pairs, and the cursor of the next one; '0' ends it. */
  async page(
    key: string,
    cursor: string,
    count: number,
  ): Promise<{next: string; fields: (readonly [string, string])[]} | Unavailable> {
    const client = this.#ensureClient();
    const outage = this.#outage();
    if (!client || outage) return outage ?? this.#unavailable(undefined);
    try {
      const [next, flat] = await client.hscan(key, cursor, 'COUNT', count);
      const fields = flat.flatMap((field, index): [string, string][] =>
        index % 2 === 0 ? [[field, flat[index + 1] ?? '']] : [],
      );
      return {next, fields};
    } catch (error) {
      return this.#unavailable(error);
    }
  }

  /** Drops the connection; the next use opens another. */
  close(): void {
    this.#client?.disconnect();
    this.#client = undefined;
  }

  /** The client, connecting where it has given up; undefined where it must not even try. */
  #ensureClient(): Redis | undefined {
    this.#client ??= this.#createClient();
    const client = this.#client;
    if (client.status === 'wait' || client.status === 'end') {
      // Without its certificates it would send the password in the clear.
      if (!this.#readCredentials(client)) return undefined;
      // Its errors arrive as events too.
      client.connect().catch(() => {});
    }
    return client;
  }

  #createClient(): Redis {
    const {commandTimeoutMs} = this.#options;
    const database = Number(this.#url.pathname.slice(1) || '0');
    const client: Redis = new Redis({
      host: this.#url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(this.#url.port || '6379'),
      db: database,
      protocol: 2,
      lazyConnect: true,
      commandTimeout: commandTimeoutMs,
      connectTimeout: commandTimeoutMs,
      // A peer that vanished without a word is noticed by its silence, not by TCP in 15 minutes.
      socketTimeout: 2 * commandTimeoutMs,
      enableOfflineQueue: false,
      // A command whose connection broke fails now; only the committer may send a commit again.
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      // Neither INFO nor CLIENT: the ACL user needs the commands of the scripts, and HSCAN.
      enableReadyCheck: false,
      disableClientInfo: true,
      retryStrategy: (times) => {
        this.#readCredentials(client);
        return Math.min(reconnectMaxMs, reconnectBaseMs * 2 ** Math.min(times, 8));
      },
      // After a failover the old primary is a replica: the name leads elsewhere by now.
      reconnectOnError: (error) => error.message.includes('READONLY'),
    });
    client.on('error', (error: Error) => {
      this.#lastError = error;
    });
    client.on('ready', () => {
      this.#lastError = undefined;
    });
    return client;
  }

  /**
   * Reads password and certificates again, as both are rotated while the operator runs. False where
   * that failed; then the ones from before stay.
   */
  #readCredentials(client: Redis): boolean {
    try {
      Object.assign(client.options, readCredentials(this.#options));
      return true;
    } catch (error) {
      this.#lastError = errorOf(error);
      return false;
    }
  }

  #outage(): Unavailable | undefined {
    return this.#client?.status === 'ready' ? undefined : this.#unavailable(this.#lastError);
  }

  #unavailable(error: unknown): Unavailable {
    const own = error === undefined ? undefined : errorOf(error);
    // A command whose connection broke only says so; the connection's own error says why.
    const why = own && !own.message.includes('max retries per request') ? own : this.#lastError;
    const cause = why ?? own ?? new Error('it is not connected yet (trying)');
    return {kind: 'unavailable', cause: redisCause(this.address, cause)};
  }

  #nextEvent(client: Redis, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        cancel();
        signal.removeEventListener('abort', finish);
        for (const event of ['ready', 'error', 'end']) client.off(event, finish);
        resolve();
      };
      const cancel = this.#clock.setTimer(this.#options.commandTimeoutMs, finish);
      signal.addEventListener('abort', finish, {once: true});
      for (const event of ['ready', 'error', 'end']) client.on(event, finish);
      if (signal.aborted) finish();
    });
  }
}

/** By hash, and with its text only where Redis does not know it (restarted, or scripts flushed). */
async function evaluate(
  client: Redis,
  contract: ScriptContract,
  keys: readonly string[],
  args: readonly string[],
): Promise<unknown> {
  const {sha1, source} = scriptText(contract);
  try {
    return await client.evalsha(sha1, keys.length, ...keys, ...args);
  } catch (error) {
    if (!errorOf(error).message.startsWith('NOSCRIPT')) throw error;
    return client.eval(source, keys.length, ...keys, ...args);
  }
}

function integers(reply: unknown): readonly number[] {
  if (!Array.isArray(reply) || !reply.every((value) => typeof value === 'number')) {
    throw new Error(
      `Cannot read a script's answer as it must be integers: current value is ${JSON.stringify(reply)}`,
    );
  }
  return reply;
}
