import {afterAll, beforeAll, describe, expect, it, vi} from 'vitest';
import {containerRequests, leases, pathOf, type Resource} from '../../src/kube/resource.ts';
import {type ApiReply, sendOrThrow, type Transport} from '../../src/kube/transport.ts';
import {type RealApiServer, startApiServer} from '../servers/apiServer.ts';
import {describeWithPrograms} from './describeWithPrograms.ts';
import {kustomizationAt} from './manifests.ts';
import {runOrThrow} from './programs.ts';

const assigned = {
  phase: 'Scheduled',
  workerName: 'worker-01',
  assignment: {id: 'first', epoch: 1, cycle: 1, affinity: 'None'},
  attempts: 1,
  conditions: [
    {
      type: 'Scheduled',
      status: 'True',
      reason: 'Placed',
      message: 'on worker-01',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ],
};
const finished = {
  type: 'Finished',
  status: 'True',
  reason: 'Completed',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:09Z',
};

let server: RealApiServer;
let admin: Transport;
let own: Transport;
let stranger: Transport;
let sequence = 0;

function kubectl(...args: readonly string[]): Promise<string> {
  return runOrThrow('kubectl', args, {kubeconfig: server.kubeconfigPath});
}

async function agentOf(worker: string): Promise<Transport> {
  const token = await server.tokenFor({namespace: 'berth-agents', serviceAccount: worker});
  return server.transport(token);
}

/** A request whose status is `status`; none at all when undefined. Returns its name. */
async function makeRequest(status?: object): Promise<string> {
  const name = `request-${sequence++}`;
  const {group, version, kind} = containerRequests;
  await sendOrThrow(admin, {
    method: 'POST',
    path: pathOf(containerRequests, {namespace: 'default'}),
    body: {
      apiVersion: `${group}/${version}`,
      kind,
      metadata: {name},
      spec: {container: {image: 'busybox:1.36'}},
    },
  });
  if (status) expect(await patchStatus(admin, name, status)).toMatchObject({status: 200});
  return name;
}

function patch(
  transport: Transport,
  resource: Resource,
  at: {namespace: string; name: string; subresource?: 'status'},
  body: object,
): Promise<ApiReply> {
  const contentType = 'application/merge-patch+json';
  return transport.send({method: 'PATCH', path: pathOf(resource, at), contentType, body});
}

function patchStatus(transport: Transport, name: string, status: object): Promise<ApiReply> {
  const at = {namespace: 'default', name, subresource: 'status'} as const;
  return patch(transport, containerRequests, at, {status});
}

function createLease(transport: Transport, name: string): Promise<ApiReply> {
  return transport.send({
    method: 'POST',
    path: pathOf(leases, {namespace: 'berth-system'}),
    body: {apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: {name}},
  });
}

/** Policies and roles take a moment to be seen by the API server. */
function waitForStatus(wanted: number, ask: () => Promise<ApiReply>): Promise<void> {
  return vi.waitFor(async () => expect((await ask()).status).toBe(wanted), {timeout: 30_000});
}

await describeWithPrograms('the policies for agents', ['kubectl', 'kube-apiserver', 'etcd'], () => {
  beforeAll(async () => {
    server = await startApiServer();
    admin = server.transport();
    await kubectl('apply', '-k', kustomizationAt('overlays/agents'));
    await kubectl('wait', '--for=condition=Established', '--timeout=30s', 'crd', '--all');
    own = await agentOf('worker-01');
    stranger = await agentOf('worker-02');
    const probe = await makeRequest(assigned);
    await waitForStatus(403, () => patchStatus(stranger, probe, {phase: 'Running'}));
    await waitForStatus(200, () => patchStatus(own, probe, {phase: 'Running'}));
    await waitForStatus(403, () => createLease(stranger, `probe-${sequence++}`));
  });

  afterAll(() => server?.stop());

  describe('an agent', () => {
    it.each([
      ['acknowledges its assignment', {phase: 'Running', assignment: {id: 'first'}}],
      ['reports the start', {phase: 'Running', startTime: '2026-01-01T00:00:01Z'}],
      ['reports the end', {phase: 'Succeeded', exitCode: 0}],
      ['adds a condition of its own', {conditions: [...assigned.conditions, finished]}],
    ])('%s', async (_, status) => {
      const name = await makeRequest(assigned);
      expect(await patchStatus(own, name, status)).toMatchObject({status: 200});
    });

    // What the schema itself refuses, it refuses first, with 422; the policy with 403.
    it.each([
      ['answers to an earlier assignment', {assignment: {id: 'zeroth'}}, 'assigned anew'],
      ['takes other GPUs', {assignment: {gpuDevices: [0]}}, 'may not change the assignment'],
      [
        'hands the request on',
        {workerName: 'worker-02', assignment: {id: 'second'}},
        'may not change the assignment',
      ],
      [
        'gives the request back',
        {phase: 'Pending', workerName: null, assignment: null},
        'may not change the assignment',
      ],
      ['counts attempts', {attempts: 0}, 'belong to the operator'],
      ['moves it back to Pending', {phase: 'Pending'}, 'not from Scheduled to Pending'],
      ['takes its phase away', {phase: null}, 'not from Scheduled to none'],
      [
        'takes away the condition Scheduled',
        {conditions: [finished]},
        'condition Scheduled belong to the operator',
      ],
    ])('is refused when it %s', async (_, status, sentence) => {
      const name = await makeRequest(assigned);
      const reply = await patchStatus(own, name, {phase: 'Running', ...status});
      expect(reply.status).toBe(sentence === 'assigned anew' ? 422 : 403);
      expect((reply.body as {message: string}).message).toContain(sentence);
    });

    it.each([
      ['of another worker', assigned, 'this one is assigned to worker-01'],
      ['of nobody', {phase: 'Pending'}, 'this one is assigned to none'],
      ['without a status', undefined, 'this one is assigned to none'],
    ])('is refused on a request %s', async (_, status, sentence) => {
      const name = await makeRequest(status);
      const mine = {workerName: 'worker-02', phase: 'Running', assignment: {id: 'second'}};
      const reply = await patchStatus(stranger, name, mine);
      expect(reply.status).toBe(403);
      expect((reply.body as {message: string}).message).toContain(sentence);
    });

    it('cannot revive what has finished', async () => {
      const name = await makeRequest({...assigned, phase: 'Failed'});
      const reply = await patchStatus(own, name, {phase: 'Running'});
      expect(reply.status).toBeGreaterThanOrEqual(400);
    });

    it('may write nothing but the status, even where a role lets it', async () => {
      const name = await makeRequest(assigned);
      await kubectl('create', 'clusterrole', 'generous', '--verb=patch', `--resource=${plural()}`);
      const subject = '--serviceaccount=berth-agents:worker-01';
      await kubectl('create', 'clusterrolebinding', 'generous', '--clusterrole=generous', subject);
      const at = {namespace: 'default', name};
      const body = {metadata: {labels: {mine: 'yes'}}};
      // First RBAC refuses, later the policy does: wait until it is the policy.
      const refusal = expect.objectContaining({
        message: expect.stringContaining('may write only the status') as string,
      });
      const ask = async () => (await patch(own, containerRequests, at, body)).body;
      await vi.waitFor(async () => expect(await ask()).toEqual(refusal), {timeout: 30_000});
    });

    it('renews the Lease of its own worker, and no other', async () => {
      expect(await createLease(own, 'berth-worker-worker-01')).toMatchObject({status: 201});
      const at = {namespace: 'berth-system', name: 'berth-worker-worker-01'};
      const renewal = {spec: {renewTime: '2026-01-01T00:00:00.000000Z'}};
      expect(await patch(own, leases, at, renewal)).toMatchObject({status: 200});
      expect(await patch(stranger, leases, at, renewal)).toMatchObject({status: 403});
    });

    it("cannot take the leader's Lease", async () => {
      expect(await createLease(admin, 'berth')).toMatchObject({status: 201});
      const at = {namespace: 'berth-system', name: 'berth'};
      const reply = await patch(own, leases, at, {spec: {holderIdentity: 'me'}});
      expect(reply.status).toBe(403);
      expect((reply.body as {message: string}).message).toContain('only its own heartbeat');
    });
  });

  it('the operator and people are held to none of this', async () => {
    const token = await server.tokenFor({namespace: 'berth-system', serviceAccount: 'berth'});
    const name = await makeRequest(assigned);
    const status = {phase: 'Pending', workerName: null, assignment: null, attempts: 2};
    expect(await patchStatus(server.transport(token), name, status)).toMatchObject({status: 200});
  });

  it('without the policies a stranger could write, so it is they that refuse', async () => {
    await kubectl('delete', 'validatingadmissionpolicybinding', 'berth-agent-requests');
    const name = await makeRequest(assigned);
    await waitForStatus(200, () => patchStatus(stranger, name, {phase: 'Running'}));
  });
});

function plural(): string {
  return `${containerRequests.plural}.${containerRequests.group}`;
}
