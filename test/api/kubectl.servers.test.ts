import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import {beforeAll, expect, test} from 'vitest';
import {containerRequests, workers} from '../../src/kube/resource.ts';
import {ensureServers} from '../servers/ensureServers.ts';
import {describeWithServers} from '../servers/requireServers.ts';
import {CrdCalls, capacity, container, objectOf} from './crdCalls.ts';

const run = promisify(execFile);

describeWithServers('kubectl and selectors on a real API server', ['api'], (servers) => {
  let calls: CrdCalls;

  beforeAll(() => {
    calls = new CrdCalls(servers.transport(), 'kubectl');
  });

  test('field selectors find requests and workers by what they are asked for', async () => {
    const spec = {container, poolName: 'select'};
    const on = await calls.create(
      containerRequests,
      {spec},
      {phase: 'Running', workerName: 'w-select'},
    );
    await calls.create(containerRequests, {spec}, {phase: 'Pending'});
    const worker = await calls.create(workers, {spec: {poolName: 'select', capacity}});
    expect(await calls.namesOf(containerRequests, 'status.workerName=w-select')).toEqual([on]);
    expect(
      await calls.namesOf(containerRequests, 'spec.poolName=select,status.phase=Running'),
    ).toEqual([on]);
    expect(await calls.namesOf(workers, 'spec.poolName=select')).toEqual([worker]);
  });

  async function kubectl(...parameters: string[]): Promise<string> {
    const {kubectl: program} = await ensureServers('kubectl');
    const {stdout} = await run(program, [
      `--kubeconfig=${servers.api.kubeconfigPath}`,
      ...parameters,
    ]);
    return stdout;
  }

  test('get shows what people ask for, and more with -o wide', async () => {
    const condition = {
      type: 'Scheduled',
      status: 'False',
      reason: 'Unplaceable',
      message: '0/20 workers fit',
      lastTransitionTime: '2026-01-02T03:04:05Z',
    };
    const spec = {container, resources: {cpu: 2, memory: '1Gi', gpu: {count: 4}}};
    const name = await calls.create(
      containerRequests,
      {spec},
      {phase: 'Pending', conditions: [condition]},
    );
    const narrow = await kubectl('get', 'creq', name);
    expect(narrow).toMatch(/NAME +PHASE +WORKER +REASON +GPUS +AGE\n/);
    expect(narrow).toMatch(/Pending +Unplaceable +4 +\d+s/);
    const wide = await kubectl('get', 'creq', name, '-o', 'wide');
    expect(wide).toMatch(/CPU +MEMORY +PRIORITY +AFFINITY +ATTEMPTS +EXIT +IMAGE +MESSAGE\n/);
    expect(wide).toMatch(/ 2 +1Gi +0 +app:v1 +0\/20 workers fit/);

    const worker = await calls.create(
      workers,
      {spec: {capacity}},
      {containers: 7, free: {cpu: '500m', memory: '1Gi'}},
    );
    expect(await kubectl('get', 'wrk', worker)).toMatch(/default +false +7 +500m +1Gi/);
    expect(await kubectl('get', 'berth', '-A')).toMatch(/worker\.berth\.dev/);
  });

  test.each([
    ['creq', 'Where the request|A container to run on one worker'],
    ['creq.spec.resources.memory', 'Memory to hold, in bytes'],
    ['creq.status.assignment.id', 'Fences a worker that lost the request'],
    ['workers.spec.capacity.gpu.type', 'Type of all its GPUs'],
    ['workerpools.spec.loadBound', 'times the mean load'],
    ['ledgers.status.inFlight.uid', 'its identity'],
  ])('explain %s says what it means', async (path, meaning) => {
    const text = (await kubectl('explain', path)).replaceAll(/\s+/g, ' ');
    expect(text).toMatch(new RegExp(meaning));
  });

  test('names an unknown field instead of dropping it in silence', async () => {
    const text = JSON.stringify(objectOf(containerRequests, {spec: {container, gpu: 1}}, 'odd'));
    const {kubectl: program} = await ensureServers('kubectl');
    const child = run('sh', [
      '-c',
      'printf %s "$1" | "$2" --kubeconfig="$3" apply --dry-run=server -f -',
      'sh',
      text,
      program,
      servers.api.kubeconfigPath,
    ]);
    await expect(child).rejects.toThrow(/unknown field "spec.gpu"/);
  });
});
