import {describe, expect, it} from 'vitest';
import type {RequestRecord} from '../../src/api/records.ts';
import {finishPatch, runPatch, unbindPatch} from '../../src/status/lifecyclePatch.ts';
import {makeCondition, makeRequest} from './makeRecords.ts';

const nowMs = Date.UTC(2026, 0, 1, 0, 1, 5, 700);
const now = '2026-01-01T00:01:05Z';

const placed: RequestRecord = makeRequest({
  resourceVersion: '12',
  generation: 3,
  phase: 'Scheduled',
  attempts: 2,
  placement: {workerName: 'w-1', assignmentId: '1.1.0', epoch: 1, gpuDevices: []},
  conditions: [
    makeCondition({type: 'Ready', reason: 'Placed'}),
    makeCondition({type: 'Scheduled', status: 'True', reason: 'Placed'}),
    makeCondition({type: 'Stalled', status: 'True', reason: 'Placed'}),
  ],
});

/** `type=status reason` of each condition of a patch. */
const saidBy = ({status}: {status: Readonly<Record<string, unknown>>}) =>
  (status['conditions'] as {type: string; status: string; reason: string}[]).map(
    ({type, status: holds, reason}) => `${type}=${holds} ${reason}`,
  );

const guard = {uid: 'uid-r-1', resourceVersion: '12'};

describe('a status patch of what follows a placement', () => {
  it('is refused unless it meets the state that it was decided on, and names its generation', () => {
    const end = {
      phase: 'Failed',
      reason: 'WorkerLost',
      message: 'gone',
      exitCode: undefined,
    } as const;
    for (const patch of [
      runPatch(placed, {startedMs: undefined, podName: 'p'}, nowMs),
      finishPatch(placed, end, nowMs),
      unbindPatch(placed, {reason: 'WorkerLost', message: 'gone'}, nowMs),
    ]) {
      expect(patch).toMatchObject({metadata: guard, status: {observedGeneration: 3}});
    }
  });

  it('of a start says when and as which Pod, by the Pod where that says it', () => {
    const startedMs = Date.UTC(2026, 0, 1, 0, 1, 0);
    const patch = runPatch(placed, {startedMs, podName: 'r-1-pod'}, nowMs);
    expect(patch.status).toMatchObject({
      phase: 'Running',
      startTime: '2026-01-01T00:01:00Z',
      podName: 'r-1-pod',
    });
    expect(saidBy(patch)).toEqual(['Ready=True Running', 'Scheduled=True Placed']);
    const unknown = runPatch(placed, {startedMs: undefined, podName: 'p'}, nowMs);
    expect(unknown.status).toMatchObject({startTime: now});
  });

  it.each([
    {
      name: 'success is ready, as nothing is left to do',
      end: {phase: 'Succeeded', reason: 'Completed', message: 'done', exitCode: 0},
      said: ['Finished=True Completed', 'Ready=True Completed', 'Scheduled=True Placed'],
      status: {phase: 'Succeeded', exitCode: 0},
    },
    {
      name: 'failure is stalled, as nothing will change any more',
      end: {phase: 'Failed', reason: 'ContainerFailed', message: 'code 2', exitCode: 2},
      said: [
        'Finished=True ContainerFailed',
        'Ready=False ContainerFailed',
        'Scheduled=True Placed',
        'Stalled=True ContainerFailed',
      ],
      status: {phase: 'Failed', exitCode: 2},
    },
  ] as const)('of an end in $name', ({end, said, status}) => {
    const patch = finishPatch(placed, end, nowMs);
    expect(saidBy(patch)).toEqual(said);
    expect(patch.status).toMatchObject({...status, completionTime: now});
  });

  it('of an end without an exit code has none', () => {
    const end = {phase: 'Failed', reason: 'WorkerLost', message: '', exitCode: undefined} as const;
    expect(finishPatch(placed, end, nowMs).status).not.toHaveProperty('exitCode');
  });

  it.each([
    {reason: 'WorkerLost', attempts: undefined},
    // Its user has stopped it: that is no attempt that failed.
    {reason: 'Suspended', attempts: 1},
  ] as const)(
    'of a request that loses its worker ($reason) takes all of the placement away',
    (row) => {
      const patch = unbindPatch(placed, {reason: row.reason, message: 'why'}, nowMs);
      expect(patch.status).toMatchObject({
        phase: 'Pending',
        workerName: null,
        assignment: null,
        scheduledTime: null,
        startTime: null,
        podName: null,
      });
      expect(patch.status['attempts']).toBe(row.attempts);
      expect(saidBy(patch)).toEqual([`Ready=False ${row.reason}`, `Scheduled=False ${row.reason}`]);
    },
  );

  it('keeps the time of a condition whose status stays', () => {
    const conditions = unbindPatch(placed, {reason: 'WorkerLost', message: 'why'}, nowMs).status[
      'conditions'
    ] as {type: string; lastTransitionTime: string}[];
    const timeOf = (type: string) =>
      conditions.find((condition) => condition.type === type)?.lastTransitionTime;
    expect(timeOf('Ready')).toBe('2025-12-31T00:00:00Z');
    expect(timeOf('Scheduled')).toBe(now);
  });
});
