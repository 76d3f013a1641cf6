import {
  type Condition,
  findCondition,
  isStalledNoMore,
  type WantedCondition,
  withConditions,
} from '../api/conditions.ts';
import {withoutNearest} from '../api/nearestText.ts';
import {noWorkerMessage, ScheduledReason} from '../api/reasons.ts';
import type {InvalidRequest, RequestRecord} from '../api/records.ts';
import {microTime, secondTime} from '../lib/timestamp.ts';
import type {Assignment} from './intent.ts';

/** Body of a merge patch of a status; refused with 409 unless the object is still that one. */
export interface StatusPatch {
  readonly metadata: {readonly resourceVersion: string; readonly uid: string};
  readonly status: Readonly<Record<string, unknown>>;
}

/**
 * The whole status of a request that has its worker: what an earlier run left goes.
 *
 * Conditions here and below are the whole list, as a merge patch replaces lists. kstatus reads
 * `Ready=False` as "in progress" and `Stalled=True` as "failed", so a `Reconciling` beside `Ready`
 * would say nothing new: it is left out, as a status write costs time linear in its bytes.
 */
export function boundStatus(
  record: RequestRecord,
  at: {readonly workerName: string; readonly assignment: Assignment; readonly nowMs: number},
): StatusPatch['status'] {
  const {workerName, assignment, nowMs} = at;
  const {id, epoch, cycle, gpuDevices, affinity} = assignment;
  const reason = ScheduledReason.Placed;
  return {
    phase: 'Scheduled',
    workerName,
    assignment: {id, epoch, cycle, gpuDevices, affinity},
    attempts: record.attempts + 1,
    scheduledTime: microTime(nowMs),
    observedGeneration: record.generation,
    conditions: conditionsOf(record, nowMs, [
      {type: 'Scheduled', status: 'True', reason, message: `placed on worker ${workerName}`},
      {type: 'Ready', status: 'False', reason, message: 'its container has not started yet'},
    ]),
  };
}

/** Why the request waits; undefined when its conditions say just that already. */
export function pendingPatch(
  record: RequestRecord | InvalidRequest,
  why: {readonly reason: ScheduledReason; readonly message: string; readonly nowMs: number},
): StatusPatch | undefined {
  const {reason, nowMs} = why;
  const wanted: WantedCondition[] = [
    {type: 'Scheduled', status: 'False', reason, message: newsOf(record, why.message)},
    {type: 'Ready', status: 'False', reason, message: noWorkerMessage},
  ];
  if (reason === ScheduledReason.InvalidSpec) {
    const stalled = 'waits for its spec to be corrected';
    wanted.push({type: 'Stalled', status: 'True', reason, message: stalled});
  }
  const conditions = conditionsOf(record, nowMs, wanted);
  if (conditions === record.conditions) return undefined;
  return patchOf(record, {phase: 'Pending', observedGeneration: record.generation, conditions});
}

/** What it says already where `message` differs from that in the nearest worker only. */
function newsOf({conditions}: RequestRecord | InvalidRequest, message: string): string {
  const said = findCondition(conditions, 'Scheduled')?.message;
  if (said === undefined) return message;
  return withoutNearest(said) === withoutNearest(message) ? said : message;
}

function patchOf(
  {resourceVersion, uid}: RequestRecord | InvalidRequest,
  status: StatusPatch['status'],
): StatusPatch {
  return {metadata: {resourceVersion, uid}, status};
}

/** The record's own list when nothing changes. */
function conditionsOf(
  {conditions, generation}: RequestRecord | InvalidRequest,
  nowMs: number,
  wanted: readonly WantedCondition[],
): readonly Condition[] {
  const isOver = (one: Condition) => isStalledNoMore(one, wanted) || isResumed(one, wanted);
  return withConditions(conditions, wanted, {generation, now: secondTime(nowMs), isOver});
}

/** Its time begins anew with the resumption: the placement timeout counts from there. */
function isResumed({type, reason}: Condition, wanted: readonly WantedCondition[]): boolean {
  const {Suspended} = ScheduledReason;
  const isScheduled = type === 'Scheduled' && reason === Suspended;
  return isScheduled && wanted.some((one) => one.type === type && one.reason !== Suspended);
}
