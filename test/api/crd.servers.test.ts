import {beforeAll, expect, test} from 'vitest';
import {parseRequest} from '../../src/api/parseRequest.ts';
import {parseWorker} from '../../src/api/parseWorker.ts';
import {parseCpuMillis, parseMemoryBytes} from '../../src/api/quantity.ts';
import {
  containerRequests,
  ledgers,
  type Resource,
  workerPools,
  workers,
} from '../../src/kube/resource.ts';
import {describeWithServers} from '../servers/requireServers.ts';
import {
  CrdCalls,
  capacity,
  container,
  expectVerdict,
  type Fields,
  type Refusal,
} from './crdCalls.ts';

describeWithServers('the CRDs on a real API server', ['api'], (servers) => {
  let calls: CrdCalls;

  beforeAll(() => {
    calls = new CrdCalls(servers.transport(), 'crd');
  });

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
    const reply = await calls.tryCreate(containerRequests, {spec});
    expectVerdict(reply, refusal);
    // What the server lets in, Berth can use; the other way round it may be stricter.
    if (refusal === undefined) expect(parseRequest(reply.body)).toMatchObject({kind: 'valid'});
  });

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
    expectVerdict(await calls.tryCreate(resource, fields, name), refusal);
  });

  test('quantities are the same to the API server and to Berth', async () => {
    const texts = ['1', '1m', '0.1', '.5', '5.', '+2', '1e3', '1E3', '1e-3', '2k', '1Ki', '1.5Gi'];
    texts.push('1n', '0m', '-1', '', ' 1', '1 Gi', '1gi', '1K', '1e', '.', '1e3Gi', '0x10', '9E');
    texts.push('1000000', '1000000.0001', '7Pi', '8Pi', '9007199254740991', '0.0000000001', '1Ei');
    for (const text of texts) {
      const spec = {container, resources: {cpu: text, memory: text}};
      const {body} = await calls.tryCreate(containerRequests, {spec});
      const {message = ''} = body as {message?: string};
      const seen = [message.includes('resources.cpu'), message.includes('resources.memory')];
      const wanted = [parseCpuMillis(text), parseMemoryBytes(text)];
      expect([text, ...seen]).toEqual([text, ...wanted.map((one) => typeof one !== 'number')]);
    }
  });

  test('defaults are there to see, and mean the same as what Berth takes for absent', async () => {
    const {body: request} = await calls.tryCreate(containerRequests, {spec: {container}});
    expect(request).toMatchObject({
      spec: {
        resources: {cpu: '100m', memory: '128Mi'},
        priority: 0,
        retryLimit: 3,
        suspend: false,
      },
    });
    const {body: worker} = await calls.tryCreate(workers, {spec: {capacity}});
    expect(worker).toMatchObject({
      spec: {poolName: 'default', unschedulable: false, capacity: {containers: 250}},
    });
    const bare = {...(worker as Fields), spec: {capacity}};
    expect(parseWorker(worker)).toEqual(parseWorker(bare));
    const {body: pool} = await calls.tryCreate(workerPools, {});
    expect(pool).toMatchObject({spec: {loadBound: 1.25, runtime: 'Pod'}});
  });
});

function manyLabels(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({length: count}, (_, index) => [`key-${index}`, 'x']));
}

function manyTolerations(count: number): Fields[] {
  return Array.from({length: count}, (_, index) => ({key: `key-${index}`, operator: 'Exists'}));
}

function twice<Item>(item: Item): Item[] {
  return [item, item];
}
