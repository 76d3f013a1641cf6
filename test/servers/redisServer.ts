import {randomBytes} from 'node:crypto';
import {readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {Redis} from 'ioredis';
import {ensureServers} from './ensureServers.ts';
import {freePort} from './freePort.ts';
import {makeRedisTls, type RedisTls} from './redisTls.ts';
import {ServerProcess} from './serverProcess.ts';
import {makeTempFolder, removeTempFolder} from './tempFolder.ts';

export interface RedisOptions {
  /** Speak TLS only, with certificates made for it. Default false. */
  readonly tls?: boolean;
  /** Lines of an ACL file, for example `user berth on >secret ~berth:* +@all`. */
  readonly users?: readonly string[];
  /** Default: a free one. */
  readonly port?: number;
}

export interface RealRedis {
  /** `redis://127.0.0.1:PORT`, or `rediss://...` with TLS. */
  readonly url: string;
  /** True for BERTH_REDIS_URL: not ours, so it cannot be stopped, paused or restarted. */
  readonly isExternal: boolean;
  readonly tls: RedisTls | undefined;
  /** Calls by lower-case command since the last reset, from `INFO commandstats`. */
  commandCalls(): Promise<Map<string, number>>;
  resetCommandCalls(): Promise<void>;
  /** Writes the store to disk, for `restart({from: 'save'})`. */
  save(): Promise<void>;
  /**
   * Kills it and starts it on the same port: `empty` (default), or from the last `save`, as a
   * failover that loses the last writes.
   */
  restart(options?: {from?: 'empty' | 'save'}): Promise<void>;
  /** Kills it; `restart` brings it back. */
  kill(): Promise<void>;
  /** Stops it where it is, connections open; `resume` lets it go on. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

const READY_MS = 20_000;
const TRIES_FOR_A_PORT = 5;

/**
 * A Redis for tests: the one of BERTH_REDIS_URL where that is set and nothing special is asked for,
 * else one started here.
 * @throws Error with the end of the log when it does not start
 */
export async function startRedis(options: RedisOptions = {}): Promise<RealRedis> {
  const given = process.env['BERTH_REDIS_URL'];
  const isPlain = !options.tls && !options.users && options.port === undefined;
  if (given && isPlain) return externalRedis(given);
  const {'redis-server': program} = await ensureServers('redis-server');
  const folder = makeTempFolder('redis');
  const tls = options.tls ? await makeRedisTls(folder) : undefined;
  const admin = options.users ? writeUsers(folder, options.users) : undefined;
  const own = new OwnRedis({program, folder, tls, admin});
  try {
    await own.start(options.port);
  } catch (error) {
    await own.stop();
    throw error;
  }
  return own;
}

/** What the tests ask it themselves must work whatever the users under test may do. */
interface RedisAdmin {
  readonly username: string;
  readonly password: string;
}

function writeUsers(folder: string, users: readonly string[]): RedisAdmin {
  const admin = {username: 'test-admin', password: randomBytes(16).toString('hex')};
  const line = `user ${admin.username} on >${admin.password} ~* &* +@all`;
  writeFileSync(join(folder, 'users.acl'), `${[line, ...users].join('\n')}\n`, {mode: 0o600});
  return admin;
}

class OwnRedis implements RealRedis {
  readonly isExternal = false;
  readonly tls: RedisTls | undefined;
  readonly #program: string;
  readonly #folder: string;
  readonly #admin: RedisAdmin | undefined;
  #port = 0;
  #process: ServerProcess | undefined;

  constructor(options: {
    program: string;
    folder: string;
    tls: RedisTls | undefined;
    admin: RedisAdmin | undefined;
  }) {
    this.tls = options.tls;
    this.#program = options.program;
    this.#folder = options.folder;
    this.#admin = options.admin;
  }

  get url(): string {
    return `${this.tls ? 'rediss' : 'redis'}://127.0.0.1:${this.#port}`;
  }

  async start(wanted?: number): Promise<void> {
    for (let tries = 1; ; tries++) {
      this.#port = wanted ?? (await freePort());
      try {
        return await this.#start();
      } catch (error) {
        const isTaken = this.#process?.foundPortTaken() ?? false;
        if (!isTaken || wanted !== undefined || tries >= TRIES_FOR_A_PORT) throw error;
      }
    }
  }

  commandCalls(): Promise<Map<string, number>> {
    return this.#ask(readCommandCalls);
  }

  async resetCommandCalls(): Promise<void> {
    await this.#ask((client) => client.config('RESETSTAT'));
  }

  async save(): Promise<void> {
    await this.#ask((client) => client.save());
  }

  async restart({from = 'empty'}: {from?: 'empty' | 'save'} = {}): Promise<void> {
    await this.kill();
    if (from === 'empty') rmSync(join(this.#folder, 'dump.rdb'), {force: true});
    await this.#start();
  }

  async kill(): Promise<void> {
    await this.#process?.stop(0);
  }

  pause(): void {
    this.#process?.pause();
  }

  resume(): void {
    this.#process?.resume();
  }

  async stop(): Promise<void> {
    await this.kill();
    removeTempFolder(this.#folder);
  }

  async #start(): Promise<void> {
    const started = ServerProcess.start({
      name: 'redis-server',
      program: this.#program,
      arguments: this.#flags(),
      logPath: join(this.#folder, 'redis.log'),
    });
    this.#process = started;
    await started.waitUntil(
      () => Promise.resolve(/Ready to accept connections/.test(started.logTail())),
      READY_MS,
    );
  }

  #flags(): string[] {
    const {tls} = this;
    const port = String(this.#port);
    const listen = tls
      ? ['--port', '0', '--tls-port', port, '--tls-auth-clients', 'no'].concat(
          ['--tls-ca-cert-file', tls.caFile],
          ['--tls-cert-file', tls.certFile, '--tls-key-file', tls.keyFile],
        )
      : ['--port', port];
    const users = this.#admin ? ['--aclfile', join(this.#folder, 'users.acl')] : [];
    return ['--bind', '127.0.0.1', '--dir', this.#folder, '--save', '', ...listen, ...users];
  }

  #ask<T>(question: (client: Redis) => Promise<T>): Promise<T> {
    return withClient({url: this.url, tls: this.tls, admin: this.#admin}, question);
  }
}

function externalRedis(url: string): RealRedis {
  const refuse = () => {
    throw new Error('Cannot stop or restart Redis as BERTH_REDIS_URL is not ours');
  };
  return {
    url,
    isExternal: true,
    tls: undefined,
    commandCalls: () => withClient({url}, readCommandCalls),
    async resetCommandCalls() {
      await withClient({url}, (client) => client.config('RESETSTAT'));
    },
    async save() {
      await withClient({url}, (client) => client.save());
    },
    restart: async () => refuse(),
    kill: async () => refuse(),
    pause: refuse,
    resume: refuse,
    async stop() {},
  };
}

async function readCommandCalls(client: Redis): Promise<Map<string, number>> {
  const calls = new Map<string, number>();
  const text = await client.info('commandstats');
  for (const [, command, count] of text.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)) {
    calls.set(command!, Number(count));
  }
  return calls;
}

/** Asks one question on a connection of its own, which is not tried again. */
export async function withClient<T>(
  to: {url: string; tls?: RedisTls | undefined; admin?: RedisAdmin | undefined},
  question: (client: Redis) => Promise<T>,
): Promise<T> {
  const client = new Redis(to.url, {
    lazyConnect: true,
    maxRetriesPerRequest: 1,
    retryStrategy: () => null,
    ...to.admin,
    ...(to.tls && {tls: {ca: readFileSync(to.tls.caFile, 'utf8')}}),
  });
  // Without a listener ioredis prints what `connect` throws anyway.
  client.on('error', () => {});
  try {
    await client.connect();
    return await question(client);
  } finally {
    client.disconnect();
  }
}
