import {describe, expect, it} from 'vitest';
import type {Condition} from '../../src/api/conditions.ts';
import type {
  FinishedRequest,
  InvalidRequest,
  RequestRecord,
  WorkerRecord,
} from '../../src/api/records.ts';
import {nextStep, type PodRecord, type Surroundings} from '../../src/lifecycle/nextStep.ts';
import {makePod, makeRecord, makeWorker, placedOn} from './builders.ts';

const onAgent = makeWorker({name: 'w-1'});
const onNode = makeWorker({name: 'w-1', nodeName: 'node-1'});
const around = (changes: Partial<Surroundings> = {}): Surroundings => ({
  nowMs: 100_000,
  worker: onAgent,
  isWorkerLost: false,
  pods: [],
  ...changes,
});
const waiting = (changes: Partial<RequestRecord> = {}) =>
  makeRecord({createdMs: 90_000, ...changes});
const placed = (changes: Partial<RequestRecord> = {}) =>
  makeRecord({...placedOn('w-1'), ...changes});
const running = (changes: Partial<RequestRecord> = {}) =>
  placed({phase: 'Running', startedMs: 90_000, ...changes});
const finished = (ttlSecondsAfterFinished?: number): FinishedRequest => {
  const {key, namespace, name, uid, resourceVersion, generation} = makeRecord();
  return {
    ...{key, namespace, name, uid, resourceVersion, generation},
    kind: 'finished',
    phase: 'Succeeded',
    completedMs: 90_000,
    ttlSecondsAfterFinished,
  };
};
const unreadable = (changes: Partial<InvalidRequest> = {}): InvalidRequest => {
  const {key, namespace, name, uid, resourceVersion, generation, placement} = placed();
  return {
    ...{key, namespace, name, uid, resourceVersion, generation, placement},
    kind: 'invalid',
    phase: 'Scheduled',
    problem: {field: 'spec', found: '7', wanted: 'an object'},
    demand: undefined,
    conditions: [],
    ...changes,
  };
};
/** Condition Scheduled=False since then. */
const unplaced = (sinceMs: number, reason = 'WorkerLost'): Condition => ({
  type: 'Scheduled',
  status: 'False',
  reason,
  message: '',
  lastTransitionTime: new Date(sinceMs).toISOString(),
});
const pod = (changes: Partial<PodRecord> = {}) => makePod({assignmentId: '1.1.0', ...changes});
const withPod = (changes: Partial<PodRecord>, worker: WorkerRecord = onNode) =>
  around({worker, pods: [pod(changes)]});

