import {nowMs} from './battle.ts';
import {RedisPair} from './redisPair.ts';
import type {Scenario} from './scenarios.ts';

/** What the replica misses. */
const missedMs = 1_000;
const downMs = 500;
const exitMs = 20_000;
/** A batch closes and is committed in less, and Redis is waited for longer (1 s). */
const commitMs = 200;
/** Until what waits has taken every place. */
const fillMs = 500;

/** The ledger in Redis, which may forget what it has answered. */
export const redisScenarios: readonly Scenario[] = [
  {
    name: 'Redis killed, and started again empty',
    async prepare(battle) {
      const redis = await RedisPair.start();
      battle.useLedger(redis.flags);
      await battle.addOperator();
      return {
        async strike() {
          const sinceMs = nowMs();
          await redis.primary.kill();
          await battle.lasts(downMs);
          await redis.primary.restart();
          return {sinceMs};
        },
        close: () => redis.stop(),
      };
    },
  },
  {
    name: 'Redis fails over to a replica that misses the last second',
    async prepare(battle) {
      const redis = await RedisPair.start();
      battle.useLedger(redis.flags);
      await battle.addOperator();
      return {
        async strike() {
          await redis.endReplication();
          await battle.lasts(missedMs);
          const sinceMs = nowMs();
          await redis.failOver();
          return {sinceMs};
        },
        close: () => redis.stop(),
      };
    },
  },
  {
    name: 'leader killed, and Redis fails over without its last second',
    async prepare(battle) {
      const redis = await RedisPair.start();
      battle.useLedger(redis.flags);
      const leader = await battle.addOperator();
      await battle.addOperator();
      return {
        async strike() {
          await redis.endReplication();
          await battle.lasts(missedMs);
          const endedEpoch = battle.observer.epoch;
          const sinceMs = nowMs();
          leader.signal('SIGKILL');
          await redis.failOver();
          return {sinceMs, endedEpoch};
        },
        close: () => redis.stop(),
      };
    },
  },
  {
    name: 'leader stopped with its commit answered, Redis fails over without that, leader resumed',
    async prepare(battle) {
      const redis = await RedisPair.start();
      battle.useLedger(redis.flags);
      const leader = await battle.addOperator();
      await battle.addOperator();
      return {
        async strike() {
          await redis.endReplication();
          battle.load.hold();
          // Its commit is on its way, and meets a Redis that answers when nobody hears it.
          redis.primary.pause();
          await battle.lasts(commitMs);
          const endedEpoch = battle.observer.epoch;
          const sinceMs = nowMs();
          leader.signal('SIGSTOP');
          // The next leader gives the place that only this commit held to others.
          battle.load.priority = 100;
          redis.primary.resume();
          await battle.lasts(commitMs);
          await redis.failOver();
          return {sinceMs, endedEpoch};
        },
        async after() {
          await battle.lasts(fillMs);
          leader.signal('SIGCONT');
          await battle.until('the old leader to leave', exitMs, () => leader.hasEnded);
          battle.load.release();
        },
        close: async () => {
          leader.signal('SIGCONT');
          await redis.stop();
        },
      };
    },
  },
];
