import {mkdtempSync, realpathSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {parse, parseAllDocuments} from 'yaml';
import {
  type Deployment,
  helmArguments,
  namespace,
  redisManifest,
  redisOverlay,
  replicaPod,
} from '../../e2e/kindManifests.ts';
import {describeWithPrograms} from '../deploy/describeWithPrograms.ts';
import {run, runOrThrow} from '../deploy/programs.ts';
import {type RealApiServer, startApiServer} from '../servers/apiServer.ts';

interface Manifest {
  readonly kind: string;
}

/** What of the kind ground can be held against a real API server where there is no Docker. */
await describeWithPrograms('the kind ground', ['kube-apiserver', 'etcd', 'kubectl', 'helm'], () => {
  let api: RealApiServer;
  let kubeconfig: string;
  beforeAll(async () => {
    api = await startApiServer();
    kubeconfig = api.kubeconfigPath;
    const restricted = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {name: namespace, labels: {'pod-security.kubernetes.io/enforce': 'restricted'}},
    };
    const stdin = JSON.stringify(restricted);
    await runOrThrow('kubectl', ['apply', '-f', '-'], {kubeconfig, stdin});
  });
  afterAll(() => api?.stop());

  const tryToApply = (manifest: string) =>
    run('kubectl', ['apply', '--dry-run=server', '-f', '-'], {kubeconfig, stdin: manifest});

  const overlay = async (): Promise<readonly Manifest[]> => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'berth-kind-')));
    writeFileSync(join(folder, 'kustomization.yaml'), redisOverlay(folder, 'berth:e2e'));
    const rendered = await runOrThrow('kubectl', ['kustomize', folder]);
    return parseAllDocuments(rendered).map((document) => document.toJS() as Manifest);
  };

  it('renders the overlay with one replica of the image', async () => {
    const deployment = (await overlay()).find(({kind}) => kind === 'Deployment');
    expect(deployment).toMatchObject({
      spec: {replicas: 1, template: {spec: {containers: [{image: 'berth:e2e'}]}}},
    });
  });

  it('makes a replica of it that the API server takes into a restricted namespace', async () => {
    const deployment = (await overlay()).find(({kind}) => kind === 'Deployment');
    const pod = replicaPod(deployment as Manifest & Deployment, 'berth-replica-1', ['--x']);
    expect(await tryToApply(JSON.stringify(pod))).toMatchObject({exitCode: 0, stderr: ''});
  });

  it('makes a replica of what the chart installs, too', async () => {
    const [, ...args] = helmArguments('berth:e2e');
    const isForInstall = (arg: string) => ['--wait', '--create-namespace'].includes(arg);
    const template = ['template', ...args.filter((arg) => !isForInstall(arg))];
    const only = ['--show-only', 'templates/deployment.yaml'];
    const rendered = await runOrThrow('helm', [...template, ...only], {kubeconfig});
    const deployment = parse(rendered) as Deployment;
    expect(deployment).toMatchObject({
      spec: {replicas: 1, template: {spec: {containers: [{image: 'berth:e2e'}]}}},
    });
    const pod = replicaPod(deployment, 'berth-replica-1', []);
    expect(await tryToApply(JSON.stringify(pod))).toMatchObject({exitCode: 0, stderr: ''});
  });

  it('has a Redis that the API server takes into a restricted namespace', async () => {
    expect(await tryToApply(redisManifest())).toMatchObject({exitCode: 0, stderr: ''});
  });

  it('waits for the Pods of the Deployment also where none is left', async () => {
    const wait = ['wait', '--for=delete', 'pod', '-n', namespace, '-l', 'app=none', '--timeout=5s'];
    expect(await run('kubectl', wait, {kubeconfig})).toMatchObject({exitCode: 0});
  });
});
