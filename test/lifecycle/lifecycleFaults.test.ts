import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {startWorld} from './world.ts';

type World = ReturnType<typeof startWorld>;

let world: World;
let cluster: World['cluster'];

beforeEach(async () => {
  world = startWorld();
  ({cluster} = world);
  await world.advance(1_000);
});
afterEach(() => world.stop());

describe('a step that does not go through', () => {
  const statusWrite = ({method, path}: {method: string; path: string}) =>
    method === 'PATCH' && path.endsWith('/containerrequests/web/status');

  it.each([
    {name: 'upon an outdated state is judged anew', fault: {kind: 'status', status: 409}, times: 1},
    {name: 'with a 500 is tried again', fault: {kind: 'status', status: 500}, times: 3},
    {name: 'that never arrives is tried again', fault: {kind: 'unsent'}, times: 3},
    {name: 'whose reply is lost has happened', fault: {kind: 'lostReply'}, times: 1},
  ] as const)('$name', async ({fault, times}) => {
    await cluster.createNode('node-1');
    await cluster.createWorker('w-1', {nodeName: 'node-1'});
    await cluster.createRequest('web');
    await world.advance(1_000);
    world.faults.inject({matches: statusWrite, fault, times});
    await cluster.reportPod('web', 'Running');
    await world.advance(10_000);
    expect((await cluster.request('web')).status?.phase).toBe('Running');
  });

  it('waits as long as the server asks', async () => {
    await cluster.createNode('node-1');
    await cluster.createWorker('w-1', {nodeName: 'node-1'});
    await cluster.createRequest('web');
    await world.advance(1_000);
    const fault = {kind: 'status', status: 429, retryAfterMs: 7_000} as const;
    world.faults.inject({matches: statusWrite, fault, times: 1});
    await cluster.reportPod('web', 'Running');
    await world.advance(6_000);
    expect((await cluster.request('web')).status?.phase).toBe('Scheduled');
    await world.advance(2_000);
    expect((await cluster.request('web')).status?.phase).toBe('Running');
  });

  it('holds up no other request', async () => {
    await cluster.createNode('node-1');
    await cluster.createWorker('w-1', {nodeName: 'node-1'});
    const fault = {kind: 'status', status: 500} as const;
    const matches = ({method, path}: {method: string; path: string}) =>
      method === 'GET' && path.includes('/containerrequests/poison-');
    world.faults.inject({matches, fault, times: 10_000});
    for (let index = 0; index < 20; index++) await cluster.createRequest(`poison-${index}`);
    await world.advance(5_000);
    await cluster.createRequest('web');
    await world.advance(100);
    expect(await cluster.podsOf('web')).toHaveLength(1);
  });
});

describe('a leader that has just begun', () => {
  it.each(['workers', 'pods', 'nodes', 'workerpools', 'leases'])(
    'takes nothing for gone that it has not read yet: %s',
    async (plural) => {
      await cluster.createPool('sandboxes', {nodeSelector: {pool: 'sandboxes'}});
      await cluster.createNode('node-1', {labels: {pool: 'sandboxes'}});
      await world.advance(3_000);
      await cluster.createRequest('web');
      await world.advance(1_000);
      await cluster.reportPod('web', 'Running');
      await world.advance(1_000);
      await world.stop();
      const before = await cluster.request('web');
      const matches = ({path}: {path: string}) => path.endsWith(`/${plural}`);
      const fault = {kind: 'delay', beforeMs: 3_000} as const;
      world = startWorld({
        on: world.on,
        faults: [{matches, fault, times: Number.POSITIVE_INFINITY}],
      });
      await world.advance(60_000);
      expect((await cluster.request('web')).status).toEqual(before.status);
      expect((await cluster.worker('node-1')).spec.unschedulable).toBe(false);
      expect(world.writes()).toEqual([]);
    },
  );
});
