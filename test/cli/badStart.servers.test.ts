import {copyFileSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, afterEach, beforeAll, expect, it} from 'vitest';
import {sendOrThrow, type Transport} from '../../src/kube/transport.ts';
import {type RealApiServer, startApiServer} from '../servers/apiServer.ts';
import {writeKubeconfig} from '../servers/apiServerFiles.ts';
import {applyCrds} from '../servers/applyCrds.ts';
import {freePort} from '../servers/freePort.ts';
import {type RealRedis, type RedisOptions, startRedis} from '../servers/redisServer.ts';
import {describeWithServers} from '../servers/requireServers.ts';
import {makeTempFolder} from '../servers/tempFolder.ts';
import {BerthProcess, endAll} from './berthProcess.ts';
import {Door} from './door.ts';

const stackFrame = /^\s+at .*:\d+/m;
const takesBatches = 'ledger settled; taking batches';
const folder = makeTempFolder('bad-start');
const at = (name: string) => join(folder, name);

afterEach(endAll);

/** What every start must keep to: one sentence, no stack trace, no secret. */
function expectOneComplaint(
  berth: BerthProcess,
  sentence: RegExp,
  secrets: readonly string[] = [],
): void {
  expect(berth.complaints).toEqual([expect.stringMatching(sentence)]);
  expect(berth.output).not.toMatch(stackFrame);
  for (const secret of secrets) expect(berth.output).not.toContain(secret);
}

/** It stays, ready by now, and ends at once when it is told to. */
async function expectGoodEnd(berth: BerthProcess): Promise<void> {
  await berth.untilReadyzSays('readyz check passed');
  const {exitCode, tookMs} = await berth.stop();
  expect(exitCode).toBe(0);
  expect(tookMs).toBeLessThan(5_000);
}

describeWithServers('berth operator on an API server of its own', ['api'], () => {
  let api: RealApiServer;
  beforeAll(async () => {
    api = await startApiServer();
  });
  afterAll(() => api?.stop());

  it('says that the CRDs are missing, and goes on once they are applied', async () => {
    const berth = BerthProcess.operator(['--kubernetes-kubeconfig', api.kubeconfigPath]);
    const sentence =
      /^not started; trying again: Cannot start as the API server does not know containerrequests\.berth\.dev, workers\.berth\.dev, workerpools\.berth\.dev, ledgers\.berth\.dev: apply the CRDs first/;
    await berth.untilReadyzSays(/^\[-\]start failed: Cannot start as the API server does not know/);
    // Not one after the other: which are missing half way through is no news worth a line.
    await applyCrds(api.transport());
    await berth.untilLogged(takesBatches);
    expect(berth.complaints[0]).toMatch(sentence);
    expect(berth.output).not.toMatch(stackFrame);
    expect(berth.output).not.toContain(api.adminToken);
    await expectGoodEnd(berth);
  });

  it('says that nobody is at the address, and goes on once the server is there', async () => {
    const port = await freePort();
    const {caFile, adminToken: token} = api;
    const url = `https://127.0.0.1:${port}`;
    const kubeconfig = writeKubeconfig(at('later.kubeconfig'), {url, caFile, token});
    const berth = BerthProcess.operator(['--kubernetes-kubeconfig', kubeconfig]);
    await berth.untilReadyzSays('[-]start failed: Cannot reach the API server at');
    const door = await Door.open(port, api.url);
    await berth.untilLogged(takesBatches);
    expectOneComplaint(berth, /ECONNREFUSED.*; start it, or correct its address/, [token]);
    await expectGoodEnd(berth);
    door.close();
  });

  it('says that the namespace of the Lease is missing, and ends with code 1', async () => {
    const berth = BerthProcess.operator([
      ...['--kubernetes-kubeconfig', api.kubeconfigPath],
      ...['--leader-election-namespace', 'nowhere'],
    ]);
    expect(await berth.end()).toBe(1);
    expectOneComplaint(
      berth,
      /^berth: Cannot create the Lease nowhere\/berth: .*; create the namespace nowhere/,
      [api.adminToken],
    );
  });
});

