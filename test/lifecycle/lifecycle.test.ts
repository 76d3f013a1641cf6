import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {containerRequests, pods, workers} from '../../src/kube/resource.ts';
import {kstatusOf, startWorld} from './world.ts';

type World = ReturnType<typeof startWorld>;

let world: World;
let cluster: World['cluster'];

beforeEach(async () => {
  world = startWorld();
  ({cluster} = world);
  await world.advance(1_000);
});
afterEach(() => world.stop());

const conditionOf = async (name: string, type: string) =>
  (await cluster.request(name)).status?.conditions?.find((condition) => condition.type === type);

/** A worker on a Node that is ready, and a request that runs there. */
async function run(name: string, spec: object = {}, workerSpec: object = {}): Promise<void> {
  await cluster.createNode('node-1');
  await cluster.createWorker('w-1', {nodeName: 'node-1', ...workerSpec});
  await cluster.createRequest(name, spec);
  await world.advance(1_000);
  await cluster.reportPod(name, 'Running');
  await world.advance(1_000);
}

describe('a request on a Kubernetes node', () => {
  it('becomes a Pod there that it owns, and says where it is', async () => {
    await cluster.createNode('node-1');
    await cluster.createWorker('w-1', {nodeName: 'node-1'});
    await cluster.createRequest('web', {
      container: {image: 'nginx', env: [{name: 'A', value: '1'}]},
    });
    await world.advance(1_000);
    const request = await cluster.request('web');
    const pod = await cluster.podOf('web');
    expect(pod.spec).toMatchObject({nodeName: 'node-1', restartPolicy: 'Never'});
    expect(pod.spec.containers[0]).toMatchObject({name: 'main', image: 'nginx'});
    expect(pod.spec.containers[0]!.env).toEqual([{name: 'A', value: '1'}]);
    expect(pod.metadata.ownerReferences).toMatchObject([
      {kind: 'ContainerRequest', uid: request.metadata.uid, controller: true},
    ]);
    expect(request.status).toMatchObject({phase: 'Scheduled', workerName: 'w-1', attempts: 1});
    expect(kstatusOf(request)).toBe('InProgress');
  });

  it('gets its GPU devices in the environment, and nobody else gets any', async () => {
    await cluster.createNode('node-1');
    const gpu = {type: 'A100', count: 4};
    const capacity = {cpu: '4', memory: '16Gi', gpu};
    await cluster.createWorker('w-1', {nodeName: 'node-1', capacity});
    await cluster.createRequest('train', {resources: {gpu: {count: 2}}});
    await cluster.createRequest('share', {resources: {gpu: {count: 1, shareMillis: 250}}});
    await cluster.createRequest('plain');
    await world.advance(1_000);
    const envOf = async (name: string) =>
      (await cluster.podOf(name)).spec.containers[0]!.env.map((one) => `${one.name}=${one.value}`);
    const devicesOf = async (name: string) =>
      (await cluster.request(name)).status?.assignment?.gpuDevices?.join(',');
    expect((await devicesOf('train'))!.split(',')).toHaveLength(2);
    expect(await envOf('train')).toEqual([
      `NVIDIA_VISIBLE_DEVICES=${await devicesOf('train')}`,
      `BERTH_GPU_DEVICES=${await devicesOf('train')}`,
    ]);
    expect(await envOf('share')).toContain('BERTH_GPU_MILLIS=250');
    expect(await envOf('plain')).toEqual(['NVIDIA_VISIBLE_DEVICES=void']);
  });

  it('runs when its Pod does', async () => {
    await run('web');
    const request = await cluster.request('web');
    const {name} = (await cluster.podOf('web')).metadata;
    expect(request.status).toMatchObject({
      phase: 'Running',
      podName: name,
      startTime: '2026-01-01T00:00:05Z',
    });
    expect(kstatusOf(request)).toBe('Current');
  });

  it.each([
    {ends: 'succeeds', phase: 'Succeeded', exitCode: 0, reason: 'Completed', kstatus: 'Current'},
    {ends: 'fails', phase: 'Failed', exitCode: 3, reason: 'ContainerFailed', kstatus: 'Failed'},
  ])('$ends with the exit code of its Pod and frees its capacity', async (end) => {
    await run('web', {resources: {cpu: '4'}});
    await cluster.createRequest('next', {resources: {cpu: '4'}});
    await world.advance(1_000);
    expect((await cluster.request('next')).status?.phase).toBe('Pending');
    await cluster.reportPod('web', end.phase, end.exitCode);
    await world.advance(2_000);
    const request = await cluster.request('web');
    expect(request.status).toMatchObject({phase: end.phase, exitCode: end.exitCode});
    expect(request.status?.completionTime).toMatch(/^2026-/);
    expect(await conditionOf('web', 'Finished')).toMatchObject({
      status: 'True',
      reason: end.reason,
    });
    expect(kstatusOf(request)).toBe(end.kstatus);
    expect((await cluster.request('next')).status?.phase).toBe('Scheduled');
  });

  it('is placed anew under another assignment when its Pod vanishes', async () => {
    await run('web');
    const before = await cluster.podOf('web');
    const {id} = (await cluster.request('web')).status!.assignment!;
    await cluster.endPod(before);
    await world.advance(1_000);
    const {status} = await cluster.request('web');
    expect(status).toMatchObject({phase: 'Scheduled', attempts: 2});
    expect(status!.assignment!.id).not.toBe(id);
    expect(status).not.toHaveProperty('startTime');
    expect((await cluster.podOf('web')).metadata.uid).not.toBe(before.metadata.uid);
  });

  it('is placed anew when its Node is drained: the container did not end by itself', async () => {
    await run('web');
    await cluster.delete(pods, (await cluster.podOf('web')).metadata.name);
    await cluster.reportPod('web', 'Failed', 143);
    await world.advance(1_000);
    expect((await cluster.request('web')).status).toMatchObject({phase: 'Scheduled', attempts: 2});
  });

  it('makes no second Pod while somebody deletes them, but ever more slowly', async () => {
    await cluster.createNode('node-1');
    await cluster.createWorker('w-1', {nodeName: 'node-1'});
    await cluster.createRequest('web');
    for (let second = 0; second < 600; second++) {
      await world.advance(100);
      for (const pod of await cluster.podsOf('web')) await cluster.endPod(pod);
    }
    const created = world
      .writes()
      .filter((write) => write.startsWith('POST') && write.endsWith('/pods'));
    expect(created.length).toBeGreaterThan(3);
    expect(created.length).toBeLessThan(30);
  });

  it('fails, and says why, when the API server takes no such Pod', async () => {
    await cluster.createNode('node-1');
    await cluster.createWorker('w-1', {nodeName: 'node-1'});
    world.faults.inject({
      matches: ({method, path}) => method === 'POST' && path.endsWith('/pods'),
      fault: {kind: 'status', status: 422, message: 'spec.volumes is wrong'},
    });
    await cluster.createRequest('web');
    await world.advance(1_000);
    const request = await cluster.request('web');
    expect(request.status?.phase).toBe('Failed');
    expect(await conditionOf('web', 'Finished')).toMatchObject({reason: 'PodRefused'});
    expect((await conditionOf('web', 'Finished'))!.message).toMatch(/spec.volumes is wrong/);
  });

  it('says that a quota keeps its Pod away, and goes on trying', async () => {
    await cluster.createNode('node-1');
    await cluster.createWorker('w-1', {nodeName: 'node-1'});
    const heal = world.faults.inject({
      matches: ({method, path}) => method === 'POST' && path.endsWith('/pods'),
      fault: {kind: 'status', status: 403, message: 'exceeded quota'},
      times: 1_000,
    });
    await cluster.createRequest('web');
    await world.advance(60_000);
    expect(await conditionOf('web', 'Ready')).toMatchObject({
      status: 'False',
      reason: 'PodRefused',
    });
    expect((await conditionOf('web', 'Ready'))!.message).toMatch(/exceeded quota/);
    expect(world.writes().length).toBeLessThan(40);
    heal();
    await world.advance(40_000);
    await cluster.reportPod('web', 'Running');
    await world.advance(1_000);
    expect(kstatusOf(await cluster.request('web'))).toBe('Current');
  });
});

