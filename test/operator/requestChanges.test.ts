import {describe, expect, it} from 'vitest';
import {containerRequests} from '../../src/kube/resource.ts';
import {conditionOf} from '../../src/simulate/objects.ts';
import {OperatorRig} from './operatorRig.ts';
import {changeAt, isBeforeBind, ledgersAt, type Stage, stages} from './stages.ts';

interface Row {
  readonly name: string;
  readonly change: (rig: OperatorRig) => Promise<void>;
  /** Stages that it is tried in. Default: all. */
  readonly at?: readonly Stage[];
  readonly judge: (rig: OperatorRig, uidBefore: string) => Promise<void>;
}

const isSuspended = (rig: OperatorRig) => {
  const request = rig.world.request('r-1');
  return (
    request.status?.workerName === undefined &&
    conditionOf(request, 'Scheduled')?.reason === 'Suspended'
  );
};

const rows: readonly Row[] = [
  {
    name: 'deleted',
    change: ({world}) => world.remove({resource: containerRequests, name: 'r-1'}),
    judge: async ({world}) => {
      expect((await world.requests()).map(({metadata}) => metadata.name)).toEqual(['r-2']);
    },
  },
  {
    name: 'deleted and made anew',
    change: async ({world}) => {
      await world.remove({resource: containerRequests, name: 'r-1'});
      await world.createRequests(['r-1'], {resources: {cpu: '2', memory: '1Gi'}});
    },
    judge: async (rig, uidBefore) => {
      await rig.placed(['r-1']);
      expect(rig.world.request('r-1').metadata.uid).not.toBe(uidBefore);
    },
  },
  {
    name: 'suspended',
    change: ({world}) => world.patchRequest('r-1', {spec: {suspend: true}}),
    judge: async (rig) => {
      await rig.until('it waits, suspended', () => isSuspended(rig));
      await rig.world.createRequests(['r-large'], {resources: {cpu: '3900m', memory: '1Gi'}});
      await rig.placed(['r-large']);
      await rig.world.finish('r-large');
      await rig.world.patchRequest('r-1', {spec: {suspend: false}});
      await rig.placed(['r-1']);
    },
  },
  {
    name: 'edited to ask for more',
    at: stages.filter(isBeforeBind),
    change: ({world}) =>
      world.patchRequest('r-1', {spec: {resources: {cpu: '3900m', memory: '1Gi'}}}),
    judge: async (rig) => {
      await rig.placed(['r-1']);
      expect(rig.leader.operator.stages.cache.usageOf('w-1').cpuMillis).toBe(3_900 + 100);
    },
  },
  {
    name: 'edited to ask for what nobody has',
    at: stages.filter(isBeforeBind),
    change: ({world}) => world.patchRequest('r-1', {spec: {resources: {cpu: '8', memory: '1Gi'}}}),
    judge: async (rig) => {
      const condition = () => conditionOf(rig.world.request('r-1'), 'Scheduled');
      await rig.until('it says why', () => condition()?.reason === 'Unplaceable');
      expect(condition()?.message).toMatch(
        /^0\/1 workers fit: 1 insufficient cpu. Nearest: w-1 lacks 4(100m)? cpu \(.* wanted\).$/,
      );
    },
  },
  {
    name: 'labelled',
    change: ({world}) => world.patchRequest('r-1', {metadata: {labels: {seen: 'yes'}}}),
    judge: async (rig) => {
      await rig.placed(['r-1']);
      expect(rig.world.request('r-1')).toMatchObject({
        metadata: {labels: {seen: 'yes'}},
        status: {attempts: 1},
      });
    },
  },
];

const cases = rows.flatMap((row) =>
  (row.at ?? stages).flatMap((stage) =>
    ledgersAt(stage).map((ledger) => ({...row, stage, ledger})),
  ),
);

describe('a request', () => {
  it.each(cases)(
    '$name $stage: the world and the $ledger ledger agree',
    async ({change, stage, judge, ledger}) => {
      const rig = new OperatorRig({ledger});
      const {world} = rig;
      await world.createWorkers(['w-1']);
      await rig.lead();
      let uid = '';
      await changeAt(rig, stage, {
        names: ['r-1', 'r-2'],
        change: async () => {
          ({uid} = world.request('r-1').metadata);
          await change(rig);
        },
      });
      await judge(rig, uid);
      await rig.placed(['r-2']);
      await rig.end();
    },
  );
});
