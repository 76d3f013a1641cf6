import {findCondition} from '../api/conditions.ts';
import {asTimeMs} from '../api/rawObject.ts';
import {
  completedMessage,
  FinishedReason,
  ScheduledReason,
  suspendedMessage,
} from '../api/reasons.ts';
import type {
  FinishedRequest,
  InvalidRequest,
  ParsedRequest,
  Placement,
  RequestRecord,
  WorkerRecord,
} from '../api/records.ts';
import {assertNever} from '../lib/assertNever.ts';

/** A Pod that belongs to a request, as far as the request's life depends on it. */
export interface PodRecord {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly requestUid: string;
  /** Assignment that it was created for. */
  readonly assignmentId: string;
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
  readonly deleting: boolean;
  readonly startedMs: number | undefined;
  readonly exitCode: number | undefined;
  /** Ended from outside: evicted, preempted, refused by its kubelet; not by what ran in it. */
  readonly interrupted: boolean;
  /** Why it failed, in its own words; empty when it does not say. */
  readonly message: string;
}

export interface Surroundings {
  /** Wall-clock time: it is compared with times in objects. */
  readonly nowMs: number;
  /** The worker of the request's placement; undefined when there is none of that name. */
  readonly worker: WorkerRecord | undefined;
  /** True when the worker has been silent for so long that it counts as lost. */
  readonly isWorkerLost: boolean;
  /** Every Pod of the request that is still there, those of earlier assignments too. */
  readonly pods: readonly PodRecord[];
}

/**
 * What to do about a request next; at most one thing, the rest follows from the state it leads to.
 */
export type Step =
  | {readonly kind: 'nothing'}
  /** Look again then, even when no event comes. */
  | {readonly kind: 'wait'; readonly delayMs: number}
  | {readonly kind: 'deleteRequest'}
  | {readonly kind: 'createPod'}
  | {readonly kind: 'deletePod'; readonly pod: PodRecord}
  | {readonly kind: 'run'; readonly startedMs: number | undefined; readonly podName: string}
  | {
      readonly kind: 'finish';
      readonly phase: 'Succeeded' | 'Failed';
      readonly reason: FinishedReason;
      readonly message: string;
      readonly exitCode: number | undefined;
    }
  /** It ended without saying when: Berth says the rest of it. */
  | {readonly kind: 'conclude'}
  /** Take the worker away from it, so that it is placed anew (or waits, when suspended). */
  | {readonly kind: 'unbind'; readonly reason: ScheduledReason; readonly message: string};

/** A request with a worker, as far as its next step depends on it. */
interface Placed {
  readonly placement: Placement;
  readonly phase: RequestRecord['phase'];
  readonly suspended: boolean;
  readonly attempts: number;
  readonly retryLimit: number;
  readonly startedMs: number | undefined;
  readonly activeDeadlineSeconds: number | undefined;
  /** False where its spec cannot be read: no Pod can be made of it. */
  readonly isReadable: boolean;
}

const nothing: Step = {kind: 'nothing'};

/**
 * The next step of one request, from its state and surroundings alone: level-based, so that a
 * missed event costs time and never a wrong step.
 */
export function nextStep(request: ParsedRequest, around: Surroundings): Step {
  const current = request.kind === 'finished' ? undefined : request.placement?.assignmentId;
  const stale = around.pods.find((pod) => pod.assignmentId !== current && isAlive(pod));
  if (stale) return {kind: 'deletePod', pod: stale};
  switch (request.kind) {
    case 'finished':
      return stepOfFinished(request, around);
    case 'invalid':
      return request.placement === undefined
        ? nothing
        : stepOfPlaced(unreadable(request, request.placement), around);
    case 'valid':
      if (request.deleting) return stepOfDeleted(around);
      return request.placement === undefined
        ? stepOfWaiting(request, around)
        : stepOfPlaced({...request, placement: request.placement, isReadable: true}, around);
    default:
      return assertNever(request);
  }
}

function stepOfFinished(request: FinishedRequest, {nowMs}: Surroundings): Step {
  if (request.completedMs === undefined) return {kind: 'conclude'};
  if (request.ttlSecondsAfterFinished === undefined) return nothing;
  const dueMs = request.completedMs + request.ttlSecondsAfterFinished * 1000;
  return at(dueMs, nowMs, {kind: 'deleteRequest'});
}

/** Deleting is cancelling, also while somebody's finalizer keeps the object. */
function stepOfDeleted({pods}: Surroundings): Step {
  const pod = pods.find(isAlive);
  return pod ? {kind: 'deletePod', pod} : nothing;
}

function stepOfWaiting(request: RequestRecord, {nowMs}: Surroundings): Step {
  const {placementTimeoutSeconds, suspended} = request;
  if (placementTimeoutSeconds === undefined || suspended) return nothing;
  const timeoutMs = placementTimeoutSeconds * 1000;
  const scheduled = findCondition(request.conditions, 'Scheduled');
  // Resumed a moment ago: the report that ends this reason starts the time.
  if (scheduled?.reason === ScheduledReason.Suspended) return {kind: 'wait', delayMs: timeoutMs};
  // One that lost its worker has waited since then, not since its creation.
  const since = asTimeMs(scheduled?.lastTransitionTime) ?? 0;
  const sentence = `no worker within ${placementTimeoutSeconds} s (spec.placementTimeoutSeconds)`;
  return at(
    Math.max(request.createdMs, since) + timeoutMs,
    nowMs,
    failed(FinishedReason.PlacementTimeout, sentence),
  );
}

