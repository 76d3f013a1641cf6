import {describe, expect, it} from 'vitest';
import {containerRequests} from '../../src/kube/resource.ts';
import {conditionOf, numbered} from '../../src/simulate/objects.ts';
import {OperatorRig} from './operatorRig.ts';

interface Row {
  readonly name: string;
  readonly spec: object;
  /** Past the schema of the CRD, as something stored by an older version is. */
  readonly isOld?: boolean;
  /** Reason and message of its condition Scheduled; undefined: it is placed. */
  readonly says?: readonly [reason: string, ...parts: string[]];
}

const resources = (changes: object) => ({resources: {cpu: '100m', memory: '128Mi', ...changes}});

const rows: readonly Row[] = [
  {name: '1.5Gi of memory is a quantity as any other', spec: resources({memory: '1.5Gi'})},
  {
    name: 'no CPU at all',
    spec: resources({cpu: '0'}),
    says: ['InvalidSpec', 'spec.resources.cpu is "0"', 'wanted a quantity above 0'],
  },
  {
    name: 'less than no memory',
    spec: resources({memory: -1}),
    says: ['InvalidSpec', 'spec.resources.memory is -1', 'wanted a quantity above 0'],
  },
  {
    name: 'a CPU that is no quantity',
    spec: resources({cpu: 'lots'}),
    isOld: true,
    says: ['InvalidSpec', 'spec.resources.cpu is "lots"', 'wanted a quantity'],
  },
  {
    name: 'an image that is a number',
    spec: {container: {image: 7}},
    isOld: true,
    says: ['InvalidSpec', 'spec.container.image is 7', 'wanted a text'],
  },
  {
    name: 'resources that are a list',
    spec: {resources: [1, 2]},
    isOld: true,
    says: ['InvalidSpec', 'spec.resources is [1,2]', 'wanted an object'],
  },
  {
    name: 'a key of 10,000 characters',
    spec: {affinityKey: 'k'.repeat(10_000)},
    isOld: true,
    says: ['InvalidSpec', 'spec.affinityKey is "kkk', 'wanted at most'],
  },
  {
    name: 'a priority above all',
    spec: {priority: 1_000_000},
    isOld: true,
    says: ['InvalidSpec', 'spec.priority is 1000000', 'wanted at most 1000'],
  },
  {
    name: 'a giant',
    spec: resources({cpu: '900000', memory: '4Ti'}),
    says: ['Unplaceable', '0/4 workers fit: 4 insufficient cpu.'],
  },
  {
    name: 'a GPU of a type that nobody has',
    spec: resources({gpu: {count: 1, types: ['H999']}}),
    says: ['Unplaceable', '0/4 workers fit: 4 without a GPU of the types asked for.'],
  },
];

describe('a request that cannot be placed as it is', () => {
  it.each(rows)('$name: it gets its condition, and its neighbours a worker', async (row) => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(numbered('w', 3));
    await world.createWorkers(['gpu-1'], {
      capacity: {cpu: '4', memory: '16Gi', gpu: {type: 'A100', count: 2}},
    });
    await rig.lead();
    const [before, after] = [numbered('a', 3), numbered('z', 3)];
    await world.createRequests(before);
    if (row.isOld) await world.createOldRequest('odd', row.spec);
    else await world.createRequests(['odd'], row.spec);
    await world.createRequests(after);
    expect(await rig.placed([...before, ...after])).toBeLessThan(1_000);
    await rig.until(
      'the odd one has its end',
      () => conditionOf(world.request('odd'), 'Scheduled') !== undefined,
    );
    const {status, reason, message} = conditionOf(world.request('odd'), 'Scheduled')!;
    if (row.says) {
      const [wantedReason, ...parts] = row.says;
      expect([status, reason]).toEqual(['False', wantedReason]);
      for (const part of parts) expect(message).toContain(part);
      expect(message.length).toBeLessThan(400);
    } else {
      expect(status).toBe('True');
    }
    await rig.end();
  });

  it('is placed once it is corrected', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(['w-1']);
    await rig.lead();
    await world.createOldRequest('odd', {resources: {cpu: 'lots'}});
    await rig.until(
      'it says why',
      () => conditionOf(world.request('odd'), 'Scheduled')?.reason === 'InvalidSpec',
    );
    expect(conditionOf(world.request('odd'), 'Stalled')?.status).toBe('True');
    await world.patchRequest('odd', {spec: {resources: {cpu: '1', memory: '1Gi'}}});
    await rig.placed(['odd']);
    expect(conditionOf(world.request('odd'), 'Stalled')).toBeUndefined();
    await rig.end();
  });

  it('keeps the rest of its batch from nothing, be it a worker that is no worker', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(['w-1']);
    await world.createOldWorker('w-odd', {capacity: {cpu: 'lots', memory: '1Gi'}});
    const leader = await rig.lead();
    const names = numbered('r', 10);
    await world.createRequests(names);
    await rig.placed(names);
    expect(new Set(names.map((name) => rig.workerOf(name)))).toEqual(new Set(['w-1']));
    expect(leader.log).toContainEqual(
      expect.objectContaining({
        level: 'error',
        message: 'object cannot be used; correct the field',
        keys: expect.objectContaining({name: 'w-odd', field: 'spec.capacity.cpu'}),
      }),
    );
    await rig.end();
  });
});

