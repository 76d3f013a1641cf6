import {
  type Condition,
  isStalledNoMore,
  type WantedCondition,
  withConditions,
} from '../api/conditions.ts';
import type {ContainerRequest} from '../api/containerRequestSchema.ts';
import {readConditions} from '../api/parseRequest.ts';
import {
  completedMessage,
  FinishedReason,
  noWorkerMessage,
  ScheduledReason,
} from '../api/reasons.ts';
import type {Identity, ParsedRequest} from '../api/records.ts';
import {secondTime} from '../lib/timestamp.ts';
import type {StatusPatch} from './statusPatch.ts';

/** How a request ended. */
export interface End {
  readonly phase: 'Succeeded' | 'Failed';
  readonly reason: FinishedReason;
  readonly message: string;
  readonly exitCode: number | undefined;
}

/** The container of a Pod has started. */
export function runPatch(
  request: ParsedRequest,
  {startedMs, podName}: {startedMs: number | undefined; podName: string},
  nowMs: number,
): StatusPatch {
  const [reason, message] = ['Running', 'the container runs'];
  return patch(request, {
    phase: 'Running',
    startTime: secondTime(startedMs ?? nowMs),
    podName,
    conditions: conditionsOf(request, nowMs, [{type: 'Ready', status: 'True', reason, message}]),
  });
}

/** The request has ended; it holds nothing from now on. */
export function finishPatch(request: ParsedRequest, end: End, nowMs: number): StatusPatch {
  return patch(request, {
    phase: end.phase,
    completionTime: secondTime(nowMs),
    ...(end.exitCode === undefined ? {} : {exitCode: end.exitCode}),
    conditions: conditionsOf(request, nowMs, endConditions(end)),
  });
}

/**
 * An agent has said that the request ended, and no more: when, and what its conditions are, is
 * added.
 */
export function concludePatch({metadata, status = {}}: ContainerRequest, nowMs: number): object {
  const {phase, exitCode, completionTime} = status;
  const hasSucceeded = phase === 'Succeeded';
  const exit = exitCode === undefined ? '' : ` with code ${exitCode}`;
  const end = endConditions({
    phase: hasSucceeded ? 'Succeeded' : 'Failed',
    reason: hasSucceeded ? FinishedReason.Completed : FinishedReason.ContainerFailed,
    message: hasSucceeded ? completedMessage : `the container failed${exit}`,
    exitCode,
  });
  const generation = metadata.generation ?? 0;
  // As read just now: an older version of the API may have let anything through.
  const listed = readConditions(status.conditions);
  return {
    metadata: {uid: metadata.uid, resourceVersion: metadata.resourceVersion},
    status: {
      completionTime: completionTime ?? secondTime(nowMs),
      observedGeneration: generation,
      conditions: ofNow(listed, end, {generation, nowMs}),
    },
  };
}

/** The request loses its worker and waits again; a suspension is no attempt that failed. */
export function unbindPatch(
  request: ParsedRequest,
  {reason, message}: {readonly reason: ScheduledReason; readonly message: string},
  nowMs: number,
): StatusPatch {
  const isRefunded = reason === ScheduledReason.Suspended && request.kind === 'valid';
  return patch(request, {
    phase: 'Pending',
    // A merge patch removes what is null.
    workerName: null,
    assignment: null,
    scheduledTime: null,
    startTime: null,
    podName: null,
    ...(isRefunded ? {attempts: Math.max(0, request.attempts - 1)} : {}),
    conditions: conditionsOf(request, nowMs, [
      {type: 'Scheduled', status: 'False', reason, message},
      {type: 'Ready', status: 'False', reason, message: noWorkerMessage},
    ]),
  });
}

/** Its Pod is not taken for now; undefined when the conditions say just that already. */
export function podRefusedPatch(
  request: ParsedRequest,
  message: string,
  nowMs: number,
): StatusPatch | undefined {
  const ready = {
    type: 'Ready',
    status: 'False',
    reason: FinishedReason.PodRefused,
    message,
  } as const;
  const conditions = conditionsOf(request, nowMs, [ready]);
  const isSaid = request.kind !== 'finished' && conditions === request.conditions;
  return isSaid ? undefined : patch(request, {conditions});
}

/**
 * kstatus takes `Ready=False` for "in progress" and `Stalled=True` for "failed": what ran to its
 * end is Ready, as nothing is left to do, and what failed is Stalled.
 */
function endConditions({phase, reason, message}: End): readonly WantedCondition[] {
  const finished: WantedCondition = {type: 'Finished', status: 'True', reason, message};
  return phase === 'Succeeded'
    ? [finished, {type: 'Ready', status: 'True', reason, message}]
    : [
        finished,
        {type: 'Ready', status: 'False', reason, message},
        {type: 'Stalled', status: 'True', reason, message},
      ];
}

function patch(
  {uid, resourceVersion, generation}: Identity,
  status: StatusPatch['status'],
): StatusPatch {
  return {metadata: {uid, resourceVersion}, status: {...status, observedGeneration: generation}};
}

function conditionsOf(
  request: ParsedRequest,
  nowMs: number,
  wanted: readonly WantedCondition[],
): readonly Condition[] {
  const current = request.kind === 'finished' ? [] : request.conditions;
  return ofNow(current, wanted, {generation: request.generation, nowMs});
}

function ofNow(
  current: readonly Condition[],
  wanted: readonly WantedCondition[],
  {generation, nowMs}: {readonly generation: number; readonly nowMs: number},
): readonly Condition[] {
  const isOver = (one: Condition) => isStalledNoMore(one, wanted);
  return withConditions(current, wanted, {generation, now: secondTime(nowMs), isOver});
}
