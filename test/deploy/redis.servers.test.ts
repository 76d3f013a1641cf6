import {readFile} from 'node:fs/promises';
import {expect, it} from 'vitest';
import {parse as parseYaml} from 'yaml';
import {defaultConfig} from '../../src/config.ts';
import {RedisLedger} from '../../src/ledger/redisLedger.ts';
import {aclRules} from '../../src/ledger/redisScript.ts';
import {systemClock} from '../../src/lib/clock.ts';
import {startRedis} from '../servers/redisServer.ts';
import {describeWithPrograms} from './describeWithPrograms.ts';
import {root} from './programs.ts';

const signal = new AbortController().signal;

await describeWithPrograms('a Redis set up as the sample says', ['redis-server'], () => {
  it('serves the ledger of the kustomize component over TLS, and nobody else', async () => {
    const users = (await readFile(`${root}deploy/samples/redis/users.acl`, 'utf8'))
      .split('\n')
      .filter((line) => line !== '');
    const text = await readFile(`${root}deploy/kustomize/components/redis/config.yaml`, 'utf8');
    const {ledger} = defaultConfig(parseYaml(text) as object);
    const server = await startRedis({tls: true, users});
    const open = async (username: string | undefined, password: string | undefined) => {
      const tls = {caFile: server.tls!.caFile, serverName: 'localhost'};
      const {keyPrefix, commandTimeoutMs} = ledger.redis;
      const redis = {url: server.url, username, password, tls, keyPrefix, commandTimeoutMs};
      const opened = new RedisLedger({redis, name: ledger.name, clock: systemClock});
      try {
        return (await opened.open(1, signal)).kind;
      } finally {
        await opened.close();
      }
    };
    try {
      expect(await open(ledger.redis.username, 'CHANGE-ME')).toBe('opened');
      expect(await open(undefined, undefined)).toBe('unavailable');
    } finally {
      await server.stop();
    }
  });

  it('gives its user the commands that the scripts need, and no more', async () => {
    const text = await readFile(`${root}deploy/samples/redis/users.acl`, 'utf8');
    const line = text.split('\n').find((each) => each.startsWith('user berth '))!;
    const commands = line.split(' ').filter((word) => /^[+-]/.test(word));
    expect(commands).toEqual(['-@all', ...aclRules]);
  });
});