describe('a placed request that cannot be read any more', () => {
  const large = {resources: {cpu: '3', memory: '1Gi'}};
  it.each([
    ['but for its resources, holds those', {container: {image: 7}, ...large}, true],
    ['nor its resources, holds the whole worker', {resources: {cpu: 'lots'}}, false],
  ])('%s, for an operator that has just started', async (_, spec, isRoomBeside) => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(['w-1']);
    await world.createOldRequest('r-1', spec);
    const assignment = {id: 'by-hand', epoch: 1, cycle: 1};
    const status = {phase: 'Running', workerName: 'w-1', assignment};
    await world.patchOldRequest('r-1', {status}, 'status');
    await rig.lead();
    await world.createRequests(['large'], large);
    await world.createRequests(['small']);
    await rig.advance(5_000);
    expect(rig.workerOf('large')).toBeUndefined();
    expect(rig.workerOf('small')).toBe(isRoomBeside ? 'w-1' : undefined);
    await world.remove({resource: containerRequests, name: 'r-1'});
    await rig.placed(['large', 'small']);
    await rig.end();
  });
});

describe('a worker that cannot be read any more', () => {
  it.each([
    ['keeps what runs on it, and takes nothing new', false],
    ['does so for an operator that has just started', true],
  ])('%s', async (_, isRestarted) => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(['w-1']);
    const first = await rig.lead();
    await world.createRequests(['r-1']);
    await rig.placed(['r-1']);
    if (isRestarted) {
      first.stop();
      await rig.until('it has stopped', () => !first.isRunning);
    }
    await world.patchOldWorker('w-1', {spec: {capacity: {cpu: 'lots'}}});
    if (isRestarted) rig.add();
    await rig.until('somebody leads', () => rig.replicas.some((one) => one.isLeading), 30_000);
    await world.createRequests(['r-2']);
    await rig.advance(60_000);
    expect(rig.workerOf('r-1')).toBe('w-1');
    expect(world.request('r-1').status?.attempts).toBe(1);
    expect(conditionOf(world.request('r-2'), 'Scheduled')?.reason).toBe('Unplaceable');
    await world.patchOldWorker('w-1', {spec: {capacity: {cpu: '4'}}});
    await rig.placed(['r-2']);
    await rig.end();
  });
});

describe('a status that no API of today takes', () => {
  const condition = {type: 'Scheduled', status: 'False', reason: 'Odd', message: ''};
  it("names a GPU that no machine has: it is nobody's", async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(['w-1']);
    await world.createRequests(['r-1']);
    const assignment = {id: '1.1.0', epoch: 1, cycle: 1, gpuDevices: [3, 0, 3, 2 ** 40, 1.5]};
    const status = {phase: 'Running', workerName: 'w-1', assignment};
    await world.patchOldRequest('r-1', {status}, 'status');
    const leader = await rig.lead();
    await world.createRequests(['r-2']);
    await rig.placed(['r-2']);
    const {uid} = world.request('r-1').metadata;
    expect(leader.operator.stages.cache.allocationOf(uid)?.gpuDevices).toEqual([0, 3]);
    expect(leader.isRunning).toBe(true);
  });

  it.each([
    ['conditions that are a text', {conditions: 'none'}],
    ['conditions that say nothing', {conditions: [null, 7, {}]}],
    ['an exit code that is none', {exitCode: 'bad'}],
    ['an end at no time', {completionTime: 'yesterday'}],
  ])('has ended with %s: it gets its conditions, or is left alone', async (_, odd) => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(['w-1']);
    await world.createRequests(['r-1']);
    await world.patchOldRequest('r-1', {status: {phase: 'Succeeded', ...odd}}, 'status');
    const leader = await rig.lead();
    await world.createRequests(['r-2']);
    await rig.placed(['r-2']);
    const before = leader.sent(() => true).length;
    await rig.advance(60_000);
    expect(leader.error).toBeUndefined();
    expect(leader.isRunning).toBe(true);
    expect(leader.sent(() => true).length - before).toBeLessThan(100);
  });

  it('says not since when it waits: its time begins with its creation, and is waited for once', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createRequests(['r-1'], {placementTimeoutSeconds: 60});
    await world.patchOldRequest('r-1', {status: {conditions: [condition]}}, 'status');
    await rig.lead();
    await rig.advance(61_000);
    expect(world.request('r-1').status?.phase).toBe('Failed');
    await rig.end();
  });
});
