import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {afterEach, describe, expect, it} from 'vitest';
import {startPlainServer} from '../kube/plainServer.ts';
import {BerthProcess, endAll, tempFile} from './berthProcess.ts';

const secret = 'hunter2-do-not-show';
const stackFrame = /^\s+at .*:\d+/m;

afterEach(endAll);

function kubeconfig(server: string): string {
  return tempFile(
    'kubeconfig',
    JSON.stringify({
      'current-context': 'here',
      contexts: [{name: 'here', context: {cluster: 'here', user: 'me'}}],
      clusters: [{name: 'here', cluster: {server}}],
      users: [{name: 'me', user: {token: secret}}],
    }),
  );
}

/** A server that answers every call with one status. */
async function plainServer(status: () => number): Promise<{url: string; server: Server}> {
  const server = createServer((_, response) => {
    response.writeHead(status(), {'content-type': 'application/json'});
    response.end(JSON.stringify({kind: 'Status', message: `status ${status()}`}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server};
}

describe('a start that cannot succeed ends with code 1 and one sentence, with', () => {
  const missing = ['--kubernetes-kubeconfig', 'nowhere.yaml'];
  const config = (text: string) => ['--config', tempFile('config.yaml', text)];
  const rows: readonly [name: string, args: () => readonly string[], sentence: RegExp][] = [
    [
      'no kubeconfig anywhere',
      () => [],
      /^berth: Cannot find an API server as there is no kubeconfig at \S+ and this is no Pod: name one, by a flag or with KUBECONFIG$/,
    ],
    [
      'a kubeconfig that is missing',
      () => missing,
      /^berth: Cannot read the kubeconfig nowhere.yaml: no such file$/,
    ],
    [
      'a kubeconfig that is no YAML',
      () => ['--kubernetes-kubeconfig', tempFile('bad', `users: [{token: ${secret}\n`)],
      /^berth: Cannot read the kubeconfig \S+ as it is no YAML: .*line 2/,
    ],
    [
      'a kubeconfig of another shape',
      () => ['--kubernetes-kubeconfig', tempFile('bad', `clusters: ${secret}\n`)],
      /^berth: Cannot use the kubeconfig \S+ as it is malformed: clusters: .*expected array/,
    ],
    [
      'a context that the kubeconfig does not have',
      () => [
        '--kubernetes-kubeconfig',
        kubeconfig('https://127.0.0.1:1'),
        '--kubernetes-context',
        'prod',
      ],
      /^berth: Cannot use context 'prod' as it is not in \S+: contexts are here$/,
    ],
    [
      'a setting of the config file that nobody knows',
      () => config(`ledger: {redis: {password: ${secret}}}\n`),
      /^berth: Cannot use \S+ as it has unknown settings: ledger\.redis\.password; known ones: .*ledger\.redis\.passwordFile/,
    ],
    [
      'a Redis URL that is none',
      () => ['--ledger-redis-url', `user:${secret}@redis`],
      /^berth: Cannot use --ledger-redis-url: wanted redis:\/\/HOST:PORT\[\/DATABASE\] or rediss:\/\/HOST:PORT\[\/DATABASE\]; current value is "\*\*\*@redis"$/,
    ],
  ];
  it.each(rows)('%s', async (_, args, sentence) => {
    const berth = BerthProcess.operator(args());
    expect(await berth.end()).toBe(1);
    expect(berth.complaints).toHaveLength(1);
    expect(berth.complaints[0]).toMatch(sentence);
    expect(berth.output).not.toMatch(stackFrame);
    expect(berth.output).not.toContain(secret);
  });

  it.each([
    ['a flag that is misspelt', ['--ledger-knd', 'redis'], /Did you mean --ledger-kind\?/],
    [
      'a password for a flag',
      [`--ledger-redis-password=${secret}`],
      /unknown option '--ledger-redis-password=\.\.\.'/,
    ],
    ['a word too much', ['now'], /too many arguments for 'operator'/],
  ])('%s', async (_, args, sentence) => {
    const berth = BerthProcess.operator(args);
    expect(await berth.end()).toBe(1);
    expect(berth.stdout).toBe('');
    expect(berth.stderr).toMatch(sentence);
    expect(berth.stderr).toMatch(/\(berth operator --help lists the options\)/);
    expect(berth.output).not.toContain(secret);
  });

  it.each(['metrics', 'health'])('a port for %s that is taken', async (name) => {
    const {url, server} = await plainServer(() => 200);
    const taken = url.replace('http://', '');
    const berth = BerthProcess.operator([
      `--${name}-bind-address`,
      taken,
      '--kubernetes-kubeconfig',
      kubeconfig('https://127.0.0.1:1'),
    ]);
    expect(await berth.end()).toBe(1);
    expect(berth.complaints).toEqual([
      expect.stringMatching(
        new RegExp(
          `^berth: Cannot serve ${name} on ${taken}: .*EADDRINUSE.*choose another ${name}.bindAddress$`,
        ),
      ),
    ]);
    server.close();
  });

  it('credentials that the API server refuses', async () => {
    const {url, server} = await plainServer(() => 401);
    const berth = BerthProcess.operator(['--kubernetes-kubeconfig', kubeconfig(url)]);
    expect(await berth.end()).toBe(1);
    expect(berth.complaints).toEqual([
      expect.stringMatching(
        /^berth: Cannot log in to the API server at .*\(401\); renew the token/,
      ),
    ]);
    expect(berth.output).not.toContain(secret);
    server.close();
  });
});

describe('a start that may succeed later says so once, tries again, and ends at SIGTERM with code 0, with', () => {
  it.each([
    [
      'nobody at the address',
      'https://127.0.0.1:1',
      /^not started; trying again: Cannot reach the API server at https:\/\/127\.0\.0\.1:1: .*ECONNREFUSED.*; start it, or correct its address/,
    ],
    [
      'a name that is unknown',
      'https://api.invalid:6443',
      /^not started; trying again: Cannot reach the API server at https:\/\/api\.invalid:6443: .*; start it, or correct its address/,
    ],
  ])('%s', async (_, address, sentence) => {
    const berth = BerthProcess.operator(['--kubernetes-kubeconfig', kubeconfig(address)]);
    await berth.untilLogged(sentence);
    expect(await berth.readyz()).toMatch(/^\[-\]start failed: Cannot reach the API server/);
    const {exitCode, tookMs} = await berth.stop();
    expect(exitCode).toBe(0);
    expect(tookMs).toBeLessThan(2_000);
    expect(berth.complaints).toHaveLength(1);
    expect(berth.output).not.toMatch(stackFrame);
    expect(berth.output).not.toContain(secret);
  });

  it('a reply that does not come within kubernetes.requestTimeoutMs', async () => {
    const server = await startPlainServer(({url}, response) => {
      if (url === '/version') response.end('{"gitVersion": "v1.36.3"}');
    });
    const berth = BerthProcess.operator([
      '--kubernetes-request-timeout-ms',
      '200',
      '--kubernetes-kubeconfig',
      kubeconfig(server.url),
    ]);
    await berth.untilLogged(
      /^not started; trying again: Cannot GET .*no whole reply within 200 ms/,
    );
    expect((await berth.stop()).exitCode).toBe(0);
    await server.close();
  });

  it('an API server that is starting', async () => {
    let calls = 0;
    const {url, server} = await plainServer(() => {
      calls++;
      return 503;
    });
    const berth = BerthProcess.operator(['--kubernetes-kubeconfig', kubeconfig(url)]);
    await berth.untilLogged(
      /^not started; trying again: Cannot use the API server at \S+: it answers 503/,
    );
    const before = calls;
    await berth.until('another try', () => calls > before);
    expect((await berth.stop()).exitCode).toBe(0);
    expect(berth.complaints).toHaveLength(1);
    server.close();
  });
});

describe('the configuration that is printed at start', () => {
  it('is the effective one, without the password of the Redis URL', async () => {
    const file = tempFile(
      'config.yaml',
      `ledger: {redis: {url: "redis://berth:${secret}@redis:6379/2"}}\n`,
    );
    const berth = BerthProcess.operator(
      [
        '--config',
        file,
        '--ledger-kind',
        'redis',
        '--kubernetes-kubeconfig',
        kubeconfig('https://127.0.0.1:1'),
      ],
      {env: {BERTH_BATCH_IDLE_MS: '3'}},
    );
    await berth.untilLogged('starting');
    await berth.stop();
    const line = berth.log.find(({msg}) => msg === 'starting');
    expect(line).toMatchObject({
      version: expect.any(String),
      config: {
        batch: {idleMs: 3, maxMs: 25},
        ledger: {kind: 'redis', redis: {url: 'redis://***@redis:6379/2'}},
      },
    });
    expect(berth.output).not.toContain(secret);
  });
});
