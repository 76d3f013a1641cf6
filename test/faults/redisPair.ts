import {type RealRedis, startRedis, withClient} from '../servers/redisServer.ts';
import {waitFor} from '../servers/waitFor.ts';
import {TcpProxy} from './tcpProxy.ts';

/** Ours also where BERTH_REDIS_URL names one for the run: it is going to be killed. */
const ownRedis = {users: ['user default on nopass ~* &* +@all']};
const syncMs = 10_000;

/** A Redis with a replica, behind an address that leads to whichever of them is the primary. */
export class RedisPair {
  readonly primary: RealRedis;
  readonly #replica: RealRedis;
  readonly #address: TcpProxy;

  private constructor(primary: RealRedis, replica: RealRedis, address: TcpProxy) {
    this.primary = primary;
    this.#replica = replica;
    this.#address = address;
  }

  /** Starts both and waits until the replica follows. */
  static async start(): Promise<RedisPair> {
    const [primary, replica] = await Promise.all([startRedis(ownRedis), startRedis(ownRedis)]);
    const pair = new RedisPair(primary, replica, await TcpProxy.start(portOf(primary)));
    await withClient(primary, (client) => client.config('SET', 'repl-diskless-sync-delay', '0'));
    await withClient(replica, (client) => client.replicaof('127.0.0.1', portOf(primary)));
    await waitFor('the replica to follow', syncMs, async () => {
      const text = await withClient(replica, (client) => client.info('replication'));
      return text.includes('master_link_status:up');
    });
    return pair;
  }

  /** What the operator is told. */
  get flags(): readonly string[] {
    const url = `redis://127.0.0.1:${this.#address.port}`;
    return ['--ledger-kind', 'redis', '--ledger-redis-url', url];
  }

  /** From now on the replica hears nothing more; it can be the primary at once. */
  async endReplication(): Promise<void> {
    await withClient(this.#replica, (client) => client.replicaof('NO', 'ONE'));
  }

  /** The primary is gone, with all that the other one has not heard. */
  async failOver(): Promise<void> {
    await this.primary.kill();
    this.#address.leadTo(portOf(this.#replica));
  }

  async stop(): Promise<void> {
    await this.#address.stop();
    await Promise.all([this.primary.stop(), this.#replica.stop()]);
  }
}

function portOf({url}: RealRedis): number {
  return Number(new URL(url).port);
}
