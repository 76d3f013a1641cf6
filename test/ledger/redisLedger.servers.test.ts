import {Redis} from 'ioredis';
import {afterAll, beforeAll} from 'vitest';
import {RedisLedger} from '../../src/ledger/redisLedger.ts';
import {systemClock} from '../../src/lib/clock.ts';
import {describeLedger} from './conformance.ts';
import {RedisServer} from './redisServer.ts';

let server: RedisServer;
let admin: Redis;
let names = 0;

beforeAll(async () => {
  server = await RedisServer.start();
  admin = new Redis(server.url);
});
afterAll(async () => {
  admin.disconnect();
  await server[Symbol.asyncDispose]();
});

describeLedger('redis', {
  modelRuns: 60,
  async makeFixture() {
    const options = {
      redis: {url: server.url, keyPrefix: 'test', commandTimeoutMs: 1000},
      name: `ledger-${names++}`,
      clock: systemClock,
    };
    const [first, second] = [new RedisLedger(options), new RedisLedger(options)];
    return {
      first,
      second,
      async countCalls() {
        const stats = await admin.info('commandstats');
        const calls = [...stats.matchAll(/cmdstat_(?:evalsha|eval|hscan):calls=(\d+)/g)];
        return calls.reduce((sum, [, count]) => sum + Number(count), 0);
      },
      async close() {
        await first.close();
        await second.close();
      },
    };
  },
});
