import {describe, expect, it} from 'vitest';
import type {Violation} from '../../src/audit/violation.ts';
import {workers} from '../../src/kube/resource.ts';
import {OperatorRig} from './operatorRig.ts';
import {changeAt, isBeforeHandOver, ledgersAt, type Stage, stages} from './stages.ts';

interface Row {
  readonly name: string;
  readonly change: (rig: OperatorRig) => Promise<void>;
  /** What is placed there already has to leave. */
  readonly drives?: boolean;
  /** Who is decided for it and has no bind under way goes elsewhere too. */
  readonly turnsAway?: boolean;
  /** What nobody can prevent once the bind has left. */
  readonly tolerates?: readonly Violation['rule'][];
}

const patch = (body: object) => (rig: OperatorRig) => rig.world.patchWorker('w-1', body);
const zoneA = {workerSelector: {matchLabels: {zone: 'a'}}};

const notReady = {
  type: 'Ready',
  status: 'False',
  reason: 'Down',
  message: 'it is down',
  lastTransitionTime: '2026-01-01T00:00:00Z',
};

const rows: readonly Row[] = [
  {
    name: 'deleted',
    change: ({world}) => world.remove({resource: workers, name: 'w-1'}),
    drives: true,
    turnsAway: true,
    tolerates: ['unknown worker'],
  },
  {name: 'cordoned', change: patch({spec: {unschedulable: true}}), turnsAway: true},
  {name: 'tainted', change: patch({spec: {taints: [{key: 'gone', effect: 'NoSchedule'}]}})},
  {name: 'relabelled', change: patch({metadata: {labels: {zone: 'b'}}})},
  {
    name: 'not ready',
    change: ({world}) => world.patchWorker('w-1', {status: {conditions: [notReady]}}, 'status'),
    turnsAway: true,
  },
  {name: 'shrunk to what it holds', change: patch({spec: {capacity: {cpu: '100m'}}})},
  {
    name: 'shrunk below what it holds',
    change: patch({spec: {capacity: {cpu: '50m'}}}),
    turnsAway: true,
    tolerates: ['over capacity'],
  },
];

const cases = rows.flatMap((row) =>
  stages.flatMap((stage) => ledgersAt(stage).map((ledger) => ({...row, stage, ledger}))),
);
/** Whether the request is on its way to the changed worker, or there already. */
const isTaken = (stage: Stage, turnsAway = false) =>
  turnsAway ? !isBeforeHandOver(stage) : stage !== 'while it is queued';

describe('a worker', () => {
  it.each(cases)(
    '$name $stage of a request, $ledger ledger: whoever comes later goes elsewhere',
    async ({change, stage, drives, turnsAway, tolerates, ledger}) => {
      const rig = new OperatorRig({ledger});
      const {world} = rig;
      await world.createWorkers(['w-1'], {}, {zone: 'a'});
      const leader = await rig.lead();
      await changeAt(rig, stage, {
        names: ['r-1'],
        spec: zoneA,
        change: async () => {
          await change(rig);
          await world.createWorkers(['w-2'], {}, {zone: 'a'});
        },
      });
      await rig.placed(['r-1']);
      await rig.until('it is settled', () => leader.operator.stages.cache.assumedCount === 0);
      await world.createRequests(['r-2'], zoneA);
      await rig.placed(['r-2']);
      expect(rig.workerOf('r-2')).toBe('w-2');
      if (drives) await rig.until('it has left', () => rig.workerOf('r-1') === 'w-2', 30_000);
      else expect(rig.workerOf('r-1')).toBe(isTaken(stage, turnsAway) ? 'w-1' : 'w-2');
      await rig.end(isTaken(stage, turnsAway) && tolerates ? {tolerates} : {});
    },
  );
});
