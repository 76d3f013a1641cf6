import {afterEach, beforeEach, expect, it} from 'vitest';
import type {BurstFigures} from '../../src/cli/perf/figures.ts';
import type {RateFigures, SustainedPerf} from '../../src/cli/perf/sustained/figures.ts';
import {containerRequests, pathOf} from '../../src/kube/resource.ts';
import {sendOrThrow} from '../../src/kube/transport.ts';
import {startRedis, withClient} from '../servers/redisServer.ts';
import {describeWithServers} from '../servers/requireServers.ts';
import {allObjects} from './allObjects.ts';
import {BerthProcess, endAll, tempFile} from './berthProcess.ts';
import {verdictOf} from './verdictOf.ts';

/** Namespace deletion takes seconds, and the old way some more. */
const timeoutMs = 180_000;

interface Figures {
  readonly server: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly countedBy: {readonly ledgerCalls: string; readonly apiCalls: string};
  readonly rounds: readonly {
    readonly floorMs: number;
    readonly ours: BurstFigures;
    readonly old: BurstFigures;
  }[];
  readonly criteria: readonly {readonly holds: boolean; readonly sentence: string}[];
}

describeWithServers('berth perf on real servers', ['api', 'redis'], (servers) => {
  let before: readonly string[];
  const start = (...args: string[]) =>
    BerthProcess.start(['perf', '--kubeconfig', servers.api.kubeconfigPath, ...args]);
  const keys = () => withClient({url: servers.redis.url}, (client) => client.keys('berth-perf*'));

  beforeEach(async () => {
    before = await allObjects(servers.transport());
  });
  afterEach(endAll);

  const expectNothingLeft = async () => {
    expect(await allObjects(servers.transport())).toEqual(before);
    expect(await keys()).toEqual([]);
  };

  it.each([
    ['kubernetes', '/metrics of the API server'],
    ['redis', 'INFO commandstats of Redis'],
  ])(
    'counts with the %s ledger what the servers count, and leaves nothing behind',
    async (ledger, ledgerCalls) => {
      const url = ledger === 'redis' ? ['--redis-url', servers.redis.url] : [];
      const size = ['--requests', '20', '--workers', '5'];
      const berth = start('--json', '--ledger', ledger, ...url, ...size);
      await berth.end();
      const figures = JSON.parse(berth.stdout) as Figures;
      expect(figures.server).toMatch(/^API server v1\.\d+\.\d+ at https:/);
      expect(figures.countedBy).toEqual({ledgerCalls, apiCalls: '/metrics of the API server'});
      expect(figures.versions).toMatchObject({
        'API server': expect.stringMatching(/^v1\./) as string,
      });
      if (ledger === 'redis') expect(figures.versions['Redis']).toMatch(/^\d+\.\d+/);
      expect(verdictOf(figures.criteria)).toMatchObject({count: 10, wrong: []});
      // A burst on a real server is long enough for the phases to add up on a slow machine as well.
      const phases = figures.criteria.find(({sentence}) => sentence.startsWith('phases'));
      expect(phases).toMatchObject({holds: true});
      const {floorMs, ours, old} = figures.rounds[0]!;
      expect(floorMs).toBeGreaterThan(0);
      expect(ours.outside.commits! - ours.flushes).toBe(ours.batchSizes.length);
      expect(ours.outside).toMatchObject({lockCalls: 0, statusWrites: 20, workerLists: 0});
      expect(old).toMatchObject({placed: 20, locks: 20, cacheHits: 0, violations: []});
      expect(old.outside.commits! - old.flushes).toBe(20);
      expect(old.outside).toMatchObject({lockCalls: 40, statusWrites: 20, workerLists: 20});
      expect(berth.output).not.toContain(servers.api.adminToken);
      await expectNothingLeft();
    },
    timeoutMs,
  );

  it(
    'places at a fixed rate on a server by its address, with one status write each by its count',
    async () => {
      const redis = ['--ledger', 'redis', '--redis-url', servers.redis.url];
      const {url, caFile, adminToken} = servers.api;
      const token = tempFile('token', adminToken);
      const to = ['--server', url, '--token-file', token, '--certificate-authority', caFile];
      const load = ['--rate', '20', '--seconds', '2'];
      const berth = BerthProcess.start(['perf', ...to, ...load, '--json', ...redis]);
      await berth.end();
      const {server, rounds} = JSON.parse(berth.stdout) as SustainedPerf;
      expect(server).toMatch(/^API server v1\.\d+\.\d+ at https:/);
      const [{floor, ours}] = rounds[0] as [RateFigures];
      expect(floor).toMatchObject({due: 40, placed: 40});
      expect(ours).toMatchObject({due: 40, placed: 40, statusWrites: 40, violations: []});
      expect(ours.placement).toMatchObject({count: 40});
      // One of each batch, and those that carry releases alone.
      expect(ours.ledgerCommits).toBeGreaterThan(0);
      // A create, a placement and, of those that are deleted meanwhile, an end.
      expect(ours.revisions).toBeGreaterThanOrEqual(80);
      await expectNothingLeft();
    },
    timeoutMs,
  );

  it(
    'logs in to Redis over TLS as a user that may touch its own keys only',
    async () => {
      const rights = '~berth-perf:* -@all +@scripting +@hash +unlink +info +del';
      const redis = await startRedis({
        tls: true,
        users: ['user default off', `user berth on >s3cret ${rights}`],
      });
      try {
        const password = tempFile('password', 's3cret\n');
        const login = ['--redis-username', 'berth', '--redis-password-file', password];
        const tls = ['--redis-tls-ca-file', redis.tls!.caFile];
        const to = ['--ledger', 'redis', '--redis-url', redis.url, ...login, ...tls];
        const load = ['--no-old', '--requests', '10', '--json'];
        const berth = BerthProcess.start(['perf', ...to, ...load]);
        await berth.end();
        expect(berth.stderr).not.toMatch(/^berth:/m);
        const {ours} = (JSON.parse(berth.stdout) as Figures).rounds[0]!;
        expect(ours).toMatchObject({placed: 10, violations: []});
        expect(ours.outside.commits! - ours.flushes).toBe(ours.batchSizes.length);
        expect(berth.output).not.toContain('s3cret');
      } finally {
        await redis.stop();
      }
    },
    timeoutMs,
  );

  it(
    'leaves nothing behind when SIGINT ends it in the middle',
    async () => {
      const redis = ['--ledger', 'redis', '--redis-url', servers.redis.url];
      const berth = start('--requests', '300', ...redis);
      await berth.until('the operator to run', () => /: this operator/.test(berth.stderr));
      berth.signal('SIGINT');
      expect(await berth.end()).toBe(130);
      expect(berth.stderr).toMatch(/\nberth: Cannot finish the measurement: ended by SIGINT\n$/);
      await expectNothingLeft();
    },
    timeoutMs,
  );

  it(
    'refuses where it would place the requests of others, and leaves them alone',
    async () => {
      const transport = servers.transport();
      const path = pathOf(containerRequests, {namespace: 'default'});
      const body = {
        ...{apiVersion: 'berth.dev/v1alpha1', kind: 'ContainerRequest'},
        ...{metadata: {name: 'of-others'}, spec: {container: {image: 'busybox'}}},
      };
      await sendOrThrow(transport, {method: 'POST', path, body});
      before = await allObjects(transport);
      try {
        const berth = start();
        expect(await berth.end()).toBe(1);
        expect(berth.stderr).toMatch(
          /\nberth: Cannot start an operator of its own there: .* default\/of-others for example; remove them, or run the measurement on a cluster of its own\n$/,
        );
        expect(berth.stdout).toBe('');
        await expectNothingLeft();
      } finally {
        await transport.send({method: 'DELETE', path: `${path}/of-others`});
      }
    },
    timeoutMs,
  );

  it(
    'refuses where an operator leads, which would take its requests',
    async () => {
      const operator = BerthProcess.operator([
        '--kubernetes-kubeconfig',
        servers.api.kubeconfigPath,
      ]);
      await operator.untilLogged('ledger settled; taking batches');
      const berth = start();
      expect(await berth.end()).toBe(1);
      expect(berth.stderr).toMatch(
        /\nberth: Cannot measure there: an operator leads already \(default\/berth\) and would take the requests; stop it/,
      );
      expect((await operator.stop()).exitCode).toBe(0);
    },
    timeoutMs,
  );
});
