import {type Condition, setCondition} from '../api/conditions.ts';
import {type FinishedReason, ScheduledReason} from '../api/reasons.ts';
import type {Identity, ParsedRequest} from '../api/records.ts';
import {secondTime} from './time.ts';

type Status = Condition['status'];

/** The container of a Pod has started. */
export function runPatch(
  request: ParsedRequest,
  {startedMs, podName}: {startedMs: number | undefined; podName: string},
  nowMs: number,
): object {
  return patch(request, {
    phase: 'Running',
    startTime: secondTime(startedMs ?? nowMs),
    podName,
    conditions: conditionsOf(request, nowMs, [['Ready', 'True', 'Running', 'the container runs']]),
  });
}

/** The request has ended; it holds nothing from now on. */
export function finishPatch(
  request: ParsedRequest,
  end: {
    phase: 'Succeeded' | 'Failed';
    reason: FinishedReason;
    message: string;
    exitCode: number | undefined;
  },
  nowMs: number,
): object {
  return patch(request, {
    phase: end.phase,
    completionTime: secondTime(nowMs),
    ...(end.exitCode === undefined ? {} : {exitCode: end.exitCode}),
    conditions: conditionsOf(request, nowMs, [
      ['Finished', 'True', end.reason, end.message],
      ['Ready', 'False', end.reason, end.message],
      ['Reconciling', 'False', end.reason, end.message],
    ]),
  });
}

/** The request loses its worker and waits again; its attempts stay counted. */
export function unbindPatch(
  request: ParsedRequest,
  {message}: {message: string},
  nowMs: number,
): object {
  const isSuspended = request.kind === 'valid' && request.suspended;
  const reason = isSuspended ? ScheduledReason.Suspended : ScheduledReason.WorkerLost;
  return patch(request, {
    phase: 'Pending',
    // A merge patch removes what is null.
    workerName: null,
    assignment: null,
    scheduledTime: null,
    startTime: null,
    podName: null,
    conditions: conditionsOf(request, nowMs, [
      ['Scheduled', 'False', reason, message],
      ['Ready', 'False', reason, message],
    ]),
  });
}

function patch({uid, resourceVersion, generation}: Identity, status: object): object {
  return {metadata: {uid, resourceVersion}, status: {...status, observedGeneration: generation}};
}

function conditionsOf(
  request: ParsedRequest,
  nowMs: number,
  wanted: readonly (readonly [type: string, status: Status, reason: string, message: string])[],
): readonly Condition[] {
  let conditions: readonly Condition[] = request.kind === 'finished' ? [] : request.conditions;
  for (const [type, status, reason, message] of wanted) {
    conditions = setCondition(
      conditions,
      {type, status, reason, message, observedGeneration: request.generation},
      secondTime(nowMs),
    );
  }
  return conditions;
}
