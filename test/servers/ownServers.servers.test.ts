import {spawn} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {afterAll, describe, expect, it} from 'vitest';
import {sendOrThrow} from '../../src/kube/transport.ts';
import {startApiServer} from './apiServer.ts';
import {type RealRedis, type RedisOptions, startRedis, withClient} from './redisServer.ts';
import {describeWithServers} from './requireServers.ts';
import {waitFor} from './waitFor.ts';

const stops: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** Linux only; a zombie, which nobody has asked for its exit code yet, is not alive. */
function isAlive(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && !/\) [ZX] /.test(readFileSync(stat, 'utf8'));
}

describeWithServers('an API server of one’s own', ['api'], () => {
  it('keeps its objects and its address over a restart, and writes an audit log', async () => {
    const api = await startApiServer({auditLog: true, users: [{name: 'bob', groups: ['team']}]});
    stops.push(() => api.stop());
    const transport = api.transport();
    const namespaces = '/api/v1/namespaces';
    const body = {apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'kept'}};
    await sendOrThrow(transport, {method: 'POST', path: namespaces, body});

    await api.restart({kill: true});
    const read = await transport.send({method: 'GET', path: `${namespaces}/kept`});
    expect(read.status).toBe(200);

    const bob = api.transport(await api.tokenFor({user: 'bob'}));
    const refused = await bob.send<{message: string}>({method: 'GET', path: namespaces});
    expect(refused.body.message).toMatch(/User "bob" cannot list/);
    expect(existsSync(api.auditLogPath ?? '')).toBe(true);
    expect(await api.metrics()).toMatch(/^apiserver_request_total/m);
  });

  it('hangs while it is paused and goes on afterwards', async () => {
    const api = await startApiServer();
    stops.push(() => api.stop());
    const transport = api.transport();
    const call = {method: 'GET', path: '/version'} as const;
    await sendOrThrow(transport, call);
    api.pause();
    await expect(transport.send({...call, timeoutMs: 300})).rejects.toThrow(/no whole reply/);
    api.resume();
    await sendOrThrow(transport, call);
  });
});

describeWithServers('a Redis of one’s own', ['redis'], () => {
  async function open(options: RedisOptions = {}): Promise<RealRedis> {
    // A port of its own makes it ours even where BERTH_REDIS_URL names one for the run.
    const redis = await startRedis({users: ['user default on nopass ~* &* +@all'], ...options});
    stops.push(() => redis.stop());
    return redis;
  }

  it('comes back empty, or as it was at its last save, on the same address', async () => {
    const redis = await open();
    await withClient(redis, (client) => client.set('saved', '1'));
    await redis.save();
    await withClient(redis, (client) => client.set('later', '1'));
    await redis.restart({from: 'save'});
    expect(await withClient(redis, (client) => client.keys('*'))).toEqual(['saved']);
    await redis.restart();
    expect(await withClient(redis, (client) => client.keys('*'))).toEqual([]);
  });

  it('counts commands by name since the last reset', async () => {
    const redis = await open();
    await redis.resetCommandCalls();
    await withClient(redis, (client) => client.mget('a', 'b'));
    expect((await redis.commandCalls()).get('mget')).toBe(1);
  });

  it('speaks TLS and knows its users', async () => {
    const users = ['user default off', 'user berth on >secret ~berth:* +get +set'];
    const redis = await open({tls: true, users});
    expect(redis.url).toMatch(/^rediss:/);
    expect(redis.tls?.caFile && existsSync(redis.tls.caFile)).toBe(true);
    expect((await redis.commandCalls()).get('info')).toBeDefined();
  });
});

describe('servers of a process that is killed', () => {
  it.runIf(existsSync('/usr/bin/setpriv'))('end with it', async () => {
    const source = fileURLToPath(new URL('./serverProcess.ts', import.meta.url));
    const script = `
      const {ServerProcess} = await import(${JSON.stringify(source)});
      const started = ServerProcess.start({
        name: 'idle',
        program: process.execPath,
        arguments: ['-e', 'setInterval(() => {}, 1000)'],
        logPath: '/dev/null',
      });
      console.log(started.pid);
      setInterval(() => {}, 1000);
    `;
    const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const pid = await new Promise<number>((resolve) => {
        owner.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString())));
      });
      expect(isAlive(pid)).toBe(true);
      owner.kill('SIGKILL');
      await waitFor('the server to end', 5_000, () => !isAlive(pid));
    } finally {
      owner.kill('SIGKILL');
    }
  });
});
