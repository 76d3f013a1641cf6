import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {Transport} from '../../src/kube/transport.ts';
import {type RealApiServer, startApiServer} from '../servers/apiServer.ts';
import {describeWithPrograms} from './describeWithPrograms.ts';
import {find, kustomizationAt, kustomizations, renderKustomization} from './manifests.ts';
import {berth, core, leasesIn, mayI} from './mayI.ts';
import {type Outcome, run, runOrThrow} from './programs.ts';
import {serviceMonitorCrd} from './serviceMonitorCrd.ts';

let server: RealApiServer;

function kubectl(args: readonly string[], stdin?: string): Promise<Outcome> {
  const {kubeconfigPath: kubeconfig} = server;
  return run('kubectl', args, stdin === undefined ? {kubeconfig} : {kubeconfig, stdin});
}

await describeWithPrograms('kubectl apply -k', ['kubectl', 'kube-apiserver', 'etcd'], () => {
  beforeAll(async () => {
    server = await startApiServer();
    const {kubeconfigPath: kubeconfig} = server;
    await runOrThrow('kubectl', ['apply', '-k', kustomizationAt('base')], {kubeconfig});
    await runOrThrow('kubectl', ['apply', '-f', '-'], {kubeconfig, stdin: serviceMonitorCrd});
    const established = ['wait', '--for=condition=Established', '--timeout=30s', 'crd', '--all'];
    await runOrThrow('kubectl', established, {kubeconfig});
  });

  afterAll(() => server?.stop());

  describe.each(kustomizations)('the kustomization %s', (folder) => {
    it('is taken by the API server without a warning, and is then all there', async () => {
      const applied = await kubectl(['apply', '-k', kustomizationAt(folder)]);
      expect(applied).toMatchObject({exitCode: 0, stderr: ''});
      const difference = await kubectl(['diff', '-k', kustomizationAt(folder)]);
      expect(difference).toMatchObject({exitCode: 0, stdout: ''});
    });
  });

  describe('the Pod of the operator', () => {
    async function podLike(change: (spec: {securityContext: object}) => void): Promise<string> {
      const deployment = find(await renderKustomization('base'), 'Deployment', 'berth');
      const {template} = deployment['spec'] as {template: {spec: {securityContext: object}}};
      const spec = structuredClone(template.spec);
      change(spec);
      const metadata = {name: 'berth-trial', namespace: 'berth-system'};
      return JSON.stringify({apiVersion: 'v1', kind: 'Pod', metadata, spec});
    }
    const create = ['create', '--dry-run=server', '-f', '-'];

    it('is allowed where the Pod Security standard `restricted` is enforced', async () => {
      const outcome = await kubectl(create, await podLike(() => {}));
      expect(outcome).toMatchObject({exitCode: 0, stderr: ''});
    });

    it('would be refused there without its security context', async () => {
      const outcome = await kubectl(
        create,
        await podLike((spec) => {
          spec.securityContext = {};
        }),
      );
      expect(outcome.exitCode).not.toBe(0);
      expect(outcome.stderr).toContain('violates PodSecurity "restricted:latest"');
    });
  });

  describe('the ServiceAccount of the operator', () => {
    let transport: Transport;
    beforeAll(async () => {
      const subject = {namespace: 'berth-system', serviceAccount: 'berth'};
      transport = server.transport(await server.tokenFor(subject));
    });

    it.each([
      ...berth('containerrequests', 'get', 'list', 'watch', 'delete'),
      ...berth('containerrequests/status', 'get', 'patch', 'update'),
      ...berth('containerrequests/finalizers', 'update'),
      ...berth('workers', 'get', 'list', 'watch', 'create', 'patch', 'delete'),
      ...berth('workers/status', 'patch', 'update'),
      ...berth('workerpools', 'get', 'list', 'watch'),
      ...berth('workerpools/status', 'patch', 'update'),
      ...berth('ledgers', 'get', 'list', 'watch', 'create'),
      ...berth('ledgers/status', 'get', 'patch', 'update'),
      ...core('pods', 'get', 'list', 'watch', 'create', 'patch', 'delete'),
      ...core('nodes', 'get', 'list', 'watch'),
      ...leasesIn('berth-system', 'get', 'list', 'watch', 'create', 'patch', 'update'),
      {verb: 'create', group: 'events.k8s.io', resource: 'events', namespace: 'default'},
    ])('may $verb $resource $subresource', async (question) => {
      expect(await mayI(transport, question)).toBe(true);
    });

    it.each([
      ...core('secrets', 'get', 'list', 'watch'),
      ...core('configmaps', 'get', 'list'),
      ...core('serviceaccounts', 'create', 'impersonate'),
      ...core('nodes', 'patch', 'delete'),
      ...core('pods', 'deletecollection'),
      {verb: 'create', resource: 'pods', subresource: 'exec'},
      {verb: 'create', resource: 'serviceaccounts', subresource: 'token'},
      ...berth('containerrequests', 'create', 'patch', 'update', 'deletecollection'),
      ...berth('ledgers', 'delete', 'patch'),
      ...berth('workerpools', 'create', 'patch', 'delete'),
      ...leasesIn('default', 'get', 'create', 'update'),
      ...leasesIn('berth-system', 'delete'),
      {verb: '*', group: '*', resource: '*'},
      {verb: '*', group: 'berth.dev', resource: '*'},
      {verb: 'bind', group: 'rbac.authorization.k8s.io', resource: 'clusterroles'},
    ])('may not $verb $resource $subresource', async (question) => {
      expect(await mayI(transport, question)).toBe(false);
    });
  });
});
