import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {parsePool} from '../../src/api/parsePool.ts';
import {parseWorker, shownText} from '../../src/api/parseWorker.ts';
import type {WorkerPool} from '../../src/api/workerPoolSchema.ts';
import type {Worker} from '../../src/api/workerSchema.ts';
import {makeWorkerObject} from './makeObjects.ts';

describe('a worker', () => {
  test('gets every default', () => {
    expect(parseWorker(makeWorkerObject())).toEqual({
      kind: 'valid',
      worker: {
        name: 'worker-1',
        uid: 'uid-w1',
        resourceVersion: '5',
        poolName: 'default',
        nodeName: undefined,
        labels: {},
        taints: [],
        unschedulable: false,
        ready: true,
        deleting: false,
        capacity: {
          cpuMillis: 4000,
          memoryBytes: 8 * 1024 ** 3,
          gpuCount: 0,
          gpuType: '',
          containers: 250,
        },
        shown: shownText({}),
      },
    });
  });

  test('shows the sums of its status, whatever else it holds', () => {
    const sums = {
      allocated: {cpu: '1', memory: '1Gi'},
      free: {cpu: '3', memory: '7Gi'},
      containers: 2,
    };
    const object = {...makeWorkerObject(), status: {...sums, conditions: []}};
    const parsed = parseWorker(object);
    expect(parsed.kind === 'valid' && parsed.worker.shown).toBe(shownText(sums));
    expect(shownText({...sums, containers: 3})).not.toBe(shownText(sums));
  });

  test('with everything is read as it is', () => {
    const object: Worker = {
      metadata: {
        name: 'worker-1',
        labels: {zone: 'a'},
        deletionTimestamp: '2026-01-01T00:00:00Z',
      },
      spec: {
        poolName: 'gpu',
        nodeName: 'node-7',
        capacity: {cpu: '64', memory: '1Ti', gpu: {type: 'H100', count: 8}, containers: 10},
        taints: [
          {key: 'gpu', value: 'yes', effect: 'NoSchedule'},
          {key: 'x', effect: 'NoExecute'},
        ],
        unschedulable: true,
      },
      status: {
        conditions: [
          {
            type: 'Ready',
            status: 'True',
            reason: 'Heartbeat',
            message: '',
            lastTransitionTime: '2026-01-01T00:00:00Z',
          },
        ],
      },
    };
    expect(parseWorker(object)).toMatchObject({
      worker: {
        poolName: 'gpu',
        nodeName: 'node-7',
        labels: {zone: 'a'},
        taints: [
          {key: 'gpu', value: 'yes', effect: 'NoSchedule'},
          {key: 'x', effect: 'NoExecute'},
        ],
        unschedulable: true,
        ready: true,
        deleting: true,
        capacity: {cpuMillis: 64_000, gpuCount: 8, gpuType: 'H100', containers: 10},
      },
    });
  });

  test.each([
    [undefined, true],
    [[], true],
    [[{type: 'Other', status: 'False'}], true],
    [[{type: 'Ready', status: 'True'}], true],
    [[{type: 'Ready', status: 'False'}], false],
    [[{type: 'Ready', status: 'Unknown'}], false],
    [[null, {type: 'Ready', status: 'False'}], false],
  ])('with conditions %j is ready: %s', (conditions, ready) => {
    expect(parseWorker(makeWorkerObject({}, {conditions}))).toMatchObject({worker: {ready}});
  });

  test.each([
    [{capacity: {cpu: '4', memory: 'a giant'}}, 'spec.capacity.memory', '"a giant"'],
    [{capacity: {memory: '1Gi'}}, 'spec.capacity.cpu', 'nothing'],
    [{capacity: undefined}, 'spec.capacity', 'nothing'],
    [
      {capacity: {cpu: 1, memory: '1Gi', gpu: {type: 'T4', count: 99}}},
      'spec.capacity.gpu.count',
      '99',
    ],
    [{taints: [{key: 'x', effect: 'Never'}]}, 'spec.taints[0].effect', '"Never"'],
  ])('that cannot be used says why: %j', (spec, field, found) => {
    expect(parseWorker(makeWorkerObject(spec))).toMatchObject({
      kind: 'invalid',
      name: 'worker-1',
      problem: {field, found},
    });
  });
});

describe('a pool', () => {
  test('with an empty spec has the defaults', () => {
    expect(parsePool({metadata: {name: 'gpu'}})).toEqual({
      kind: 'valid',
      pool: {name: 'gpu', strategy: undefined, loadBound: 1.25},
      nodes: undefined,
    });
  });

  test('that makes workers of nodes says of which, and what it leaves them', () => {
    const spec: WorkerPool['spec'] = {
      strategy: 'Pack',
      loadBound: 2,
      nodeSelector: {gpu: 'yes'},
      reserved: {cpu: '500m', memory: '1Gi'},
      runtime: 'Agent',
    };
    expect(parsePool({metadata: {name: 'gpu'}, spec})).toEqual({
      kind: 'valid',
      pool: {name: 'gpu', strategy: 'Pack', loadBound: 2},
      nodes: {
        selector: {gpu: 'yes'},
        reservedCpuMillis: 500,
        reservedMemoryBytes: 1024 ** 3,
        runtime: 'Agent',
      },
    });
  });

  test.each([
    [{loadBound: 0.5}, 'spec.loadBound', '0.5'],
    [{strategy: 'Random'}, 'spec.strategy', '"Random"'],
  ])('that cannot be used says why: %j', (spec, field, found) => {
    expect(parsePool({metadata: {name: 'gpu'}, spec})).toMatchObject({
      kind: 'invalid',
      name: 'gpu',
      problem: {field, found},
    });
  });
});

test('neither parser throws, whatever comes', () => {
  fc.assert(
    fc.property(fc.anything({withBigInt: true, withNullPrototype: true}), (value) => {
      for (const object of [value, {metadata: {name: 'x'}, spec: value, status: value}]) {
        expect(['valid', 'invalid']).toContain(parseWorker(object).kind);
        expect(['valid', 'invalid']).toContain(parsePool(object).kind);
      }
    }),
  );
});
