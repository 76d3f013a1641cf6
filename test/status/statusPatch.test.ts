import {describe, expect, it} from 'vitest';
import type {Condition} from '../../src/api/conditions.ts';
import {containerRequestStatusSchema} from '../../src/api/containerRequestSchema.ts';
import {withNearest} from '../../src/api/nearestText.ts';
import {conditionSchema} from '../../src/api/schemaParts.ts';
import {boundStatus, pendingPatch} from '../../src/status/statusPatch.ts';
import {makeCondition, makeInvalid, makeRequest} from './makeRecords.ts';

const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const now = '2026-01-02T03:04:05Z';
const earlier = '2025-12-31T00:00:00Z';
const assignment = {id: '7.3.1', epoch: 7, cycle: 3, gpuDevices: [0, 2], affinity: 'Warm' as const};
const boundOf = (record = makeRequest()) => ({
  status: boundStatus(record, {workerName: 'w-1', assignment, nowMs}),
});
const why = {reason: 'Unplaceable' as const, message: '0/3 workers fit', nowMs};
const conditionsOf = (patch: {status: Readonly<Record<string, unknown>>} | undefined) =>
  patch?.status['conditions'] as readonly Condition[];
const typesOf = (patch: ReturnType<typeof pendingPatch>) =>
  conditionsOf(patch).map(({type, status, reason}) => `${type}=${status} ${reason}`);

describe('the status of a placement', () => {
  it('says all that the API promises', () => {
    const {status} = boundOf(makeRequest({generation: 5, attempts: 2}));
    const {conditions, ...rest} = status;
    expect(rest).toEqual({
      phase: 'Scheduled',
      workerName: 'w-1',
      assignment,
      attempts: 3,
      scheduledTime: '2026-01-02T03:04:05.678000Z',
      observedGeneration: 5,
    });
    expect(conditions).toMatchObject([
      {type: 'Ready', status: 'False', reason: 'Placed', observedGeneration: 5},
      {type: 'Scheduled', status: 'True', reason: 'Placed', lastTransitionTime: now},
    ]);
  });

  it('keeps the conditions of others, as the whole list is replaced', () => {
    const foreign = makeCondition({type: 'example.com/Seen', status: 'True'});
    expect(conditionsOf(boundOf(makeRequest({conditions: [foreign]})))).toContainEqual(foreign);
  });

  it('passes the schema of the status', () => {
    expect(containerRequestStatusSchema.safeParse(boundOf().status).error).toBeUndefined();
  });

  it('stays below 700 bytes, as a write costs time linear in them', () => {
    expect(JSON.stringify(boundOf().status).length).toBeLessThan(700);
  });
});

describe('the patch of a waiting reason', () => {
  it('has Scheduled and Ready False, and the time of the change', () => {
    const patch = pendingPatch(makeRequest(), why);
    expect(typesOf(patch)).toEqual(['Ready=False Unplaceable', 'Scheduled=False Unplaceable']);
    expect(conditionsOf(patch).map(({lastTransitionTime}) => lastTransitionTime)).toEqual([
      now,
      now,
    ]);
    expect(patch?.status).toMatchObject({phase: 'Pending', observedGeneration: 1});
    for (const condition of conditionsOf(patch))
      expect(conditionSchema.parse(condition)).toBeTruthy();
  });

  it('keeps the time of a condition whose status stays', () => {
    const conditions = [
      makeCondition({type: 'Scheduled', message: 'another', lastTransitionTime: earlier}),
    ];
    const patch = pendingPatch(makeRequest({conditions}), why);
    expect(conditionsOf(patch).map((one) => [one.type, one.lastTransitionTime])).toEqual([
      ['Ready', now],
      ['Scheduled', earlier],
    ]);
  });

  const written = conditionsOf(pendingPatch(makeRequest(), why));
  const rows = [
    {
      name: 'is nothing when the object says it already',
      record: {conditions: written},
      isNothing: true,
    },
    {
      name: 'is needed for a new generation',
      record: {conditions: written, generation: 2},
      isNothing: false,
    },
    {
      name: 'is needed when only Ready is missing',
      record: {conditions: written.filter(({type}) => type === 'Scheduled')},
      isNothing: false,
    },
    {
      name: 'is needed to take Stalled away',
      record: {conditions: [...written, makeCondition({type: 'Stalled', status: 'True' as const})]},
      isNothing: false,
    },
  ];
  it.each(rows)('$name', ({record, isNothing}) => {
    expect(pendingPatch(makeRequest(record), why) === undefined).toBe(isNothing);
  });

  it('is needed for another message or reason', () => {
    const record = makeRequest({conditions: written});
    expect(pendingPatch(record, {...why, message: 'other'})).toBeDefined();
    expect(pendingPatch(record, {...why, reason: 'Suspended'})).toBeDefined();
  });

  it('is nothing while only the nearest worker is another one', () => {
    const near = (message: string, workerName: string, free: number) =>
      withNearest(message, {
        workerName,
        shortages: [{resource: 'cpuMillis', wanted: 2000, free}],
      });
    const [account, other] = ['0/3 workers fit: 3 insufficient cpu.', '0/3 workers fit.'];
    const first = pendingPatch(makeRequest(), {...why, message: near(account, 'w-1', 1500)});
    const record = makeRequest({conditions: conditionsOf(first)});
    expect(pendingPatch(record, {...why, message: near(account, 'w-2', 100)})).toBeUndefined();
    expect(pendingPatch(record, {...why, message: account})).toBeUndefined();
    expect(pendingPatch(record, {...why, message: near(other, 'w-1', 1500)})).toBeDefined();
    const edited = {...record, generation: 2};
    expect(pendingPatch(edited, {...why, message: near(account, 'w-2', 100)})).toBeDefined();
  });

  it('marks an invalid spec as Stalled, for kstatus to call it failed', () => {
    const invalid = {...why, reason: 'InvalidSpec' as const};
    const patch = pendingPatch(makeInvalid(), invalid);
    expect(typesOf(patch)).toEqual([
      'Ready=False InvalidSpec',
      'Scheduled=False InvalidSpec',
      'Stalled=True InvalidSpec',
    ]);
    const record = makeRequest({conditions: conditionsOf(patch), generation: 2});
    expect(typesOf(pendingPatch(record, why))).toEqual([
      'Ready=False Unplaceable',
      'Scheduled=False Unplaceable',
    ]);
  });
});
