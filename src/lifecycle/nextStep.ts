import {FinishedReason} from '../api/reasons.ts';
import type {ParsedRequest, RequestRecord, WorkerRecord} from '../api/records.ts';
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

/** What to do about a request next; at most one thing, the rest follows from the state it leads to. */
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
  /** Take the worker away from it, so that it is placed anew (or waits, when suspended). */
  | {readonly kind: 'unbind'; readonly message: string};

const nothing: Step = {kind: 'nothing'};

/**
 * The next step of one request, from its state and surroundings alone: level-based, so that a
 * missed event costs time and never a wrong step.
 */
export function nextStep(request: ParsedRequest, around: Surroundings): Step {
  if (request.kind === 'invalid') return nothing;
  const current = request.kind === 'valid' ? request.placement?.assignmentId : undefined;
  const stale = around.pods.find((pod) => pod.assignmentId !== current && isAlive(pod));
  if (stale) return {kind: 'deletePod', pod: stale};
  switch (request.kind) {
    case 'finished':
      if (request.ttlSecondsAfterFinished === undefined || request.completedMs === undefined)
        return nothing;
      return at(request.completedMs + request.ttlSecondsAfterFinished * 1000, around.nowMs, {
        kind: 'deleteRequest',
      });
    case 'valid':
      if (request.deleting) return nothing;
      return request.placement === undefined
        ? stepOfWaiting(request, around)
        : stepOfPlaced(request, around);
    default:
      return assertNever(request);
  }
}

function stepOfWaiting(request: RequestRecord, {nowMs}: Surroundings): Step {
  if (request.placementTimeoutSeconds === undefined || request.suspended) return nothing;
  const sentence = `no worker within ${request.placementTimeoutSeconds} s (spec.placementTimeoutSeconds)`;
  return at(
    request.createdMs + request.placementTimeoutSeconds * 1000,
    nowMs,
    failed(FinishedReason.PlacementTimeout, sentence),
  );
}

function stepOfPlaced(request: RequestRecord, around: Surroundings): Step {
  const {worker, isWorkerLost, nowMs, pods} = around;
  const {workerName, assignmentId} = request.placement!;
  const pod = pods.find((one) => one.assignmentId === assignmentId);
  if (request.suspended) {
    // Its capacity is free only once its Pod is.
    if (pod && !isOver(pod)) return pod.deleting ? nothing : {kind: 'deletePod', pod};
    return {kind: 'unbind', message: 'spec.suspend is true'};
  }
  if (worker === undefined) return lost(request, `worker ${workerName} is gone`);
  if (isWorkerLost) return lost(request, `worker ${workerName} has been silent for too long`);
  if (worker.nodeName !== undefined) {
    if (pod === undefined) {
      if (request.phase === 'Running')
        return lost(request, `its Pod on node ${worker.nodeName} is gone`);
      return {kind: 'createPod'};
    }
    const mirrored = stepOfPod(request, pod);
    if (mirrored) return mirrored;
  }
  if (request.activeDeadlineSeconds === undefined || request.startedMs === undefined)
    return nothing;
  const sentence = `ran longer than ${request.activeDeadlineSeconds} s (spec.activeDeadlineSeconds)`;
  return at(
    request.startedMs + request.activeDeadlineSeconds * 1000,
    nowMs,
    failed(FinishedReason.DeadlineExceeded, sentence),
  );
}

function stepOfPod(request: RequestRecord, pod: PodRecord): Step | undefined {
  switch (pod.phase) {
    case 'Pending':
    case 'Unknown':
      return undefined;
    case 'Running':
      if (request.phase === 'Running') return undefined;
      return {kind: 'run', startedMs: pod.startedMs, podName: pod.name};
    case 'Succeeded':
      return {
        kind: 'finish',
        phase: 'Succeeded',
        reason: FinishedReason.Completed,
        message: 'the container exited with code 0',
        exitCode: pod.exitCode ?? 0,
      };
    case 'Failed':
      return {...failed(FinishedReason.ContainerFailed, podFailure(pod)), exitCode: pod.exitCode};
    default:
      return assertNever(pod.phase);
  }
}

function podFailure({exitCode, message}: PodRecord): string {
  const exit =
    exitCode === undefined ? 'the Pod failed' : `the container exited with code ${exitCode}`;
  return message === '' ? exit : `${exit}: ${message}`;
}

function lost(request: RequestRecord, sentence: string): Step {
  if (request.attempts <= request.retryLimit) return {kind: 'unbind', message: sentence};
  return failed(
    FinishedReason.WorkerLost,
    `${sentence}, and it was placed ${request.attempts} times already (spec.retryLimit is ${request.retryLimit})`,
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
