import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {nodes, workerPools, workers} from '../../src/kube/resource.ts';
import {startWorld} from './world.ts';

type World = ReturnType<typeof startWorld>;

let world: World;
let cluster: World['cluster'];

beforeEach(async () => {
  world = startWorld();
  ({cluster} = world);
  await cluster.createPool('sandboxes', {
    nodeSelector: {pool: 'sandboxes'},
    reserved: {cpu: '500m', memory: '1Gi'},
  });
  await world.advance(1_000);
});
afterEach(() => world.stop());

const inPool = {labels: {pool: 'sandboxes'}};
const readyOf = async () =>
  (await cluster.pool('sandboxes')).status?.conditions?.find(({type}) => type === 'Ready');
const workerWrites = () => world.writes().filter((write) => /\/workers(\/[^/]+)?$/.test(write));

describe('a pool with a nodeSelector', () => {
  it('makes a Worker of each Node that it selects, and of no other', async () => {
    await cluster.createNode('n-1', inPool);
    await cluster.createNode('n-2', inPool);
    await cluster.createNode('n-3');
    await world.advance(3_000);
    expect(await cluster.workerNames()).toEqual(['n-1', 'n-2']);
    expect((await cluster.worker('n-1')).spec).toMatchObject({
      poolName: 'sandboxes',
      nodeName: 'n-1',
      capacity: {cpu: '3500m', memory: '15Gi'},
    });
    await cluster.createRequest('web', {poolName: 'sandboxes'});
    await world.advance(2_000);
    expect((await cluster.podOf('web')).spec.nodeName).toMatch(/^n-[12]$/);
    expect((await cluster.pool('sandboxes')).status).toMatchObject({workers: 2, readyWorkers: 2});
    expect(await readyOf()).toMatchObject({status: 'True', reason: 'Complete'});
  });

  it('writes nothing once everything is as it should be', async () => {
    await cluster.createNode('n-1', inPool);
    await world.advance(5_000);
    const before = world.writes();
    await cluster.patchStatus(nodes, 'n-1', {nodeInfo: {kubeletVersion: 'v1'}});
    await world.advance(900_000);
    expect(world.writes()).toEqual(before);
  });

  it('has a Worker follow its Node', async () => {
    await cluster.createNode('n-1', inPool);
    await world.advance(3_000);
    await cluster.patchNode('n-1', {
      metadata: {labels: {disk: 'ssd'}},
      spec: {unschedulable: true, taints: [{key: 'k', value: 'v', effect: 'NoSchedule'}]},
    });
    await cluster.patchStatus(nodes, 'n-1', {allocatable: {cpu: '8', 'nvidia.com/gpu': '2'}});
    await world.advance(3_000);
    const {metadata, spec} = await cluster.worker('n-1');
    expect(metadata.labels).toMatchObject({disk: 'ssd', pool: 'sandboxes'});
    expect(spec).toMatchObject({
      unschedulable: true,
      taints: [{key: 'k', value: 'v', effect: 'NoSchedule'}],
      capacity: {cpu: '7500m', gpu: {type: 'nvidia', count: 2}},
    });
    await cluster.patchNode('n-1', {metadata: {labels: {disk: null}}, spec: {unschedulable: null}});
    await cluster.patchStatus(nodes, 'n-1', {allocatable: {'nvidia.com/gpu': null}});
    await world.advance(3_000);
    const after = await cluster.worker('n-1');
    expect(after.metadata.labels).not.toHaveProperty('disk');
    expect(after.spec.unschedulable).toBe(false);
    expect(after.spec.capacity).not.toHaveProperty('gpu');
  });

  it.each([
    {
      why: 'the Node is relabelled',
      go: () => cluster.patchNode('n-1', {metadata: {labels: {pool: null}}}),
    },
    {
      why: 'the pool selects others',
      go: () => cluster.patchPool('sandboxes', {nodeSelector: {pool: 'x'}}),
    },
    {
      why: 'the pool makes no Workers',
      go: () => cluster.patchPool('sandboxes', {nodeSelector: null}),
    },
    {why: 'the pool is deleted', go: () => cluster.delete(workerPools, 'sandboxes')},
  ])('lets a Worker finish what it has when $why, and then it goes', async ({go}) => {
    await cluster.createNode('n-1', inPool);
    await world.advance(3_000);
    await cluster.createRequest('web');
    await world.advance(2_000);
    await cluster.reportPod('web', 'Running');
    await go();
    await world.advance(60_000);
    expect((await cluster.worker('n-1')).spec.unschedulable).toBe(true);
    expect((await cluster.request('web')).status).toMatchObject({phase: 'Running', attempts: 1});
    await cluster.reportPod('web', 'Succeeded', 0);
    await world.advance(5_000);
    expect((await cluster.request('web')).status?.phase).toBe('Succeeded');
    expect(await cluster.workerNames()).toEqual([]);
  });

  it('lets the requests of a Node that is gone be placed elsewhere, and then its Worker goes', async () => {
    for (const name of ['n-1', 'n-2', 'n-3']) await cluster.createNode(name, inPool);
    await world.advance(3_000);
    await cluster.createRequest('web');
    await world.advance(2_000);
    const {nodeName} = (await cluster.podOf('web')).spec;
    await cluster.delete(nodes, nodeName);
    await world.advance(20_000);
    expect((await cluster.request('web')).status).toMatchObject({
      workerName: nodeName,
      attempts: 1,
    });
    await world.advance(40_000);
    const {status} = await cluster.request('web');
    expect(status?.attempts).toBe(2);
    expect(status?.workerName).not.toBe(nodeName);
    expect(await cluster.workerNames()).not.toContain(nodeName);
  });

  it('leaves a Worker of that name alone that somebody else made, and says so', async () => {
    await cluster.createWorker('n-1', {capacity: {cpu: '1', memory: '1Gi'}});
    await cluster.createNode('n-1', inPool);
    await world.advance(5_000);
    expect((await cluster.worker('n-1')).spec.capacity.cpu).toBe('1');
    expect(await readyOf()).toMatchObject({
      status: 'False',
      reason: 'NodesLeftOut',
      message: expect.stringMatching(/Worker n-1 is there already/),
    });
    expect(workerWrites()).toEqual([]);
    await cluster.delete(nodes, 'n-1');
    await world.advance(5_000);
    expect(await cluster.workerNames()).toEqual(['n-1']);
    expect(await readyOf()).toMatchObject({status: 'True'});
  });

  it('makes its Worker again when somebody deletes it', async () => {
    await cluster.createNode('n-1', inPool);
    await world.advance(3_000);
    const {uid} = (await cluster.worker('n-1')).metadata;
    await cluster.delete(workers, 'n-1');
    await world.advance(3_000);
    expect((await cluster.worker('n-1')).metadata.uid).not.toBe(uid);
  });

  it('costs a write a second at most when somebody changes its Worker back and forth', async () => {
    await cluster.createNode('n-1', inPool);
    await world.advance(3_000);
    const before = workerWrites().length;
    for (let tick = 0; tick < 100; tick++) {
      await cluster.patchWorker('n-1', {spec: {unschedulable: true}});
      await world.advance(100);
    }
    expect(workerWrites().length - before).toBeLessThan(15);
  });

  it.each([
    {name: 'that is busy', fault: {kind: 'status', status: 503} as const, times: 5},
    {name: 'that does not answer', fault: {kind: 'unsent'} as const, times: 5},
    {name: 'whose reply is lost', fault: {kind: 'lostReply'} as const, times: 1},
    {name: 'that has a newer Worker', fault: {kind: 'status', status: 409} as const, times: 1},
  ])('gets there with an API server $name', async ({fault, times}) => {
    await cluster.createNode('n-1', inPool);
    await world.advance(3_000);
    const matches = ({method, path}: {method: string; path: string}) =>
      method === 'PATCH' && path.endsWith('/workers/n-1');
    world.faults.inject({matches, fault, times});
    await cluster.patchNode('n-1', {spec: {unschedulable: true}});
    await world.advance(120_000);
    expect((await cluster.worker('n-1')).spec.unschedulable).toBe(true);
  });

  it('says what the API server refuses, and does not ask for it again and again', async () => {
    const matches = ({method, path}: {method: string; path: string}) =>
      method === 'POST' && path.endsWith('/workers');
    const fault = {kind: 'status', status: 422, message: 'no such label'} as const;
    const heal = world.faults.inject({matches, fault, times: Number.POSITIVE_INFINITY});
    await cluster.createNode('n-1', inPool);
    await cluster.createNode('n-2', inPool);
    await world.advance(100_000);
    expect((await readyOf())!.message).toMatch(/no such label/);
    heal();
    await world.advance(400_000);
    expect(await cluster.workerNames()).toEqual(['n-1', 'n-2']);
    expect(await readyOf()).toMatchObject({status: 'True'});
  });
});
