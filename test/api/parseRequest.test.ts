import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {containerRequestSpecSchema} from '../../src/api/containerRequestSchema.ts';
import {parseRequest} from '../../src/api/parseRequest.ts';
import type {RequestRecord} from '../../src/api/records.ts';
import {hashString} from '../../src/lib/hash.ts';
import {makeRequestObject} from './makeObjects.ts';

function valid(spec?: Record<string, unknown>, status?: Record<string, unknown>): RequestRecord {
  const parsed = parseRequest(makeRequestObject(spec, status));
  if (parsed.kind !== 'valid') throw new Error(`unexpected: ${JSON.stringify(parsed)}`);
  return parsed;
}

describe('a request with the least it needs', () => {
  test('gets every default', () => {
    expect(parseRequest(makeRequestObject())).toEqual({
      kind: 'valid',
      key: 'team/build-1',
      namespace: 'team',
      name: 'build-1',
      uid: 'uid-1',
      resourceVersion: '17',
      generation: 2,
      createdMs: Date.UTC(2026, 0, 2, 3, 4, 5),
      deleting: false,
      suspended: false,
      phase: 'Pending',
      demand: {
        cpuMillis: 100,
        memoryBytes: 128 * 1024 * 1024,
        gpuCount: 0,
        gpuMillis: 0,
        gpuTypes: [],
      },
      constraints: {tolerations: []},
      classKey: '100m 134217728B',
      affinityKey: 'app:v1',
      affinityHash: hashString('app:v1') | 0,
      affinityExplicit: false,
      priority: 0,
      placementTimeoutSeconds: undefined,
      activeDeadlineSeconds: undefined,
      ttlSecondsAfterFinished: undefined,
      retryLimit: 3,
      attempts: 0,
      startedMs: undefined,
      placement: undefined,
      conditions: [],
    });
  });
});

describe('the GPUs of a request', () => {
  test.each([
    ['none', undefined, 0, 0, []],
    ['two whole ones', {count: 2}, 2, 1000, []],
    ['one where no count is given', {}, 1, 1000, []],
    ['a quarter of one', {count: 1, shareMillis: 250}, 1, 250, []],
    ['types in order, each once', {count: 1, types: ['T4', 'A10', 'T4']}, 1, 1000, ['T4', 'A10']],
  ])('%s', (_, gpu, gpuCount, gpuMillis, gpuTypes) => {
    expect(valid({resources: {gpu}}).demand).toMatchObject({gpuCount, gpuMillis, gpuTypes});
  });
});

describe('the status of a request', () => {
  const assignment = {id: 'a-1', epoch: 3, cycle: 9, gpuDevices: [0, 2], affinity: 'Warm'};
  const placement = {workerName: 'w-1', assignmentId: 'a-1', epoch: 3, gpuDevices: [0, 2]};

  test.each([
    ['absent is Pending', undefined, {phase: 'Pending', placement: undefined}],
    ['an empty workerName is no placement', {workerName: ''}, {placement: undefined}],
    [
      'a worker and its assignment are the placement',
      {
        phase: 'Running',
        workerName: 'w-1',
        assignment,
        attempts: 2,
        startTime: '1970-01-01T00:00:07.5Z',
      },
      {phase: 'Running', placement, attempts: 2, startedMs: 7500},
    ],
    [
      'a worker without an assignment is a placement all the same',
      {phase: 'Scheduled', workerName: 'w-1'},
      {placement: {workerName: 'w-1', assignmentId: '', epoch: 0, gpuDevices: []}},
    ],
    ['running on no worker is Pending', {phase: 'Running'}, {phase: 'Pending'}],
  ])('%s', (_, status, wanted) => {
    expect(valid({}, status)).toMatchObject(wanted);
  });

  test('a finished request keeps its time to live and nothing else of its spec', () => {
    const status = {phase: 'Failed', completionTime: '2026-01-02T03:04:05Z', workerName: 'w-1'};
    expect(
      parseRequest(makeRequestObject({container: 7, ttlSecondsAfterFinished: 60}, status)),
    ).toEqual({
      kind: 'finished',
      key: 'team/build-1',
      namespace: 'team',
      name: 'build-1',
      uid: 'uid-1',
      resourceVersion: '17',
      generation: 2,
      phase: 'Failed',
      completedMs: Date.UTC(2026, 0, 2, 3, 4, 5),
      ttlSecondsAfterFinished: 60,
    });
  });

  test('conditions that are none are left out, and the others kept', () => {
    const good = {type: 'Scheduled', status: 'False', reason: 'Unplaceable', message: ''};
    expect(valid({}, {conditions: [good, null, {type: 7}]}).conditions).toEqual([good]);
  });

  test('a deletion timestamp means deleting', () => {
    const object = makeRequestObject({}, undefined, {deletionTimestamp: '2026-01-02T03:04:05Z'});
    expect(parseRequest(object)).toMatchObject({kind: 'valid', deleting: true});
  });
});

