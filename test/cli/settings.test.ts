import {mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {loadConfig, settings, withoutSecrets} from '../../src/cli/settings.ts';
import {defaultConfig} from '../../src/config.ts';

function configFile(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'berth-settings-')), 'config.yaml');
  writeFileSync(path, text);
  return path;
}

const none = {flags: {}, environment: {}, configFile: undefined};

describe('the configuration', () => {
  it('is all defaults when nothing is given', () => {
    expect(loadConfig(none)).toEqual(defaultConfig());
  });

  it('takes a flag before the environment before the file before the default', () => {
    const file = configFile('batch: {maxRequests: 10, idleMs: 2, maxMs: 3}\n');
    const environment = {BERTH_BATCH_MAX_REQUESTS: '20', BERTH_BATCH_IDLE_MS: '1'};
    const config = loadConfig({flags: {batchMaxRequests: '30'}, environment, configFile: file});
    expect(config.batch).toEqual({maxRequests: 30, idleMs: 1, maxMs: 3});
  });

  it('leaves variables alone that Kubernetes adds for a Service named berth', () => {
    const environment = {BERTH_PORT: 'tcp://10.0.0.1:8080', BERTH_METRICS_SERVICE_HOST: '10.0.0.1'};
    expect(loadConfig({...none, environment})).toEqual(defaultConfig());
  });

  it('gives every setting a sentence and three names of its own', () => {
    expect(settings.filter(({description}) => description.length < 10)).toEqual([]);
    for (const name of ['path', 'flag', 'variable'] as const) {
      expect(new Set(settings.map((setting) => setting[name])).size).toBe(settings.length);
    }
  });

  const file = (text: string) => ({...none, configFile: configFile(text)});
  const rows: readonly [
    name: string,
    sources: Parameters<typeof loadConfig>[0],
    message: RegExp,
  ][] = [
    [
      'an unknown key of the file',
      file('batch: {size: 5}\n'),
      /unknown settings: batch\.size; known ones: batch\.maxRequests/,
    ],
    ['an unknown top-level key', file('colour: red\n'), /unknown settings: colour/],
    ['a file that is no YAML', file('a: [1\n'), /must be YAML/],
    [
      'a file that holds a list',
      file('- 1\n'),
      /must hold a map of settings: current value is a list/,
    ],
    [
      'a missing file',
      {...none, configFile: 'nowhere.yaml'},
      /Cannot read the config file nowhere\.yaml/,
    ],
    [
      'a word for a number',
      {...none, environment: {BERTH_BATCH_IDLE_MS: 'soon'}},
      /BERTH_BATCH_IDLE_MS as it must be a number: current value is "soon"/,
    ],
    [
      'a number for a truth',
      {...none, flags: {leaderElectionEnabled: '1'}},
      /--leader-election-enabled as it must be true or false: current value is "1"/,
    ],
    [
      'an unknown ledger',
      {...none, flags: {ledgerKind: 'paper'}},
      /--ledger-kind: .*current value is "paper"/,
    ],
    [
      'a batch of zero',
      {...none, environment: {BERTH_BATCH_MAX_REQUESTS: '0'}},
      /BERTH_BATCH_MAX_REQUESTS: .*>=1.*current value is 0/,
    ],
    [
      'a window that closes before it may be idle',
      {...none, flags: {batchIdleMs: '30'}},
      /batch\.idleMs \(30\) must not be above batch\.maxMs \(25\)/,
    ],
    [
      'a Lease shorter than its renewal',
      {...none, flags: {leaderElectionLeaseDurationSeconds: '5'}},
      /leaseDurationSeconds \(5\) must be above renewDeadlineSeconds \(10\)/,
    ],
  ];
  it.each(rows)('refuses %s, naming it', (_, sources, message) => {
    expect(() => loadConfig(sources)).toThrow(message);
  });

  const leaky: typeof rows = [
    [
      'a Redis URL without a scheme',
      {...none, environment: {BERTH_LEDGER_REDIS_URL: 'user:hunter2@redis'}},
      /BERTH_LEDGER_REDIS_URL: wanted redis:.*current value is "\*\*\*@redis"$/,
    ],
    [
      'a Redis URL of another scheme',
      {...none, flags: {ledgerRedisUrl: 'https://user:hunter2@redis'}},
      /--ledger-redis-url: .*current value is "https:\/\/\*\*\*@redis"$/,
    ],
    [
      'a Redis URL with a port that is none',
      {...none, flags: {ledgerRedisUrl: 'redis://user:hunter2@redis:99999?password=hunter2'}},
      /current value is "redis:\/\/\*\*\*@redis:99999\?\*\*\*"$/,
    ],
    [
      'a Redis URL where a map belongs',
      file('ledger: {redis: "redis://user:hunter2@redis"}\n'),
      /ledger\.redis of .*expected object.*current value is "redis:\/\/\*\*\*@redis"$/,
    ],
    [
      'a Redis URL where the ledger belongs',
      file('ledger: ["redis://user:hunter2@redis"]\n'),
      /ledger of .*expected object.*current value is \["redis:\/\/\*\*\*@redis"\]$/,
    ],
    [
      'a file that is no YAML',
      file('ledger: {redis: {url: "redis://user:hunter2@redis}}\n'),
      /must be YAML: .*$/,
    ],
    ['a file that is one text', file('redis://user:hunter2@redis\n'), /current value is a string$/],
    [
      'a password for a key',
      file('ledger: {redis: {password: hunter2}}\n'),
      /unknown settings: ledger\.redis\.password; known ones: .*ledger\.redis\.passwordFile/,
    ],
  ];
  it.each(leaky)('refuses %s without saying the password in it', (_, sources, message) => {
    expect(() => loadConfig(sources)).toThrow(message);
    expect(() => loadConfig(sources)).not.toThrow(/hunter2/);
  });

  it.each([
    ['redis://redis:6379', 'redis://redis:6379'],
    ['redis://:hunter2@redis:6379/1', 'redis://***@redis:6379/1'],
    ['rediss://berth:hunt@er2@redis', 'rediss://***@redis'],
    ['redis://redis?password=hunter2', 'redis://redis?***'],
  ])('prints %s as %s', (url, shown) => {
    const config = loadConfig({...none, flags: {ledgerRedisUrl: url}});
    expect(config.ledger.redis.url).toBe(url);
    expect(withoutSecrets(config)).toEqual({
      ...config,
      ledger: {...config.ledger, redis: {...config.ledger.redis, url: shown}},
    });
  });
});