describe('time', () => {
  it('fails a request that waited for longer than its placement timeout', async () => {
    await cluster.createRequest('web', {placementTimeoutSeconds: 30});
    await world.advance(29_000);
    expect((await cluster.request('web')).status?.phase).toBe('Pending');
    await world.advance(3_000);
    const request = await cluster.request('web');
    expect(request.status?.phase).toBe('Failed');
    expect(await conditionOf('web', 'Finished')).toMatchObject({reason: 'PlacementTimeout'});
    expect(kstatusOf(request)).toBe('Failed');
  });

  it('of a placement begins anew with a request that lost its worker', async () => {
    await run('web', {placementTimeoutSeconds: 30});
    await world.advance(60_000);
    await cluster.patchWorker('w-1', {spec: {unschedulable: true}});
    await cluster.endPod(await cluster.podOf('web'));
    await world.advance(20_000);
    expect((await cluster.request('web')).status?.phase).toBe('Pending');
    await world.advance(12_000);
    expect(await conditionOf('web', 'Finished')).toMatchObject({reason: 'PlacementTimeout'});
  });

  it('of a placement begins anew with a request that is resumed', async () => {
    await cluster.createRequest('web', {placementTimeoutSeconds: 30, suspend: true});
    await world.advance(60_000);
    await cluster.patchRequest('web', {suspend: false});
    await world.advance(20_000);
    expect((await cluster.request('web')).status?.phase).toBe('Pending');
    await world.advance(12_000);
    expect((await cluster.request('web')).status?.phase).toBe('Failed');
  });

  it('ends the Pod at the active deadline, and the request once the Pod has ended', async () => {
    await run('web', {activeDeadlineSeconds: 60, resources: {cpu: '4'}});
    await cluster.createRequest('next', {resources: {cpu: '4'}});
    await world.advance(65_000);
    const pod = await cluster.podOf('web');
    expect(pod.metadata.deletionTimestamp).toBeDefined();
    expect((await cluster.request('web')).status?.phase).toBe('Running');
    expect((await cluster.request('next')).status?.phase).toBe('Pending');
    await cluster.endPod(pod);
    await world.advance(2_000);
    expect((await cluster.request('web')).status?.phase).toBe('Failed');
    expect(await conditionOf('web', 'Finished')).toMatchObject({reason: 'DeadlineExceeded'});
    expect((await cluster.request('next')).status?.phase).toBe('Scheduled');
  });

  it('deletes a finished request with its Pod, ttlSecondsAfterFinished after its end', async () => {
    await run('web', {ttlSecondsAfterFinished: 60});
    await cluster.reportPod('web', 'Succeeded', 0);
    await world.advance(50_000);
    expect((await cluster.request('web')).status?.phase).toBe('Succeeded');
    await world.advance(20_000);
    await expect(cluster.request('web')).rejects.toThrow(/404/);
    expect(await cluster.podsOf('web')).toEqual([]);
  });
});