describe('a request that cannot be used says the field, the value found and the one wanted', () => {
  const longKey = 'k'.repeat(10_000);
  test.each([
    [{resources: {memory: 'a giant'}}, 'spec.resources.memory', '"a giant"', /below 8Pi/],
    [{resources: {cpu: '-1'}}, 'spec.resources.cpu', '"-1"', /above 0/],
    [{resources: {cpu: '10M'}}, 'spec.resources.cpu', '"10M"', /at most 1000000 cores/],
    [{resources: {cpu: true}}, 'spec.resources.cpu', 'true', /500m/],
    [{resources: {gpu: {count: 17}}}, 'spec.resources.gpu.count', '17', /at most 16/],
    [{resources: {gpu: {types: ['']}}}, 'spec.resources.gpu.types[0]', '""', /at least 1 char/],
    [{resources: {gpu: {types: ['a b']}}}, 'spec.resources.gpu.types[0]', '"a b"', /GPU type/],
    [
      {resources: {gpu: {count: 2, shareMillis: 5}}},
      'spec.resources.gpu.shareMillis',
      '5',
      /unless count is 1/,
    ],
    [{affinityKey: longKey}, 'spec.affinityKey', `"${'k'.repeat(62)}…`, /at most 253 characters/],
    [{container: {}}, 'spec.container.image', 'nothing', /a text/],
    [{container: undefined}, 'spec.container', 'nothing', /an object/],
    [
      {container: {image: 'app', securityContext: 5}},
      'spec.container.securityContext',
      '5',
      /a map/,
    ],
    [{container: {image: 'app'}, pod: {volumes: ['v']}}, 'spec.pod.volumes[0]', '"v"', /a map/],
    [{priority: 1001}, 'spec.priority', '1001', /at most 1000/],
    [{priority: 1.5}, 'spec.priority', '1.5', /a whole number/],
    [{suspend: 'yes'}, 'spec.suspend', '"yes"', /true or false/],
    [{poolName: 'A pool'}, 'spec.poolName', '"A pool"', /DNS label/],
    [{tolerations: {}}, 'spec.tolerations', '{}', /a list/],
    [{tolerations: [{value: 'x'}]}, 'spec.tolerations[0].key', 'nothing', /operator Exists/],
    [
      {workerSelector: {matchExpressions: [{key: 'zone', operator: 'In'}]}},
      'spec.workerSelector.matchExpressions[0].values',
      'nothing',
      /at least one value/,
    ],
    [
      {workerSelector: {matchExpressions: [{key: 'n', operator: 'Gt', values: ['x']}]}},
      'spec.workerSelector.matchExpressions[0].values',
      '["x"]',
      /one whole number/,
    ],
  ])('%j', (spec, field, found, wanted) => {
    const parsed = parseRequest(makeRequestObject(spec));
    expect(parsed).toMatchObject({kind: 'invalid', key: 'team/build-1', problem: {field, found}});
    expect(parsed.kind === 'invalid' && parsed.problem.wanted).toMatch(wanted);
  });

  test.each([
    ['metadata.name', {name: ''}],
    ['metadata.uid', {uid: undefined}],
    ['metadata.namespace', {namespace: 7}],
  ])('%s', (field, metadata) => {
    const parsed = parseRequest(makeRequestObject({}, undefined, metadata));
    expect(parsed).toMatchObject({kind: 'invalid', problem: {field}});
  });

  test('a phase of another version', () => {
    const parsed = parseRequest(makeRequestObject({}, {phase: 'Paused', workerName: 'w-1'}));
    expect(parsed).toMatchObject({
      kind: 'invalid',
      phase: 'Pending',
      problem: {field: 'status.phase', found: '"Paused"'},
      placement: {workerName: 'w-1'},
    });
  });
});

