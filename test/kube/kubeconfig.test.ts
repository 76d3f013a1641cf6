import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {connect} from '../../src/kube/connect.ts';
import {kubeconfigCredentials} from '../../src/kube/credentialSources.ts';
import {chooseContext} from '../../src/kube/kubeconfig.ts';
import {systemClock} from '../../src/lib/clock.ts';
import {startPlainServer} from './plainServer.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-kubeconfig-'));
});
afterAll(() => rm(folder, {recursive: true}));

async function write(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const config = (user: object = {}, cluster: object = {}) => ({
  clusters: [{name: 'c', cluster: {server: 'https://127.0.0.1:6443', ...cluster}}],
  users: [{name: 'u', user}],
  contexts: [
    {name: 'one', context: {cluster: 'c', user: 'u', namespace: 'team'}},
    {name: 'lost', context: {cluster: 'elsewhere', user: 'u'}},
  ],
  'current-context': 'one',
});

async function credentialsOf(content: unknown) {
  const path = await write('user', content);
  const choose = () => chooseContext([path]);
  return kubeconfigCredentials(await choose(), choose, systemClock);
}

describe('a kubeconfig', () => {
  it('gives server, namespace and user of its current context', async () => {
    const path = await write('good', config({token: 't'}));
    expect(await chooseContext([path])).toMatchObject({
      context: 'one',
      namespace: 'team',
      cluster: {server: 'https://127.0.0.1:6443'},
      user: {token: 't'},
    });
  });

  it('takes of several files the first entry of a name', async () => {
    const first = await write('first', {
      contexts: [{name: 'one', context: {cluster: 'c', namespace: 'mine'}}],
    });
    const second = await write('second', config());
    expect(await chooseContext([first, second])).toMatchObject({namespace: 'mine', user: {}});
  });

  it.each([
    {
      name: 'a token',
      user: {token: 't\n'},
      headers: {authorization: 'Bearer t'},
      tls: {},
    },
    {
      name: 'a user name and password, on behalf of another',
      user: {username: 'a', password: 'b', as: 'system:admin'},
      headers: {authorization: 'Basic YTpi', 'impersonate-user': 'system:admin'},
      tls: {},
    },
    {
      name: 'a client certificate',
      user: {'client-certificate-data': 'Y2VydA==', 'client-key-data': 'a2V5'},
      headers: {},
      tls: {cert: 'cert', key: 'key'},
    },
    {
      name: 'an exec plugin that gives a token',
      user: {
        exec: {
          apiVersion: 'client.authentication.k8s.io/v1',
          command: process.execPath,
          args: ['-e', 'console.log(JSON.stringify({status: {token: process.env.SECRET}}))'],
          env: [{name: 'SECRET', value: 'from-plugin'}],
        },
      },
      headers: {authorization: 'Bearer from-plugin'},
      tls: {},
    },
  ])('signs with $name', async ({user, headers, tls}) => {
    const source = await credentialsOf(config(user));
    expect(await source(false)).toEqual({headers, tls});
  });

  it('resolves file names against its own folder and reads a token file every time', async () => {
    await write('token', 'first\n');
    await write('ca.pem', 'CA');
    const source = await credentialsOf(
      config({tokenFile: 'token'}, {'certificate-authority': 'ca.pem'}),
    );
    expect(await source(false)).toEqual({
      headers: {authorization: 'Bearer first'},
      tls: {ca: 'CA'},
    });
    await write('token', 'second\n');
    expect((await source(false)).headers).toEqual({authorization: 'Bearer second'});
  });

  it('is read again after a refusal', async () => {
    const source = await credentialsOf(config({token: 'old'}));
    await write('user', config({token: 'new'}));
    expect((await source(false)).headers).toEqual({authorization: 'Bearer old'});
    expect((await source(true)).headers).toEqual({authorization: 'Bearer new'});
  });
});

describe('connect says in one sentence', () => {
  it.each([
    {
      name: 'that the kubeconfig is missing',
      content: undefined,
      says: /^Cannot read the kubeconfig .*case: no such file$/,
    },
    {
      name: 'that it is no YAML',
      content: 'a: [',
      says: /^Cannot read the kubeconfig .*case as it is no YAML: /,
    },
    {
      name: 'which field is malformed',
      content: {clusters: [{name: 'c', cluster: {server: 'nowhere'}}]},
      says: /malformed: clusters\.0\.cluster\.server: must be http\(s\):\/\/HOST:PORT$/,
    },
    {
      name: 'that no context is chosen',
      content: {...config(), 'current-context': ''},
      says: /has no current-context: name one of: one, lost$/,
    },
    {
      name: 'that the context is unknown, and which there are',
      content: config(),
      context: 'two',
      says: /^Cannot use context 'two' as it is not in .*: contexts are one, lost$/,
    },
    {
      name: 'that the cluster of the context is not defined',
      content: config(),
      context: 'lost',
      says: /^Cannot use context 'lost' as its cluster 'elsewhere' is not in /,
    },
    {
      name: 'that the server is not reached',
      content: config({}, {server: 'https://127.0.0.1:1'}),
      says: /^Cannot reach the API server at https:\/\/127\.0\.0\.1:1: connect ECONNREFUSED/,
    },
    {
      name: 'that a plugin is missing',
      content: config({exec: {command: 'no-such-plugin'}}),
      says: /^Cannot reach the API server .*no-such-plugin/,
    },
  ])('$name', async ({content, context, says}) => {
    await rm(join(folder, 'case'), {force: true});
    if (content !== undefined) await write('case', content);
    const options = {kubeconfigPath: join(folder, 'case'), ...(context && {context})};
    const failure: unknown = await connect(options).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(String((failure as Error).message)).toMatch(says);
    expect(String((failure as Error).message)).not.toMatch(/\n/);
  });

  it.each([
    {status: 401, says: /refuses these credentials \(401\)/},
    {status: 403, says: /may not even read its version \(403\): who are you$/},
    {status: 503, says: /answers 503 to GET \/version: who are you$/},
  ])('that the server answers $status', async ({status, says}) => {
    const server = await startPlainServer((_, response) => {
      response.writeHead(status, {'content-type': 'application/json'});
      response.end(JSON.stringify({kind: 'Status', message: 'who are you'}));
    });
    await expect(connect({url: server.url})).rejects.toThrow(says);
    await server.close();
  });

  it('that there is nothing to connect to', async () => {
    const env = {KUBECONFIG: join(folder, 'none')};
    await expect(connect({env})).rejects.toThrow(/^Cannot find an API server as there is no kube/);
    await expect(connect({env: {}, inCluster: true})).rejects.toThrow(/this is no Pod$/);
  });
});

it('connects as a Pod does, with the mounted token and namespace', async () => {
  await write('token', 'mounted\n');
  await write('namespace', 'berth-system\n');
  await write('ca.crt', '');
  const env = {KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: '1'};
  await expect(connect({inCluster: true, env, serviceAccountFolder: folder})).rejects.toThrow(
    /at https:\/\/127\.0\.0\.1:1: connect ECONNREFUSED/,
  );
});

it('connects to a plain http server without a kubeconfig', async () => {
  const server = await startPlainServer((_, response) => {
    response.writeHead(200, {'content-type': 'application/json'}).end('{"gitVersion":"v1.36.3"}');
  });
  const connection = await connect({url: server.url, token: 't'});
  expect(connection).toMatchObject({serverVersion: 'v1.36.3', namespace: 'default'});
  expect(server.requests[0]?.headers.authorization).toBe('Bearer t');
  await connection.transport.close();
  await server.close();
});