describe('suspend', () => {
  it('ends the Pod, then takes the worker away; the request is placed again once it is resumed', async () => {
    await run('web', {resources: {cpu: '4'}});
    await cluster.createRequest('next', {resources: {cpu: '4'}, activeDeadlineSeconds: 10});
    await cluster.patchRequest('web', {suspend: true});
    await world.advance(1_000);
    const pod = await cluster.podOf('web');
    expect(pod.metadata.deletionTimestamp).toBeDefined();
    expect((await cluster.request('web')).status?.workerName).toBe('w-1');
    await cluster.endPod(pod);
    await world.advance(2_000);
    const suspended = await cluster.request('web');
    expect(suspended.status).toMatchObject({phase: 'Pending', attempts: 0});
    expect(suspended.status).not.toHaveProperty('workerName');
    expect(await conditionOf('web', 'Scheduled')).toMatchObject({reason: 'Suspended'});
    expect((await cluster.request('next')).status?.phase).toBe('Scheduled');

    await cluster.delete(containerRequests, 'next');
    await cluster.endPod(await cluster.podOf('next'));
    await cluster.patchRequest('web', {suspend: false});
    await world.advance(2_000);
    expect((await cluster.request('web')).status).toMatchObject({phase: 'Scheduled', attempts: 1});
    expect((await cluster.podOf('web')).metadata.uid).not.toBe(pod.metadata.uid);
  });

  it('costs one write to take the worker away, not one more to say why', async () => {
    await cluster.createWorker('w-1');
    await cluster.createRequest('web');
    await world.advance(1_000);
    const before = world.writes().length;
    await cluster.patchRequest('web', {suspend: true});
    await world.advance(5_000);
    expect(await conditionOf('web', 'Scheduled')).toMatchObject({reason: 'Suspended'});
    expect(world.writes().slice(before)).toHaveLength(1);
  });

  it('waits for a Pod that is on its way: its capacity is not free', async () => {
    await cluster.createNode('node-1');
    await cluster.createWorker('w-1', {nodeName: 'node-1'});
    world.faults.inject({
      matches: ({method, path}) => method === 'POST' && path.endsWith('/pods'),
      fault: {kind: 'delay', beforeMs: 5_000},
      times: Number.POSITIVE_INFINITY,
    });
    await cluster.createRequest('web');
    await world.advance(1_000);
    await cluster.patchRequest('web', {suspend: true});
    await world.advance(2_000);
    expect((await cluster.request('web')).status?.workerName).toBe('w-1');
    await world.advance(3_000);
    await cluster.endPod(await cluster.podOf('web'));
    await world.advance(1_000);
    expect((await cluster.request('web')).status).not.toHaveProperty('workerName');
  });

  it('does not undo an end that came before it', async () => {
    await run('web');
    await cluster.reportPod('web', 'Succeeded', 0);
    await cluster.patchRequest('web', {suspend: true});
    await world.advance(1_000);
    expect((await cluster.request('web')).status?.phase).toBe('Succeeded');
  });
});

