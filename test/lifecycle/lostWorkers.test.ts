import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {leases, nodes} from '../../src/kube/resource.ts';
import {startWorld} from './world.ts';

type World = ReturnType<typeof startWorld>;

let world: World;
let cluster: World['cluster'];
let beats = 0;

beforeEach(async () => {
  world = startWorld();
  ({cluster} = world);
  await world.advance(1_000);
});
afterEach(() => world.stop());

/** Time passes while the agents of `alive` renew their heartbeats every 10 seconds. */
async function pass(seconds: number, alive: readonly string[]): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 10) {
    const renewTime = `2026-01-01T00:00:00.${String(beats++).padStart(6, '0')}Z`;
    for (const name of alive) await cluster.beat(name, renewTime);
    await world.advance(10_000);
  }
}

const workerOf = async (name: string) => (await cluster.request(name)).status?.workerName;
const workersCheck = () => world.operator.checks.find(({name}) => name === 'workers')!.waitingFor();

/** Agents of `names`, heard once, and a request on the first one. */
async function startAgents(names: readonly string[]): Promise<void> {
  for (const name of names) await cluster.createWorker(name);
  await cluster.createRequest('web', {workerName: names[0], retryLimit: 1});
  await pass(10, names);
  expect(await workerOf('web')).toBe(names[0]);
}

describe('an agent that is silent', () => {
  it('for 40 seconds loses its requests, takes no new ones, and takes some again when it is heard', async () => {
    await startAgents(['w-1', 'w-2', 'w-3']);
    await pass(30, ['w-2', 'w-3']);
    expect(await workerOf('web')).toBe('w-1');
    await pass(20, ['w-2', 'w-3']);
    const {status} = await cluster.request('web');
    expect(status).toMatchObject({phase: 'Pending', attempts: 1});
    const scheduled = status?.conditions?.find(({type}) => type === 'Scheduled');
    expect(scheduled).toMatchObject({status: 'False', reason: 'Unplaceable'});
    await pass(60, ['w-2', 'w-3']);
    expect(await workerOf('web')).toBeUndefined();
    await pass(20, ['w-1', 'w-2', 'w-3']);
    expect(await workerOf('web')).toBe('w-1');
  });

  it('stays lost while others write its Worker', async () => {
    await startAgents(['w-1', 'w-2', 'w-3']);
    await pass(60, ['w-2', 'w-3']);
    await cluster.patchWorker('w-1', {metadata: {labels: {touched: 'true'}}});
    await pass(20, ['w-2', 'w-3']);
    expect(await workerOf('web')).toBeUndefined();
  });

  it('is no less silent when its Lease is deleted', async () => {
    await startAgents(['w-1', 'w-2', 'w-3']);
    await cluster.delete(leases, 'berth-worker-w-1');
    await pass(60, ['w-2', 'w-3']);
    expect(await workerOf('web')).toBeUndefined();
  });

  it('and was never heard is not judged', async () => {
    await cluster.createWorker('w-1');
    await cluster.createRequest('web');
    await world.advance(300_000);
    expect(await workerOf('web')).toBe('w-1');
  });

  it('with more than half of all is not lost: the operator says so and acts on nobody', async () => {
    await startAgents(['w-1', 'w-2', 'w-3', 'w-4']);
    await pass(60, ['w-4']);
    expect(await workerOf('web')).toBe('w-1');
    expect(workersCheck()).toMatch(
      /^3 of 4 workers are silent at once, more than lifecycle.maxLostShare \(0.5\)/,
    );
    await pass(20, ['w-3', 'w-4']);
    expect(workersCheck()).toBeUndefined();
    expect(await workerOf('web')).toBeUndefined();
  });

  it('only to us, as our watch delivers nothing, is not lost: a read tells', async () => {
    await startAgents(['w-1']);
    world.faults.silenceWatches();
    await pass(80, ['w-1']);
    expect(await workerOf('web')).toBe('w-1');
    expect((await cluster.request('web')).status?.attempts).toBe(1);
  });
});

describe('a Kubernetes node that is not Ready', () => {
  beforeEach(async () => {
    for (const index of [1, 2, 3]) {
      await cluster.createNode(`node-${index}`);
      await cluster.createWorker(`w-${index}`, {nodeName: `node-${index}`});
    }
    await cluster.createRequest('web', {workerSelector: {matchExpressions: []}});
    await world.advance(1_000);
  });
  const nodeOf = async () => (await cluster.podOf('web')).spec.nodeName;

  it.each([
    {how: 'False', lose: (name: string) => cluster.setNodeReady(name, 'False')},
    {how: 'Unknown', lose: (name: string) => cluster.setNodeReady(name, 'Unknown')},
    {how: 'gone', lose: (name: string) => cluster.delete(nodes, name)},
  ])('($how) for 40 seconds loses its requests, and their Pods', async ({lose}) => {
    const before = await nodeOf();
    const pod = await cluster.podOf('web');
    await lose(before);
    await world.advance(39_000);
    expect((await cluster.request('web')).status?.attempts).toBe(1);
    await world.advance(10_000);
    expect((await cluster.request('web')).status).toMatchObject({phase: 'Scheduled', attempts: 2});
    const left = await cluster.podsOf('web');
    expect(left.find(({metadata}) => metadata.uid === pod.metadata.uid)).toMatchObject({
      metadata: {deletionTimestamp: expect.any(String)},
    });
    expect(left.map(({spec}) => spec.nodeName)).toContainEqual(expect.not.stringMatching(before));
  });

  it('for a shorter time loses nothing, however often', async () => {
    const name = await nodeOf();
    for (let round = 0; round < 5; round++) {
      await cluster.setNodeReady(name, 'Unknown');
      await world.advance(30_000);
      await cluster.setNodeReady(name, 'True');
      await world.advance(30_000);
    }
    expect((await cluster.request('web')).status?.attempts).toBe(1);
  });

  it('needs no events to live', async () => {
    await world.advance(1_000_000);
    expect((await cluster.request('web')).status?.attempts).toBe(1);
    expect(workersCheck()).toBeUndefined();
  });

  it('has a suspended request let go without its Pod being confirmed', async () => {
    const name = await nodeOf();
    await cluster.patchRequest('web', {suspend: true});
    await cluster.setNodeReady(name, 'Unknown');
    await world.advance(39_000);
    expect(await workerOf('web')).toBeDefined();
    await world.advance(10_000);
    expect(await workerOf('web')).toBeUndefined();
  });
});
