import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import {beforeAll, describe, expect, test} from 'vitest';
import {parseRequest} from '../../src/api/parseRequest.ts';
import {parseWorker} from '../../src/api/parseWorker.ts';
import {parseCpuMillis, parseMemoryBytes} from '../../src/api/quantity.ts';
import {
  apiVersionOf,
  containerRequests,
  ledgers,
  pathOf,
  type Resource,
  workerPools,
  workers,
} from '../../src/kube/resource.ts';
import {type ApiReply, sendOrThrow, type Transport} from '../../src/kube/transport.ts';
import {ensureServers} from '../servers/ensureServers.ts';
import {describeWithServers} from '../servers/requireServers.ts';

const run = promisify(execFile);
const namespace = 'default';

type Fields = Record<string, unknown>;
/** undefined: accepted. */
type Refusal = RegExp | undefined;

describeWithServers('the CRDs on a real API server', ['api'], (servers) => {
  let transport: Transport;
  let serial = 0;

  beforeAll(() => {
    transport = servers.transport();
  });

  function bodyOf(resource: Resource, fields: Fields, name: string): Fields {
    const metadata = {name, ...(resource.namespaced && {namespace})};
    return {apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, ...fields};
  }

  const at = (resource: Resource) => (resource.namespaced ? {namespace} : {});

  /** Asks for a create without keeping it. */
  async function tryCreate(resource: Resource, fields: Fields, name = 'a'): Promise<ApiReply> {
    const path = pathOf(resource, at(resource));
    const body = bodyOf(resource, fields, name);
    return await transport.send({method: 'POST', path, body, query: {dryRun: 'All'}});
  }

  async function create(resource: Resource, fields: Fields, status?: Fields): Promise<string> {
    const name = `crd-${++serial}`;
    const path = pathOf(resource, at(resource));
    await sendOrThrow(transport, {method: 'POST', path, body: bodyOf(resource, fields, name)});
    if (status) await sendOrThrow(transport, statusPatch(resource, name, status));
    return name;
  }

  function statusPatch(resource: Resource, name: string, status: Fields) {
    return {
      method: 'PATCH',
      path: pathOf(resource, {...at(resource), name, subresource: 'status'}),
      body: {status},
      contentType: 'application/merge-patch+json',
    } as const;
  }

  async function patchSpec(name: string, spec: Fields): Promise<ApiReply> {
    return await transport.send({
      method: 'PATCH',
      path: pathOf(containerRequests, {namespace, name}),
      body: {spec},
      contentType: 'application/merge-patch+json',
      query: {dryRun: 'All'},
    });
  }

  function expectVerdict(reply: ApiReply, refusal: Refusal): void {
    const {message = ''} = (reply.body ?? {}) as {message?: string};
    if (refusal === undefined) expect(reply.status, message).toBeLessThan(300);
    else
      expect({status: reply.status, message}).toEqual({
        status: 422,
        message: expect.stringMatching(refusal),
      });
  }

  const container = {image: 'app:v1'};
  const labelOf = (key: string, operator: string, values?: string[]) => ({
    workerSelector: {matchExpressions: [{key, operator, ...(values && {values})}]},
  });

  const requestRows: readonly [sentence: string, spec: Fields, refusal: Refusal][] = [
    ['an image is enough', {container}, undefined],
    ['an image is needed', {container: {}}, /spec\.container\.image: Required value/],
    ['an empty image is none', {container: {image: ''}}, /image in body should be at least 1/],
    ['whole numbers are quantities', {container, resources: {cpu: 2, memory: 1048576}}, undefined],
    [
      'a giant is no memory',
      {container, resources: {memory: 'a giant'}},
      /spec\.resources\.memory: .*wanted a quantity above 0 and below 8Pi, for example 128Mi/,
    ],
    [
      'no CPU is no request',
      {container, resources: {cpu: 0}},
      /spec\.resources\.cpu: .*wanted a quantity above 0 and at most 1000000 cores/,
    ],
    ['CPU below zero', {container, resources: {cpu: '-1'}}, /wanted a quantity above 0/],
    ['CPU above a million cores', {container, resources: {cpu: '1000001'}}, /at most 1000000/],
    ['memory of 8Pi', {container, resources: {memory: '8Pi'}}, /below 8Pi/],
    ['half a core as a bare number', {container, resources: {cpu: 0.5}}, /integer/],
    ['16 GPUs', {container, resources: {gpu: {count: 16}}}, undefined],
    ['17 GPUs', {container, resources: {gpu: {count: 17}}}, /should be less than or equal to 16/],
    ['a share of one GPU', {container, resources: {gpu: {shareMillis: 250}}}, undefined],
    [
      'a share of two GPUs',
      {container, resources: {gpu: {count: 2, shareMillis: 250}}},
      /spec\.resources\.gpu\.shareMillis: .*wanted no shareMillis unless count is 1/,
    ],
    ['a GPU type with a blank', {container, resources: {gpu: {types: ['a b']}}}, /types\[0\]/],
    ['a key of 253 characters', {container, affinityKey: 'k'.repeat(253)}, undefined],
    ['a key of 10,000', {container, affinityKey: 'k'.repeat(10_000)}, /Too long: may not be more/],
    ['priority 1000', {container, priority: 1000}, undefined],
    ['priority 1001', {container, priority: 1001}, /less than or equal to 1000/],
    ['a pool name with capitals', {container, poolName: 'GPU'}, /spec\.poolName/],
    ['In with a value', {container, ...labelOf('zone', 'In', ['a'])}, undefined],
    ['In without a value', {container, ...labelOf('zone', 'In')}, /values: .*at least one value/],
    ['Exists with a value', {container, ...labelOf('zone', 'Exists', ['a'])}, /no values for/],
    ['Gt with a number', {container, ...labelOf('cores', 'Gt', ['8'])}, undefined],
    ['Gt with a word', {container, ...labelOf('cores', 'Gt', ['many'])}, /one whole number/],
    ['an operator of no meaning', {container, ...labelOf('zone', 'Like')}, /Unsupported value/],
    ['a bad label key', {container, ...labelOf('-zone', 'Exists')}, /should match/],
    ['65 labels', {container, workerSelector: {matchLabels: manyLabels(65)}}, /Too many/],
    ['a toleration of all', {container, tolerations: [{operator: 'Exists'}]}, undefined],
    ['a toleration of nothing', {container, tolerations: [{value: 'x'}]}, /wanted a key, or/],
    [
      'Exists with a value in a toleration',
      {container, tolerations: [{key: 'x', operator: 'Exists', value: 'y'}]},
      /tolerations\[0\]\.value: .*no value with operator Exists/,
    ],
    ['33 tolerations', {container, tolerations: manyTolerations(33)}, /Too many/],
    [
      'a deadline of no seconds',
      {container, activeDeadlineSeconds: 0},
      /greater than or equal to 1/,
    ],
    [
      'variables from secrets and volumes of any kind',
      {
        container: {
          ...container,
          env: [{name: 'A', valueFrom: {secretKeyRef: {name: 's', key: 'k'}}}],
          envFrom: [{configMapRef: {name: 'c'}}],
          volumeMounts: [{name: 'cache', mountPath: '/cache'}],
          securityContext: {runAsUser: 7},
        },
        pod: {volumes: [{name: 'cache', persistentVolumeClaim: {claimName: 'cache'}}]},
      },
      undefined,
    ],
    ['one variable twice', {container: {...container, env: twice({name: 'A'})}}, /Duplicate value/],
  ];

  test.each(requestRows)('ContainerRequest: %s', async (_, spec, refusal) => {
    const reply = await tryCreate(containerRequests, {spec});
    expectVerdict(reply, refusal);
    // What the server lets in, Berth can use; the other way round it may be stricter.
    if (refusal === undefined) expect(parseRequest(reply.body)).toMatchObject({kind: 'valid'});
  });

  const capacity = {cpu: '4', memory: '8Gi'};
  const otherRows: readonly [string, Resource, Fields, Refusal, string?][] = [
    ['a worker has a capacity', workers, {spec: {capacity}}, undefined],
    ['a worker without one', workers, {spec: {}}, /spec\.capacity: Required value/],
    [
      'a worker with memory of no size',
      workers,
      {spec: {capacity: {cpu: 1, memory: 'much'}}},
      /spec\.capacity\.memory: .*wanted a quantity/,
    ],
    [
      'a worker with GPUs of no type',
      workers,
      {spec: {capacity: {...capacity, gpu: {count: 1}}}},
      /gpu\.type: Required value/,
    ],
    [
      'a worker with a taint of no meaning',
      workers,
      {spec: {capacity, taints: [{key: 'x', effect: 'Never'}]}},
      /taints\[0\]\.effect: Unsupported value/,
    ],
    ['a pool may say nothing', workerPools, {}, undefined],
    ['a pool with load below the mean', workerPools, {spec: {loadBound: 0.9}}, /loadBound/],
    ['a pool with a long name', workerPools, {}, /Too long/, 'p'.repeat(64)],
    [
      'a pool may make workers of nodes',
      workerPools,
      {spec: {nodeSelector: {gpu: 'yes'}, reserved: {cpu: '500m'}, runtime: 'Pod'}},
      undefined,
    ],
    ['a ledger has no spec', ledgers, {}, undefined],
  ];

  test.each(otherRows)('%s', async (_, resource, fields, refusal, name) => {
    expectVerdict(await tryCreate(resource, fields, name), refusal);
  });

  test('quantities are the same to the API server and to Berth', async () => {
    const texts = ['1', '1m', '0.1', '.5', '5.', '+2', '1e3', '1E3', '1e-3', '2k', '1Ki', '1.5Gi'];
    texts.push('1n', '0m', '-1', '', ' 1', '1 Gi', '1gi', '1K', '1e', '.', '1e3Gi', '0x10', '9E');
    texts.push('1000000', '1000000.0001', '7Pi', '8Pi', '9007199254740991', '0.0000000001', '1Ei');
    for (const text of texts) {
      const spec = {container, resources: {cpu: text, memory: text}};
      const {body} = await tryCreate(containerRequests, {spec});
      const {message = ''} = body as {message?: string};
      const seen = [message.includes('resources.cpu'), message.includes('resources.memory')];
      const wanted = [parseCpuMillis(text), parseMemoryBytes(text)];
      expect([text, ...seen]).toEqual([text, ...wanted.map((one) => typeof one !== 'number')]);
    }
  });

  test('defaults are there to see, and mean the same as what Berth takes for absent', async () => {
    const {body: request} = await tryCreate(containerRequests, {spec: {container}});
    expect(request).toMatchObject({
      spec: {
        resources: {cpu: '100m', memory: '128Mi'},
        priority: 0,
        retryLimit: 3,
        suspend: false,
      },
    });
    const {body: worker} = await tryCreate(workers, {spec: {capacity}});
    expect(worker).toMatchObject({
      spec: {poolName: 'default', unschedulable: false, capacity: {containers: 250}},
    });
    const bare = {...(worker as Fields), spec: {capacity}};
    expect(parseWorker(worker)).toEqual(parseWorker(bare));
    const {body: pool} = await tryCreate(workerPools, {});
    expect(pool).toMatchObject({spec: {loadBound: 1.25, runtime: 'Pod'}});
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
      placed = await create(
        containerRequests,
        {spec},
        {phase: 'Scheduled', workerName: 'w-1', assignment},
      );
      waiting = await create(containerRequests, {spec}, {phase: 'Pending'});
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
      expectVerdict(await patchSpec(placed, change), refusal);
      expectVerdict(await patchSpec(waiting, change), undefined);
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
      const name = await create(containerRequests, {spec: {container}}, running);
      const patch = statusPatch(containerRequests, name, change);
      expectVerdict(await transport.send({...patch, query: {dryRun: 'All'}}), refusal);
    });

    test('a finished one does not run again', async () => {
      const name = await create(
        containerRequests,
        {spec: {container}},
        {phase: 'Failed', workerName: 'w-1'},
      );
      const patch = statusPatch(containerRequests, name, {phase: 'Running'});
      expectVerdict(await transport.send(patch), /a finished request stays finished/);
    });

    test('conditions are one a type', async () => {
      const name = await create(containerRequests, {spec: {container}}, running);
      const condition = {
        type: 'Ready',
        status: 'True',
        reason: 'Running',
        message: '',
        lastTransitionTime: '2026-01-02T03:04:05Z',
      };
      const patch = statusPatch(containerRequests, name, {conditions: twice(condition)});
      expectVerdict(await transport.send(patch), /Duplicate value/);
    });
  });

  test('the epoch of a ledger only grows, and a full ledger is taken', async () => {
    const name = await create(ledgers, {}, {epoch: 5, cycle: 1});
    const inFlight = Array.from({length: 4096}, (_, index) => ({
      uid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      request: `team/request-${index}`,
      workerName: `worker-${index % 1000}`,
      cpuMillis: 500,
      memoryBytes: 268_435_456,
      gpuDevices: [0, 1],
      gpuMillis: 1000,
    }));
    const send = (status: Fields) => transport.send(statusPatch(ledgers, name, status));
    expectVerdict(await send({epoch: 4}), /another operator owns the ledger/);
    expectVerdict(await send({epoch: null}), /another operator owns the ledger/);
    expectVerdict(await send({epoch: 6, inFlight}), undefined);
    expectVerdict(await send({inFlight: [...inFlight, inFlight[0]]}), /Too many/);
  });

  test('field selectors find requests and workers by what they are asked for', async () => {
    const spec = {container, poolName: 'select'};
    const on = await create(containerRequests, {spec}, {phase: 'Running', workerName: 'w-select'});
    await create(containerRequests, {spec}, {phase: 'Pending'});
    const worker = await create(workers, {spec: {poolName: 'select', capacity}});
    expect(await namesOf(containerRequests, 'status.workerName=w-select')).toEqual([on]);
    expect(await namesOf(containerRequests, 'spec.poolName=select,status.phase=Running')).toEqual([
      on,
    ]);
    expect(await namesOf(workers, 'spec.poolName=select')).toEqual([worker]);
  });

  async function namesOf(resource: Resource, fieldSelector: string): Promise<string[]> {
    const path = pathOf(resource, at(resource));
    const list = await sendOrThrow<{items: {metadata: {name: string}}[]}>(transport, {
      method: 'GET',
      path,
      query: {fieldSelector},
    });
    return list.items.map((item) => item.metadata.name);
  }

  describe('kubectl', () => {
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
      const name = await create(
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

      const worker = await create(
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
      const text = JSON.stringify(bodyOf(containerRequests, {spec: {container, gpu: 1}}, 'odd'));
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
});

const otherVariable = {name: 'A', valueFrom: {fieldRef: {fieldPath: 'metadata.uid'}}};

function manyLabels(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({length: count}, (_, index) => [`key-${index}`, 'x']));
}

function manyTolerations(count: number): Fields[] {
  return Array.from({length: count}, (_, index) => ({key: `key-${index}`, operator: 'Exists'}));
}

function twice<Item>(item: Item): Item[] {
  return [item, item];
}
