import {afterAll, beforeAll, expect, it} from 'vitest';
import {RedisLedger} from '../../src/ledger/redisLedger.ts';
import {systemClock} from '../../src/lib/clock.ts';
import {type RealRedis, startRedis} from '../servers/redisServer.ts';
import {describeWithServers} from '../servers/requireServers.ts';
import {describeLedger} from './conformance.ts';

describeWithServers('a real Redis', ['redis'], () => {
  let server: RealRedis;
  let names = 0;

  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  it('takes no epoch for its own that another operator has, as after the Lease was deleted', async () => {
    const options = {
      redis: {url: server.url, keyPrefix: `test-${process.pid}`, commandTimeoutMs: 1000},
      name: `ledger-${names++}`,
      clock: systemClock,
    };
    const [first, second] = [new RedisLedger(options), new RedisLedger(options)];
    const {signal} = new AbortController();
    expect(await first.open(1, signal)).toMatchObject({kind: 'opened'});
    expect(await second.open(1, signal)).toEqual({kind: 'fenced', currentEpoch: 1});
    expect(await second.settle(1, [], signal)).toEqual({kind: 'fenced', currentEpoch: 1});
    expect(await first.open(1, signal)).toMatchObject({kind: 'opened'});
    expect(await first.settle(1, [], signal)).toMatchObject({kind: 'committed'});
    expect(await second.open(2, signal)).toMatchObject({kind: 'opened'});
    await Promise.all([first.close(), second.close()]);
  });

  describeLedger('redis', {
    modelRuns: 60,
    async makeFixture() {
      const options = {
        redis: {url: server.url, keyPrefix: `test-${process.pid}`, commandTimeoutMs: 1000},
        name: `ledger-${names++}`,
        clock: systemClock,
      };
      const [first, second] = [new RedisLedger(options), new RedisLedger(options)];
      return {
        first,
        second,
        async countCalls() {
          const calls = await server.commandCalls();
          return (calls.get('evalsha') ?? 0) + (calls.get('eval') ?? 0) + (calls.get('hscan') ?? 0);
        },
        async close() {
          await first.close();
          await second.close();
        },
      };
    },
  });
});
