import {beforeAll, describe, test} from 'vitest';
import type {Ledger} from '../../src/api/ledgerSchema.ts';
import {containerRequests, ledgers} from '../../src/kube/resource.ts';
import {describeWithServers} from '../servers/requireServers.ts';
import {CrdCalls, container, expectVerdict, type Fields, type Refusal} from './crdCalls.ts';

describeWithServers('changes of objects on a real API server', ['api'], (servers) => {
  let calls: CrdCalls;

  beforeAll(() => {
    calls = new CrdCalls(servers.transport(), 'change');
  });

  describe('while a request has a worker, of its spec', () => {
    const spec = {
      container: {
        ...container,
        env: [{name: 'A', valueFrom: {fieldRef: {fieldPath: 'metadata.name'}}}],
        securityContext: {runAsUser: 7},
      },
      pod: {volumes: [{name: 'v', emptyDir: {}}]},
    };
    let placed: string;
    let waiting: string;

    beforeAll(async () => {
      const assignment = {id: 'a-1', epoch: 1, cycle: 1};
      placed = await calls.create(
        containerRequests,
        {spec},
        {phase: 'Scheduled', workerName: 'w-1', assignment},
      );
      waiting = await calls.create(containerRequests, {spec}, {phase: 'Pending'});
    });

    test.each<[string, Fields, Refusal]>([
      ['suspend may change', {suspend: true}, undefined],
      ['activeDeadlineSeconds may change', {activeDeadlineSeconds: 9}, undefined],
      ['ttlSecondsAfterFinished may change', {ttlSecondsAfterFinished: 9}, undefined],
      ['the image may not', {container: {image: 'app:v2'}}, /spec\.container cannot change while/],
      ['a new field of the container may not', {container: {workingDir: '/'}}, /spec\.container/],
      ['its security may not', {container: {securityContext: {runAsUser: 0}}}, /spec\.container/],
      ['a new security option may not', {container: {securityContext: {x: 1}}}, /spec\.container/],
      [
        'another security option in its place may not',
        {container: {securityContext: {runAsUser: null, privileged: true}}},
        /spec\.container/,
      ],
      ['where variables come from may not', {container: {env: [otherVariable]}}, /spec\.container/],
      ['a volume may not', {pod: {volumes: [{name: 'v', hostPath: {path: '/'}}]}}, /spec\.pod /],
      ['the resources may not', {resources: {cpu: '2'}}, /spec\.resources cannot change/],
      ['the affinity key may not', {affinityKey: 'k'}, /spec\.affinityKey cannot change/],
      ['the priority may not', {priority: 7}, /spec\.priority cannot change/],
      ['the pool may not', {poolName: 'other'}, /spec\.poolName cannot change/],
      ['the wanted worker may not', {workerName: 'w-2'}, /spec\.workerName cannot change/],
      ['tolerations may not', {tolerations: [{operator: 'Exists'}]}, /spec\.tolerations cannot/],
      ['the retry limit may not', {retryLimit: 0}, /spec\.retryLimit cannot change/],
    ])('%s', async (_, change, refusal) => {
      expectVerdict(await calls.tryPatchSpec(placed, change), refusal);
      expectVerdict(await calls.tryPatchSpec(waiting, change), undefined);
    });
  });

  describe('of the status of a request that runs on w-1 as assignment a-1', () => {
    const running = {phase: 'Running', workerName: 'w-1', assignment: {id: 'a-1', epoch: 3}};
    test.each<[string, Fields, Refusal]>([
      ['the end is taken', {phase: 'Succeeded', exitCode: 0}, undefined],
      ['a requeue is taken', {phase: 'Pending', workerName: null, assignment: null}, undefined],
      ['a new assignment is taken', {workerName: 'w-2', assignment: {id: 'a-2'}}, undefined],
      ['a second worker is not', {workerName: 'w-2'}, /one assignment id is for one worker/],
      ['a stale assignment is not', {assignment: {id: 'a-0'}}, /wanted the current assignment id/],
      ['an assignment lost is not', {assignment: null}, /wanted the current assignment id/],
      ['running on no worker is not', {workerName: null}, /wanted a workerName in phase/],
      ['a phase of no meaning is not', {phase: 'Paused'}, /Unsupported value: "Paused"/],
    ])('%s', async (_, change, refusal) => {
      const name = await calls.create(containerRequests, {spec: {container}}, running);
      expectVerdict(await calls.patchStatus(containerRequests, name, change), refusal);
    });

    test('a finished one does not run again', async () => {
      const name = await calls.create(
        containerRequests,
        {spec: {container}},
        {phase: 'Failed', workerName: 'w-1'},
      );
      const reply = await calls.patchStatus(containerRequests, name, {phase: 'Running'});
      expectVerdict(reply, /a finished request stays finished/);
    });

    test('conditions are one a type', async () => {
      const name = await calls.create(containerRequests, {spec: {container}}, running);
      const condition = {
        type: 'Ready',
        status: 'True',
        reason: 'Running',
        message: '',
        lastTransitionTime: '2026-01-02T03:04:05Z',
      };
      const status = {conditions: [condition, condition]};
      expectVerdict(await calls.patchStatus(containerRequests, name, status), /Duplicate value/);
    });
  });

  test('the epoch of a ledger only grows, and a full ledger is taken', async () => {
    const name = await calls.create(ledgers, {}, {epoch: 5, cycle: 1});
    const inFlight: NonNullable<Ledger['status']>['inFlight'] & object = Array.from(
      {length: 4096},
      (_, index) => ({
        uid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
        request: `team/request-${index}`,
        workerName: `worker-${index % 1000}`,
        cpuMillis: 500,
        memoryBytes: 268_435_456,
        gpuDevices: [0, 1],
        gpuMillis: 1000,
      }),
    );
    const send = (status: Fields) => calls.patchStatus(ledgers, name, status);
    expectVerdict(await send({epoch: 4}), /another operator owns the ledger/);
    expectVerdict(await send({epoch: null}), /another operator owns the ledger/);
    expectVerdict(await send({epoch: 6, inFlight}), undefined);
    expectVerdict(await send({inFlight: [...inFlight, inFlight[0]]}), /Too many/);
  });
});

const otherVariable = {name: 'A', valueFrom: {fieldRef: {fieldPath: 'metadata.uid'}}};