describe('the class of a request', () => {
  const spec = {
    resources: {cpu: '1', memory: '1Gi', gpu: {count: 1, types: ['A100', 'H100']}},
    poolName: 'gpu',
    workerSelector: {
      matchLabels: {zone: 'a', disk: 'ssd'},
      matchExpressions: [
        {key: 'tier', operator: 'In', values: ['b', 'a']},
        {key: 'old', operator: 'DoesNotExist'},
      ],
    },
    tolerations: [
      {operator: 'Exists', key: 'x'},
      {key: 'y', value: '1', effect: 'NoSchedule'},
    ],
  };
  const same = {
    tolerations: [
      {effect: 'NoSchedule', key: 'y', value: '1'},
      {key: 'x', operator: 'Exists'},
    ],
    poolName: 'gpu',
    workerSelector: {
      matchExpressions: [
        {key: 'old', operator: 'DoesNotExist', values: []},
        {operator: 'In', key: 'tier', values: ['a', 'b', 'a']},
      ],
      matchLabels: {disk: 'ssd', zone: 'a'},
    },
    resources: {memory: '1024Mi', cpu: '1000m', gpu: {types: ['A100', 'H100'], count: 1}},
    affinityKey: 'other',
    priority: 9,
  };

  test('is the same, to the object, however its maps and sets are ordered', () => {
    const left = valid(spec);
    const right = valid(same);
    expect(right.classKey).toBe(left.classKey);
    expect(right.demand).toBe(left.demand);
    expect(right.constraints).toBe(left.constraints);
  });

  test.each([
    [{...spec, poolName: 'other'}],
    [{...spec, poolName: undefined}],
    [{...spec, workerName: 'w-1'}],
    [{...spec, tolerations: []}],
    [{...spec, workerSelector: {matchLabels: {zone: 'a'}}}],
    [{...spec, resources: {...spec.resources, cpu: '2'}}],
    [{...spec, resources: {...spec.resources, gpu: {count: 1, types: ['H100', 'A100']}}}],
    [{...spec, resources: {...spec.resources, gpu: {count: 1, shareMillis: 500}}}],
  ])('differs where demand or constraints do: %j', (other) => {
    expect(valid(other).classKey).not.toBe(valid(spec).classKey);
  });

  test('without requirements in its selector is as without a selector', () => {
    expect(valid({workerSelector: {matchLabels: {}}}).classKey).toBe(valid().classKey);
  });
});

describe('parsing', () => {
  test('never throws, whatever comes', () => {
    const kinds = new Set(['valid', 'invalid', 'finished']);
    fc.assert(
      fc.property(fc.anything({withBigInt: true, withNullPrototype: true}), (value) => {
        expect(kinds).toContain(parseRequest(value).kind);
        expect(kinds).toContain(parseRequest(makeRequestObject({resources: value})).kind);
        const object = {...makeRequestObject(), spec: value, status: value, metadata: value};
        expect(kinds).toContain(parseRequest(object).kind);
      }),
    );
  });

  test('agrees with the schema on which specs can be used', () => {
    const some = fc.option(fc.anything(), {nil: undefined});
    const spec = fc.record({
      container: fc.oneof(fc.constant({image: 'app'}), fc.record({image: some})),
      resources: fc.oneof(
        fc.record({cpu: fc.constantFrom('1', 2, '0', 'x'), memory: fc.constantFrom('1Gi', '9Pi')}),
        some,
      ),
      priority: fc.oneof(fc.integer({min: -2, max: 1002}), some),
      suspend: fc.oneof(fc.boolean(), some),
    });
    let used = 0;
    fc.assert(
      fc.property(spec, (value) => {
        const wanted = containerRequestSpecSchema.safeParse(value).success ? 'valid' : 'invalid';
        if (wanted === 'valid') used++;
        expect(parseRequest({...makeRequestObject(), spec: value}).kind).toBe(wanted);
      }),
      {numRuns: 500},
    );
    expect(used).toBeGreaterThan(0);
  });

  test('takes 150,000 finished requests in under a second', () => {
    const object = makeRequestObject({}, {phase: 'Succeeded', workerName: 'w-1'});
    const startMs = performance.now();
    for (let index = 0; index < 150_000; index++) parseRequest(object);
    expect(performance.now() - startMs).toBeLessThan(1000);
  });
});
