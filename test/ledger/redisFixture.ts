import {readFileSync} from 'node:fs';
import {Redis} from 'ioredis';
import {afterEach, expect} from 'vitest';
import type {CommitResult} from '../../src/ledger/ledger.ts';
import type {RedisOptions} from '../../src/ledger/redisCredentials.ts';
import {RedisLedger} from '../../src/ledger/redisLedger.ts';
import {systemClock} from '../../src/lib/clock.ts';
import {type RealRedis, startRedis} from '../servers/redisServer.ts';
import {makeAllocation, makeCommit} from './allocations.ts';

const signal = new AbortController().signal;

/** The keys of the ledgers that `RedisFixture` makes. */
export const keys = {
  head: 'test:{berth}:head',
  allocations: 'test:{berth}:allocations',
  sums: 'test:{berth}:sums',
};

/** One Redis a test, with the ledgers and admin clients that are closed after it. */
export class RedisFixture {
  #server: RealRedis | undefined;
  readonly #ledgers: RedisLedger[] = [];
  readonly #admins: Redis[] = [];

  constructor() {
    afterEach(() => this.#close());
  }

  get server(): RealRedis {
    if (!this.#server) throw new Error('Cannot use the Redis of this test as it is not started');
    return this.#server;
  }

  /** Always one of its own, as it will be killed, paused and emptied. */
  async start(options: {tls?: boolean; users?: readonly string[]} = {}): Promise<void> {
    const users = ['user default on nopass ~* &* +@all'];
    this.#server = await startRedis({users, ...options});
  }

  makeLedger(redis: Partial<RedisOptions> = {}): RedisLedger {
    const ledger = new RedisLedger({
      redis: {url: this.server.url, keyPrefix: 'test', commandTimeoutMs: 1000, ...redis},
      name: 'berth',
      clock: systemClock,
    });
    this.#ledgers.push(ledger);
    return ledger;
  }

  makeAdmin(): Redis {
    const {url, tls} = this.server;
    const read = (file: string) => readFileSync(file);
    const admin = new Redis(
      url,
      tls ? {tls: {ca: read(tls.caFile), cert: read(tls.certFile), key: read(tls.keyFile)}} : {},
    );
    admin.on('error', () => {});
    this.#admins.push(admin);
    return admin;
  }

  async #close(): Promise<void> {
    for (const ledger of this.#ledgers.splice(0)) await ledger.close();
    for (const admin of this.#admins.splice(0)) admin.disconnect();
    await this.#server?.stop();
    this.#server = undefined;
  }
}

/** Opens and settles an empty ledger. */
export async function settled(ledger: RedisLedger, epoch = 1): Promise<void> {
  expect(await ledger.open(epoch, signal)).toMatchObject({kind: 'opened'});
  expect(await ledger.settle(epoch, [], signal)).toMatchObject({kind: 'committed'});
}

/** Commits one small allocation on `w-1`. */
export function assign(ledger: RedisLedger, uid: string, cycle = 1): Promise<CommitResult> {
  return ledger.commit(makeCommit({cycle, assignments: [makeAllocation(uid)]}), signal);
}