describeWithServers('berth operator with credentials', ['api'], (servers) => {
  const bindings = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';

  it('that are refused says so and ends with code 1', async () => {
    const {url, caFile} = servers.api;
    const token = 'wrong-token-do-not-show';
    const kubeconfig = writeKubeconfig(at('wrong.kubeconfig'), {url, caFile, token});
    const berth = BerthProcess.operator(['--kubernetes-kubeconfig', kubeconfig]);
    expect(await berth.end()).toBe(1);
    expectOneComplaint(berth, /^berth: Cannot log in to the API server at .*\(401\); renew the/, [
      token,
    ]);
  });

  it('without roles names what it may not do, and goes on once it may', async () => {
    const {url, caFile} = servers.api;
    const account = {namespace: 'default', serviceAccount: 'no-roles'};
    const token = await servers.tokenFor(account);
    const kubeconfig = writeKubeconfig(at('no-roles.kubeconfig'), {url, caFile, token});
    const berth = BerthProcess.operator(['--kubernetes-kubeconfig', kubeconfig]);
    await berth.untilReadyzSays(/^\[-\]start failed: Cannot start as this account may not/);
    const transport = servers.transport();
    await bindAdmin(transport, account.serviceAccount);
    try {
      await berth.untilLogged(takesBatches);
      // The roles may be known half way in the moment of a try; then that is said as well.
      expect(berth.complaints.length).toBeLessThanOrEqual(2);
      expect(berth.complaints[0]).toMatch(
        /^not started; trying again: Cannot start as this account may not get containerrequests, .*patch ledgers\/status, .*create leases in namespace default.*: bind it to the roles of deploy\//,
      );
      expect(berth.output).not.toContain(token);
      await expectGoodEnd(berth);
    } finally {
      await transport.send({method: 'DELETE', path: `${bindings}/no-roles`});
    }
  });

  it('for a certificate that nobody vouches for says so, stays, and ends when told to', async () => {
    const {url, adminToken: token} = servers.api;
    const kubeconfig = writeKubeconfig(at('no-ca.kubeconfig'), {url, caFile: '', token});
    writeFileSync(
      kubeconfig,
      readFileSync(kubeconfig, 'utf8').replace(/,\s*"certificate-authority": ""/, ''),
    );
    const berth = BerthProcess.operator(['--kubernetes-kubeconfig', kubeconfig]);
    await berth.untilReadyzSays('[-]start failed: Cannot reach the API server');
    const {exitCode, tookMs} = await berth.stop();
    expect(exitCode).toBe(0);
    expect(tookMs).toBeLessThan(2_000);
    expectOneComplaint(berth, /certificate.*; name the authority that signed its certificate/, [
      token,
    ]);
  });

  async function bindAdmin(transport: Transport, name: string): Promise<void> {
    await sendOrThrow(transport, {
      method: 'POST',
      path: bindings,
      body: {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: {name},
        roleRef: {
          apiGroup: 'rbac.authorization.k8s.io',
          kind: 'ClusterRole',
          name: 'cluster-admin',
        },
        subjects: [{kind: 'ServiceAccount', namespace: 'default', name}],
      },
    });
  }
});

describeWithServers('berth operator with a Redis', ['api', 'redis'], (servers) => {
  const secret = 'right-password-do-not-show';
  const wrong = 'wrong-password-do-not-show';
  const users = [
    'user default off',
    `user berth on >${secret} resetkeys resetchannels ~berth:{berth}:* -@all +evalsha +eval +hmget +hset +hdel +hscan +unlink`,
  ];
  const stops: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const stop of stops) await stop();
  });
  const open = async (options: RedisOptions): Promise<RealRedis> => {
    const redis = await startRedis(options);
    stops.push(() => redis.stop());
    return redis;
  };
  const start = (...args: string[]) =>
    BerthProcess.operator([
      ...['--kubernetes-kubeconfig', servers.api.kubeconfigPath, '--ledger-kind', 'redis'],
      ...args,
    ]);

  it('that is not there says so, and goes on once it is', async () => {
    const port = await freePort();
    const berth = start('--ledger-redis-url', `redis://berth:${secret}@127.0.0.1:${port}`);
    await berth.untilReadyzSays(
      `[-]leadership failed: the redis ledger: Cannot use Redis at 127.0.0.1:${port} as nothing listens there`,
    );
    await open({port, users});
    await berth.untilLogged(takesBatches);
    expectOneComplaint(
      berth,
      /^ledger unavailable; trying again: Cannot use Redis at \S+ as nothing listens there: start Redis or set ledger\.redis\.url$/,
      [secret, servers.api.adminToken],
    );
    await expectGoodEnd(berth);
  });

  it('that refuses the password says so, and goes on once the file holds the right one', async () => {
    const {url} = await open({users});
    const passwordFile = at('password');
    writeFileSync(passwordFile, `${wrong}\n`);
    const berth = start(
      ...['--ledger-redis-url', url, '--ledger-redis-username', 'berth'],
      ...['--ledger-redis-password-file', passwordFile],
    );
    await berth.untilReadyzSays(
      /\[-\]leadership failed: .* as it refused the user name or password/,
    );
    writeFileSync(passwordFile, `${secret}\n`);
    await berth.untilLogged(takesBatches);
    expectOneComplaint(
      berth,
      /as it refused the user name or password: set ledger\.redis\.username and passwordFile$/,
      [secret, wrong],
    );
    await expectGoodEnd(berth);
  });

  it('whose certificate is not trusted says so, and goes on once its authority is', async () => {
    const {url, tls} = await open({users, tls: true});
    const caFile = at('ca.crt');
    copyFileSync(servers.api.caFile, caFile);
    const berth = start(
      ...['--ledger-redis-url', url.replace('rediss://', `rediss://berth:${secret}@`)],
      ...['--ledger-redis-tls-ca-file', caFile, '--ledger-redis-tls-server-name', 'localhost'],
    );
    await berth.untilReadyzSays(
      /\[-\]leadership failed: .* as nobody known signed its certificate/,
    );
    copyFileSync(tls!.caFile, caFile);
    await berth.untilLogged(takesBatches);
    expectOneComplaint(
      berth,
      /as nobody known signed its certificate: set ledger\.redis\.tls\.caFile$/,
      [secret],
    );
    await expectGoodEnd(berth);
  });

  it('that never comes is waited for, and SIGTERM ends the wait at once', async () => {
    const berth = start('--ledger-redis-url', 'redis://127.0.0.1:1');
    await berth.untilReadyzSays('[-]leadership failed: the redis ledger');
    const {exitCode, tookMs} = await berth.stop();
    expect(exitCode).toBe(0);
    expect(tookMs).toBeLessThan(3_000);
    expectOneComplaint(berth, /nothing listens there/);
  });
});