describe('a worker that is deleted', () => {
  it('has its requests placed elsewhere as often as retryLimit says, and then they fail', async () => {
    await cluster.createRequest('web', {retryLimit: 2});
    for (const name of ['w-1', 'w-2', 'w-3']) {
      await cluster.createWorker(name);
      await world.advance(1_000);
      expect((await cluster.request('web')).status?.workerName).toBe(name);
      await cluster.delete(workers, name);
      await world.advance(1_000);
    }
    const request = await cluster.request('web');
    expect(request.status).toMatchObject({phase: 'Failed', attempts: 3});
    expect(await conditionOf('web', 'Finished')).toMatchObject({reason: 'WorkerLost'});
    expect(kstatusOf(request)).toBe('Failed');
  });
});

describe('an agent', () => {
  it('reports the end alone: when it was and what the conditions are is added', async () => {
    await cluster.createWorker('w-1');
    await cluster.createRequest('web', {ttlSecondsAfterFinished: 60});
    await world.advance(1_000);
    await cluster.patchStatus(containerRequests, 'web', {phase: 'Running'});
    await world.advance(1_000);
    await cluster.patchStatus(containerRequests, 'web', {phase: 'Failed', exitCode: 7});
    await world.advance(1_000);
    const request = await cluster.request('web');
    expect(request.status?.completionTime).toBeDefined();
    expect((await conditionOf('web', 'Finished'))!.message).toMatch(/code 7/);
    expect(kstatusOf(request)).toBe('Failed');
    await world.advance(61_000);
    await expect(cluster.request('web')).rejects.toThrow(/404/);
  });
});

describe('a world at rest', () => {
  it('writes nothing', async () => {
    await run('web');
    await cluster.createRequest('waits', {resources: {cpu: '64'}});
    await world.advance(20_000);
    const before = world.writes();
    await world.advance(600_000);
    expect(world.writes()).toEqual(before);
  });
});
