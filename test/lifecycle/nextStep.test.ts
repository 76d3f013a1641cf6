import {describe, expect, it} from 'vitest';
import type {FinishedRequest, RequestRecord, WorkerRecord} from '../../src/api/records.ts';
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
      'that ran too long is to fail',
      running({activeDeadlineSeconds: 10}),
      around(),
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
