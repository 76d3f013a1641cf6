import type {RequestRecord, WorkerRecord} from '../../src/api/records.ts';
import type {PodRecord} from '../../src/lifecycle/nextStep.ts';
import type {NodeRecord} from '../../src/lifecycle/parseNode.ts';
import {makeRequest} from '../status/makeRecords.ts';
import {makeWorker as makeAnyWorker} from '../watch/records.ts';

/** A waiting request `default/r-1` of 100m and 128 MiB. */
export function makeRecord(changes: Partial<RequestRecord> = {}): RequestRecord {
  return makeRequest({uid: 'uid-1', resourceVersion: '7', ...changes});
}

/** What a request looks like once it is placed, under assignment `1.1.0`. */
export function placedOn(workerName: string): Partial<RequestRecord> {
  return {
    phase: 'Scheduled',
    attempts: 1,
    placement: {workerName, assignmentId: '1.1.0', epoch: 1, gpuDevices: []},
  };
}

/** A worker with 4 CPUs and 16 GiB that an agent owns. */
export function makeWorker(changes: Partial<WorkerRecord> = {}): WorkerRecord {
  return makeAnyWorker({uid: 'worker-uid-1', capacity: {memoryBytes: 2 ** 34}, ...changes});
}

export function makePod(changes: Partial<PodRecord> = {}): PodRecord {
  return {
    name: 'r-1-pod',
    namespace: 'default',
    uid: 'pod-uid-1',
    requestUid: 'uid-1',
    assignmentId: '1.1.0',
    phase: 'Pending',
    deleting: false,
    startedMs: undefined,
    exitCode: undefined,
    interrupted: false,
    message: '',
    ...changes,
  };
}

/** A Node that is Ready, with 4 CPUs, 16 GiB and room for 110 Pods. */
export function makeNode(changes: Partial<NodeRecord> = {}): NodeRecord {
  return {
    name: 'node-1',
    ready: true,
    labels: {},
    taints: [],
    unschedulable: false,
    allocatable: {cpuMillis: 4000, memoryBytes: 2 ** 34, gpuCount: 0, pods: 110},
    ...changes,
  };
}
