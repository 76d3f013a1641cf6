import {cp, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {type RealApiServer, startApiServer} from '../servers/apiServer.ts';
import {describeWithPrograms} from './describeWithPrograms.ts';
import {chartFolder} from './manifests.ts';
import {type Outcome, root, run, runOrThrow} from './programs.ts';
import {serviceMonitorCrd} from './serviceMonitorCrd.ts';

const names = ['containerrequests', 'ledgers', 'workerpools', 'workers'];
const inNamespace = ['--namespace', 'berth-system'];

let server: RealApiServer;
let folder: string;

function helm(...args: readonly string[]): Promise<Outcome> {
  return run('helm', args, {kubeconfig: server.kubeconfigPath});
}

function kubectl(...args: readonly string[]): Promise<string> {
  return runOrThrow('kubectl', args, {kubeconfig: server.kubeconfigPath});
}

async function crdLabels(): Promise<string[]> {
  const path = '{range .items[*]}{.metadata.name}={.metadata.labels.trial}{"\\n"}{end}';
  const text = await kubectl('get', 'crd', '--output', `jsonpath=${path}`);
  return text.split('\n').filter((line) => line.includes('.berth.dev='));
}

await describeWithPrograms(
  'the life of a release',
  ['helm', 'kubectl', 'kube-apiserver', 'etcd', 'kube-controller-manager'],
  () => {
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'berth-chart-'));
      server = await startApiServer({controllers: ['garbage-collector', 'namespace']});
      const {kubeconfigPath: kubeconfig} = server;
      await runOrThrow('kubectl', ['apply', '-f', '-'], {kubeconfig, stdin: serviceMonitorCrd});
      await kubectl('wait', '--for=condition=Established', '--timeout=30s', 'crd', '--all');
    });

    afterAll(async () => {
      await server?.stop();
      await rm(folder, {recursive: true, force: true});
    });

    // One story: each step goes on where the one before ended.
    it('helm installs the chart as it is packaged', async () => {
      await runOrThrow('helm', ['package', chartFolder, '--destination', folder]);
      const set = ['--set', 'agents.enabled=true,serviceMonitor.enabled=true'];
      const archive = join(folder, 'berth-0.1.0.tgz');
      const outcome = await helm(
        'install',
        'berth',
        archive,
        ...inNamespace,
        '--create-namespace',
        ...set,
      );
      expect(outcome).toMatchObject({exitCode: 0});
      expect(outcome.stdout).toContain('STATUS: deployed');
      expect(outcome.stdout).toContain('kubectl -n berth-agents create serviceaccount WORKER');
      await kubectl('wait', '--for=condition=Established', '--timeout=30s', 'crd', '--all');
      await kubectl('get', 'deployment', 'berth', ...inNamespace);
      await kubectl('get', 'servicemonitor', 'berth', ...inNamespace);
      await kubectl('get', 'validatingadmissionpolicy', 'berth-agent-requests');
    });

    it('helm upgrades the CRDs and keeps the requests', async () => {
      await kubectl('apply', '--filename', `${root}deploy/samples/suspended.yaml`);
      const changed = join(folder, 'changed');
      await cp(chartFolder, changed, {recursive: true, dereference: true});
      for (const name of names) {
        const file = join(changed, 'files', 'crds', `berth.dev_${name}.yaml`);
        const text = await readFile(file, 'utf8');
        await writeFile(file, text.replace(/^ {2}labels:$/m, '  labels:\n    trial: second'));
      }
      const outcome = await helm(
        'upgrade',
        'berth',
        changed,
        ...inNamespace,
        '--set',
        'replicas=3',
      );
      expect(outcome).toMatchObject({exitCode: 0});
      expect(await crdLabels()).toEqual(names.map((name) => `${name}.berth.dev=second`));
      await expect(kubectl('get', 'containerrequest', 'nightly')).resolves.toContain('nightly');
      const path = 'jsonpath={.spec.replicas}';
      await expect(
        kubectl('get', 'deployment', 'berth', ...inNamespace, '--output', path),
      ).resolves.toBe('3');
    });

    it('helm rolls the Pods when a setting changes, and not otherwise', async () => {
      const template = () =>
        kubectl('get', 'deployment', 'berth', ...inNamespace, '-o', 'jsonpath={.spec.template}');
      const before = await template();
      const upgrade = ['upgrade', 'berth', chartFolder, ...inNamespace];
      expect(await helm(...upgrade)).toMatchObject({exitCode: 0});
      expect(await template()).toBe(before);
      expect(await helm(...upgrade, '--set', 'config.log.level=debug')).toMatchObject({
        exitCode: 0,
      });
      expect(await template()).not.toBe(before);
    });

    it('helm rolls back', async () => {
      expect(await helm('rollback', 'berth', '1', ...inNamespace)).toMatchObject({exitCode: 0});
      expect(await crdLabels()).toEqual(names.map((name) => `${name}.berth.dev=`));
    });

    it('helm says so when a second release would take the CRDs of the first', async () => {
      const install = [
        'install',
        'other',
        chartFolder,
        '--namespace',
        'other',
        '--create-namespace',
      ];
      const outcome = await helm(...install);
      expect(outcome.exitCode).not.toBe(0);
      expect(outcome.stderr).toMatch(/ownership|conflict/i);
      const without = await helm(...install, '--replace', '--set', 'crds.install=false');
      expect(without).toMatchObject({exitCode: 0});
      expect(await helm('uninstall', 'other', '--namespace', 'other')).toMatchObject({exitCode: 0});
    });

    it('helm uninstalls all but the CRDs and the requests, and installs again over them', async () => {
      expect(await helm('uninstall', 'berth', ...inNamespace, '--wait')).toMatchObject({
        exitCode: 0,
      });
      const left = await kubectl(
        'get',
        'deployment,clusterrole,role,configmap',
        '-A',
        '-o',
        'name',
      );
      expect(left.split('\n').filter((name) => /\/berth/.test(name))).toEqual([]);
      expect(await crdLabels()).toHaveLength(names.length);
      await expect(kubectl('get', 'containerrequest', 'nightly')).resolves.toContain('nightly');
      const again = await helm('install', 'berth', chartFolder, ...inNamespace);
      expect(again).toMatchObject({exitCode: 0});
    });
  },
);
