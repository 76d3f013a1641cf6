import {type Battle, nowMs} from './battle.ts';
import {RedisPair} from './redisPair.ts';
import {pair, type Scenario, type Strike, signalled} from './scenarios.ts';

/** What the replica misses. */
const missedMs = 1_000;
const downMs = 500;
const exitMs = 20_000;
/** A batch closes and is committed in less, and Redis is waited for longer (1 s). */
const commitMs = 200;
/** Until what waits has taken every place. */
const fillMs = 500;

/** The ledger of all replicas in a Redis of their own. */
function onRedis(
  name: string,
  stage: (battle: Battle, redis: RedisPair) => Promise<Strike>,
): Scenario {
  return {
    name,
    async prepare(battle) {
      const redis = await RedisPair.start();
      battle.useLedger(redis.flags);
      const staged = await stage(battle, redis);
      const close = async () => {
        await staged.close?.();
        await redis.stop();
      };
      return {...staged, close};
    },
  };
}

/** Until its primary goes, the replica misses a second. */
async function partReplica(battle: Battle, redis: RedisPair): Promise<void> {
  await redis.endReplication();
  await battle.lasts(missedMs);
}

/** The ledger in Redis, which may forget what it has answered. */
export const redisScenarios: readonly Scenario[] = [
  onRedis('Redis killed, and started again empty', async (battle, redis) => {
    await battle.addOperator();
    return {
      async strike() {
        const sinceMs = nowMs();
        await redis.primary.kill();
        await battle.lasts(downMs);
        await redis.primary.restart();
        return {sinceMs};
      },
    };
  }),
  onRedis('Redis fails over to a replica that misses the last second', async (battle, redis) => {
    await battle.addOperator();
    return {
      async strike() {
        await partReplica(battle, redis);
        const sinceMs = nowMs();
        await redis.failOver();
        return {sinceMs};
      },
    };
  }),
  onRedis('leader killed, and Redis fails over without its last second', async (battle, redis) => {
    const leader = await pair(battle);
    return {
      async strike() {
        await partReplica(battle, redis);
        const recovery = signalled(battle, leader, 'SIGKILL');
        await redis.failOver();
        return recovery;
      },
    };
  }),
  onRedis(
    'leader stopped with its commit answered, Redis fails over without that, leader resumed',
    async (battle, redis) => {
      const leader = await pair(battle);
      return {
        async strike() {
          await redis.endReplication();
          battle.load.hold();
          // Its commit is on its way, and meets a Redis that answers when nobody hears it.
          redis.primary.pause();
          await battle.lasts(commitMs);
          const recovery = signalled(battle, leader, 'SIGSTOP');
          // The next leader gives the place that only this commit held to others.
          battle.load.priority = 100;
          redis.primary.resume();
          await battle.lasts(commitMs);
          await redis.failOver();
          return recovery;
        },
        async after() {
          await battle.lasts(fillMs);
          leader.signal('SIGCONT');
          await battle.until('the old leader to leave', exitMs, () => leader.hasEnded);
          battle.load.release();
        },
        async close() {
          leader.signal('SIGCONT');
        },
      };
    },
  ),
];