describe('the next step of a request', () => {
  const rows: readonly [string, Parameters<typeof nextStep>[0], Surroundings, object][] = [
    ['that waits without a timeout is none', waiting(), around(), {kind: 'nothing'}],
    [
      'that waits is to look again at its placement timeout',
      waiting({placementTimeoutSeconds: 11}),
      around(),
      {kind: 'wait', delayMs: 1000},
    ],
    [
      'that waited too long is to fail',
      waiting({placementTimeoutSeconds: 10}),
      around(),
      {kind: 'finish', phase: 'Failed', reason: 'PlacementTimeout'},
    ],
    [
      'that is suspended is not to time out',
      waiting({placementTimeoutSeconds: 10, suspended: true}),
      around(),
      {kind: 'nothing'},
    ],
    [
      'that waits with a Pod of an earlier assignment is to delete that Pod',
      waiting(),
      withPod({assignmentId: '1.0.9'}),
      {kind: 'deletePod'},
    ],
    ['on an agent is none: the agent runs it', placed(), around(), {kind: 'nothing'}],
    [
      'on a node without a Pod is to create one',
      placed(),
      around({worker: onNode}),
      {kind: 'createPod'},
    ],
    ['whose Pod starts is none', placed(), withPod({phase: 'Pending'}), {kind: 'nothing'}],
    [
      'whose Pod runs is to say so',
      placed(),
      withPod({phase: 'Running', startedMs: 95_000}),
      {kind: 'run', startedMs: 95_000},
    ],
    [
      'that says it runs, as its Pod does, is none',
      running(),
      withPod({phase: 'Running'}),
      {kind: 'nothing'},
    ],
    [
      'whose Pod succeeded is to succeed',
      running(),
      withPod({phase: 'Succeeded', exitCode: 0}),
      {kind: 'finish', phase: 'Succeeded', exitCode: 0},
    ],
    [
      'whose Pod failed is to fail with its exit code',
      running(),
      withPod({phase: 'Failed', exitCode: 3, message: 'oops'}),
      {
        kind: 'finish',
        phase: 'Failed',
        reason: 'ContainerFailed',
        exitCode: 3,
        message: 'the container exited with code 3: oops',
      },
    ],
    [
      'whose Pod vanished while it ran is to be placed anew',
      running({attempts: 1, retryLimit: 1}),
      around({worker: onNode}),
      {kind: 'unbind'},
    ],
    [
      'whose Pod belongs to an earlier assignment is to delete that Pod first',
      placed(),
      withPod({assignmentId: '1.0.9'}),
      {kind: 'deletePod'},
    ],
    [
      'whose old Pod is on its way out is to create its own',
      placed(),
      withPod({assignmentId: '1.0.9', deleting: true}),
      {kind: 'createPod'},
    ],
    [
      'that ran too long on an agent is to fail',
      running({activeDeadlineSeconds: 10}),
      around(),
      {kind: 'finish', reason: 'DeadlineExceeded'},
    ],
    [
      'that ran too long on a node is to end its Pod first',
      running({activeDeadlineSeconds: 10}),
      withPod({phase: 'Running'}),
      {kind: 'deletePod'},
    ],
    [
      'that ran too long waits for the end of its Pod',
      running({activeDeadlineSeconds: 10}),
      withPod({phase: 'Running', deleting: true}),
      {kind: 'nothing'},
    ],
    [
      'that ran too long fails for that, however its Pod took the end',
      running({activeDeadlineSeconds: 10}),
      withPod({phase: 'Succeeded', deleting: true}),
      {kind: 'finish', reason: 'DeadlineExceeded'},
    ],
    [
      'that ran too long and ended by itself all the same has succeeded',
      running({activeDeadlineSeconds: 10}),
      withPod({phase: 'Succeeded', exitCode: 0}),
      {kind: 'finish', phase: 'Succeeded'},
    ],
    [
      'that ran too long on a worker that was lost since is not to be placed anew',
      running({activeDeadlineSeconds: 10}),
      {...withPod({phase: 'Running'}), isWorkerLost: true},
      {kind: 'finish', reason: 'DeadlineExceeded'},
    ],
    [
      'that may run on is to look again at its deadline',
      running({activeDeadlineSeconds: 20}),
      around(),
      {kind: 'wait', delayMs: 10_000},
    ],
    [
      'suspended on an agent is to lose its worker',
      running({suspended: true}),
      around(),
      {kind: 'unbind'},
    ],
    [
      'suspended on a node is to end its Pod first',
      running({suspended: true}),
      withPod({phase: 'Running'}),
      {kind: 'deletePod'},
    ],
    [
      'suspended waits for the end of its Pod',
      running({suspended: true}),
      withPod({phase: 'Running', deleting: true}),
      {kind: 'nothing'},
    ],
    [
      'suspended loses its worker once its Pod is gone',
      running({suspended: true}),
      around({worker: onNode}),
      {kind: 'unbind'},
    ],
    [
      'suspended on a lost worker lets go of it without the end of its Pod',
      running({suspended: true}),
      {...withPod({phase: 'Running', deleting: true}), isWorkerLost: true},
      {kind: 'unbind', reason: 'Suspended'},
    ],
    [
      'suspended and ended by that is not to fail for it',
      running({suspended: true}),
      withPod({phase: 'Failed', exitCode: 143, deleting: true}),
      {kind: 'unbind', reason: 'Suspended'},
    ],
    [
      'suspended after its Pod had failed is to fail',
      running({suspended: true}),
      withPod({phase: 'Failed', exitCode: 1}),
      {kind: 'finish', phase: 'Failed'},
    ],
    [
      'whose Pod was evicted is to be placed anew',
      running(),
      withPod({phase: 'Failed', exitCode: 137, interrupted: true}),
      {kind: 'unbind', reason: 'WorkerLost'},
    ],
    [
      'whose Pod was evicted once too often is to fail',
      running({attempts: 4, retryLimit: 3}),
      withPod({phase: 'Failed', interrupted: true}),
      {kind: 'finish', reason: 'WorkerLost'},
    ],
    [
      'whose Pod was deleted and killed is to be placed anew',
      running(),
      withPod({phase: 'Failed', exitCode: 143, deleting: true}),
      {kind: 'unbind', reason: 'WorkerLost'},
    ],
    [
      'whose Pod succeeded on a worker that is lost has succeeded',
      running(),
      {...withPod({phase: 'Succeeded'}), isWorkerLost: true},
      {kind: 'finish', phase: 'Succeeded'},
    ],
    [
      'of a lost worker is to be placed anew',
      running({attempts: 3, retryLimit: 3}),
      around({isWorkerLost: true}),
      {kind: 'unbind'},
    ],
    [
      'of a lost worker, tried often enough, is to fail',
      running({attempts: 4, retryLimit: 3}),
      around({isWorkerLost: true}),
      {kind: 'finish', reason: 'WorkerLost'},
    ],
    [
      'of a worker that is gone is to be placed anew',
      running(),
      around({worker: undefined}),
      {kind: 'unbind'},
    ],
    [
      'that is being deleted is none',
      running({deleting: true}),
      around({worker: undefined}),
      {kind: 'nothing'},
    ],
    [
      'that is being deleted is to end its Pod, also while a finalizer keeps it',
      running({deleting: true}),
      withPod({phase: 'Running'}),
      {kind: 'deletePod'},
    ],
    [
      'that lost its worker late has its placement timeout before it',
      waiting({placementTimeoutSeconds: 10, createdMs: 0, conditions: [unplaced(95_000)]}),
      around(),
      {kind: 'wait', delayMs: 5_000},
    ],
    [
      'that was resumed has its placement timeout before it',
      waiting({placementTimeoutSeconds: 10, conditions: [unplaced(0, 'Suspended')]}),
      around(),
      {kind: 'wait', delayMs: 10_000},
    ],
    [
      'that cannot be read and waits is none',
      unreadable({placement: undefined}),
      around(),
      {kind: 'nothing'},
    ],
    [
      'that cannot be read and is placed on a node makes no Pod',
      unreadable(),
      around({worker: onNode}),
      {kind: 'nothing'},
    ],
    [
      'that cannot be read any more ends with its Pod',
      unreadable({phase: 'Running'}),
      withPod({phase: 'Succeeded'}),
      {kind: 'finish', phase: 'Succeeded'},
    ],
    [
      'that cannot be read any more lets go of a lost worker',
      unreadable({phase: 'Running'}),
      around({isWorkerLost: true}),
      {kind: 'unbind', reason: 'WorkerLost'},
    ],
    [
      'whose agent said no more than that it ended is to be told of whole',
      {...finished(10), completedMs: undefined},
      around(),
      {kind: 'conclude'},
    ],
    ['that is finished, to be kept, is none', finished(), around(), {kind: 'nothing'}],
    [
      'that is finished is to look again at the end of its time to live',
      finished(11),
      around(),
      {kind: 'wait', delayMs: 1000},
    ],
    [
      'that is finished and outlived its time is to be deleted',
      finished(10),
      around(),
      {kind: 'deleteRequest'},
    ],
    [
      'that is finished while its Pod runs is to end the Pod',
      finished(),
      withPod({phase: 'Running'}),
      {kind: 'deletePod'},
    ],
    [
      'that is finished, as its Pod is, leaves the Pod for its logs',
      finished(),
      withPod({phase: 'Succeeded'}),
      {kind: 'nothing'},
    ],
  ];
  it.each(rows)('%s', (_, request, surroundings, step) => {
    expect(nextStep(request, surroundings)).toMatchObject(step);
  });
});