function stepOfPlaced(request: Placed, around: Surroundings): Step {
  const {worker, isWorkerLost, nowMs, pods} = around;
  const {workerName, assignmentId} = request.placement;
  const pod = pods.find((one) => one.assignmentId === assignmentId);
  const dueMs = deadlineOf(request);
  const isOverdue = dueMs !== undefined && nowMs >= dueMs;
  const isToEnd = request.suspended || isOverdue;
  // What its Pod has come to is true, whatever became of the worker since.
  const end = pod && endOf(request, pod, isToEnd);
  if (end) return end;
  const isWorkerThere = worker !== undefined && !isWorkerLost;
  // The capacity is free only once the Pod is; on a lost worker nobody would confirm that.
  if (isToEnd && isWorkerThere && pod && !isOver(pod)) {
    return pod.deleting ? nothing : {kind: 'deletePod', pod};
  }
  if (request.suspended) {
    return {kind: 'unbind', reason: ScheduledReason.Suspended, message: suspendedMessage};
  }
  if (isOverdue) {
    const sentence = `ran longer than ${request.activeDeadlineSeconds} s (spec.activeDeadlineSeconds)`;
    return failed(FinishedReason.DeadlineExceeded, sentence);
  }
  if (worker === undefined) return lost(request, `worker ${workerName} is gone`);
  if (isWorkerLost) return lost(request, `worker ${workerName} has been silent for too long`);
  if (pod === undefined && worker.nodeName !== undefined) {
    if (request.phase === 'Running') return lost(request, `its Pod on ${worker.nodeName} is gone`);
    return request.isReadable ? {kind: 'createPod'} : nothing;
  }
  if (pod?.phase === 'Running' && request.phase !== 'Running') {
    return {kind: 'run', startedMs: pod.startedMs, podName: pod.name};
  }
  return dueMs === undefined ? nothing : {kind: 'wait', delayMs: dueMs - nowMs};
}

/**
 * Of an object that was valid once and is not any more: what runs goes on, what is lost waits for
 * its user.
 */
function unreadable({phase}: InvalidRequest, placement: Placement): Placed {
  return {
    placement,
    phase,
    suspended: false,
    attempts: 0,
    retryLimit: 0,
    startedMs: undefined,
    activeDeadlineSeconds: undefined,
    isReadable: false,
  };
}

function deadlineOf({startedMs, activeDeadlineSeconds}: Placed): number | undefined {
  return startedMs === undefined || activeDeadlineSeconds === undefined
    ? undefined
    : startedMs + activeDeadlineSeconds * 1000;
}

/**
 * What the end of its Pod means; undefined when it goes on, or when it was us who ended it.
 * A Pod that did not end by itself is lost with its worker: drains must lose nothing.
 */
function endOf(request: Placed, pod: PodRecord, isToEnd: boolean): Step | undefined {
  const isByUs = isToEnd && pod.deleting;
  if (!isOver(pod) || isByUs) return undefined;
  if (pod.phase === 'Succeeded') {
    return {
      kind: 'finish',
      phase: 'Succeeded',
      reason: FinishedReason.Completed,
      message: completedMessage,
      exitCode: pod.exitCode ?? 0,
    };
  }
  if (pod.deleting || pod.interrupted)
    return lost(request, `its Pod was ended: ${podFailure(pod)}`);
  return {...failed(FinishedReason.ContainerFailed, podFailure(pod)), exitCode: pod.exitCode};
}

function podFailure({exitCode, message}: PodRecord): string {
  const exit =
    exitCode === undefined ? 'the Pod failed' : `the container exited with code ${exitCode}`;
  return message === '' ? exit : `${exit}: ${message}`;
}

function lost(request: Placed, sentence: string): Step {
  const {attempts, retryLimit} = request;
  if (attempts <= retryLimit) {
    return {kind: 'unbind', reason: ScheduledReason.WorkerLost, message: sentence};
  }
  return failed(
    FinishedReason.WorkerLost,
    `${sentence}, and it was placed ${attempts} times already (spec.retryLimit is ${retryLimit})`,
  );
}

function failed(reason: FinishedReason, message: string): Step & {readonly kind: 'finish'} {
  return {kind: 'finish', phase: 'Failed', reason, message, exitCode: undefined};
}

function isOver(pod: PodRecord): boolean {
  return pod.phase === 'Succeeded' || pod.phase === 'Failed';
}

/** Still there, and nobody has asked it to end. */
function isAlive(pod: PodRecord): boolean {
  return !isOver(pod) && !pod.deleting;
}

function at(dueMs: number, nowMs: number, step: Step): Step {
  return nowMs >= dueMs ? step : {kind: 'wait', delayMs: dueMs - nowMs};
}
