import {afterAll, beforeAll, describe, expect, it, vi} from 'vitest';
import {operatorRights, preflight} from '../../src/kube/preflight.ts';
import {apiVersionOf, containerRequests, pathOf, pods} from '../../src/kube/resource.ts';
import {type ApiCall, sendOrThrow, type Transport} from '../../src/kube/transport.ts';
import {type RealApiServer, startApiServer} from '../servers/apiServer.ts';
import {describeWithPrograms} from './describeWithPrograms.ts';
import {find, grantsOf, kustomizationAt, kustomizations, renderKustomization} from './manifests.ts';
import {berth, core, leasesIn, mayI, sentenceOf} from './mayI.ts';
import {type Outcome, run, runOrThrow} from './programs.ts';
import {serviceMonitorCrd} from './serviceMonitorCrd.ts';

let server: RealApiServer;

function kubectl(args: readonly string[], stdin?: string): Promise<Outcome> {
  const {kubeconfigPath: kubeconfig} = server;
  return run('kubectl', args, stdin === undefined ? {kubeconfig} : {kubeconfig, stdin});
}

await describeWithPrograms('kubectl apply -k', ['kubectl', 'kube-apiserver', 'etcd'], () => {
  beforeAll(async () => {
    const plugin = '--enable-admission-plugins=OwnerReferencesPermissionEnforcement';
    server = await startApiServer({flags: [plugin]});
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

    it('may do all that the operator asks for at its start', async () => {
      const options = {leaseNamespace: 'berth-system', usesLedgerObject: true};
      expect(await preflight({transport, ...options})).toEqual([]);
    });

    it('may do nothing that the operator does not ask for, but for what has a reason', async () => {
      const {'ClusterRole/berth': cluster, 'Role/berth': own} = grantsOf(
        await renderKustomization('base'),
      );
      const asked = operatorRights({leaseNamespace: 'berth-system', usesLedgerObject: true}).map(
        ({verb, resource: {group, plural}, subresource}) =>
          `${group}/${plural}${subresource ? `/${subresource}` : ''}: ${verb}`,
      );
      const reasons = {
        'berth.dev/containerrequests/finalizers: update': 'a Pod whose owner blocks deletion',
        'berth.dev/workers: get': 'shows no more than its list',
        'berth.dev/workerpools: get': 'shows no more than its list',
        'berth.dev/workerpools/status: patch': 'the counts of a pool',
        '/pods: get': 'shows no more than its list',
        '/nodes: get': 'shows no more than its list',
        'coordination.k8s.io/leases: list': 'heartbeats of agents',
        'coordination.k8s.io/leases: watch': 'heartbeats of agents',
      };
      const granted = [...cluster!, ...own!];
      expect(granted.toSorted()).toEqual(
        [...new Set([...asked, ...Object.keys(reasons)])].toSorted(),
      );
    });

    it.each(
      [
        ...core('secrets', 'get', 'list', 'watch'),
        ...core('configmaps', 'get', 'list'),
        ...core('serviceaccounts', 'create', 'impersonate'),
        ...core('nodes', 'patch', 'delete'),
        ...core('pods', 'deletecollection'),
        ...core('pods/exec', 'create'),
        ...core('serviceaccounts/token', 'create'),
        ...berth('containerrequests', 'create', 'patch', 'update', 'deletecollection'),
        ...berth('workers/status', 'update'),
        ...berth('ledgers/status', 'update'),
        ...berth('ledgers', 'delete', 'patch'),
        ...berth('workerpools', 'create', 'patch', 'delete'),
        ...leasesIn('default', 'get', 'create', 'patch'),
        ...leasesIn('berth-system', 'delete'),
        {verb: '*', group: '*', resource: '*'},
        {verb: '*', group: 'berth.dev', resource: '*'},
        {verb: 'bind', group: 'rbac.authorization.k8s.io', resource: 'clusterroles'},
      ].map((question) => [sentenceOf(question), question] as const),
    )('may not %s', async (_, question) => {
      expect(await mayI(transport, question)).toBe(false);
    });

    it('may name a request as the owner that blocks the deletion of its Pod', async () => {
      const admin = server.transport();
      const request = await sendOrThrow<{metadata: {uid: string}}>(admin, {
        method: 'POST',
        path: pathOf(containerRequests, {namespace: 'default'}),
        body: {
          apiVersion: apiVersionOf(containerRequests),
          kind: containerRequests.kind,
          metadata: {name: 'owner'},
          spec: {container: {image: 'busybox:1.36'}},
        },
      });
      const owner = {
        apiVersion: apiVersionOf(containerRequests),
        kind: containerRequests.kind,
        name: 'owner',
        uid: request.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      };
      const call: ApiCall = {
        method: 'POST',
        path: pathOf(pods, {namespace: 'default'}),
        query: {dryRun: 'All'},
        body: {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: {name: 'owned', ownerReferences: [owner]},
          spec: {containers: [{name: 'main', image: 'busybox:1.36'}]},
        },
      };
      expect(await transport.send(call)).toMatchObject({status: 201});
      // The same without the right to set finalizers: the admission plugin is really on.
      const token = await server.tokenFor({namespace: 'default', serviceAccount: 'other'});
      for (const args of [
        ['clusterrole', 'pod-maker', '--verb=create', '--resource=pods'],
        [
          'clusterrolebinding',
          'other',
          '--clusterrole=pod-maker',
          '--serviceaccount=default:other',
        ],
      ]) {
        expect(await kubectl(['create', ...args])).toMatchObject({exitCode: 0});
      }
      const refusal = {message: expect.stringContaining('cannot set blockOwnerDeletion') as string};
      const other = server.transport(token);
      await vi.waitFor(
        async () => expect(await other.send(call)).toMatchObject({status: 403, body: refusal}),
        {timeout: 30_000},
      );
    });
  });
});
