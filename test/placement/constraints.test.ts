import {describe, expect, test} from 'vitest';
import type {SelectorRequirement, Taint, Toleration} from '../../src/api/constraints.ts';
import {matchesSelector} from '../../src/placement/labelSelector.ts';
import {place} from '../../src/placement/place.ts';
import {hasUntolerated} from '../../src/placement/tolerations.ts';
import {
  makeAllocation,
  makeRequest,
  makeRequests,
  makeWorker,
  snapshotOf,
  tableOf,
  type WorkerOptions,
} from './builders.ts';

describe('a selector', () => {
  const zoneA = {zone: 'a'};
  const cases: readonly [string, Record<string, string>, SelectorRequirement, boolean][] = [
    ['In finds a listed value', zoneA, {key: 'zone', operator: 'In', values: ['b', 'a']}, true],
    ['In refuses another value', zoneA, {key: 'zone', operator: 'In', values: ['b']}, false],
    ['In refuses an absent label', {}, {key: 'zone', operator: 'In', values: ['a']}, false],
    ['In without values refuses all', zoneA, {key: 'zone', operator: 'In'}, false],
    ['NotIn refuses a listed value', zoneA, {key: 'zone', operator: 'NotIn', values: ['a']}, false],
    ['NotIn takes another value', zoneA, {key: 'zone', operator: 'NotIn', values: ['b']}, true],
    ['NotIn takes an absent label', {}, {key: 'zone', operator: 'NotIn', values: ['a']}, true],
    ['Exists takes an empty value', {zone: ''}, {key: 'zone', operator: 'Exists'}, true],
    ['Exists refuses an absent label', {}, {key: 'zone', operator: 'Exists'}, false],
    ['Exists does not find what objects inherit', {}, {key: 'toString', operator: 'Exists'}, false],
    ['DoesNotExist takes an absent label', {}, {key: 'zone', operator: 'DoesNotExist'}, true],
    ['DoesNotExist refuses a label', zoneA, {key: 'zone', operator: 'DoesNotExist'}, false],
    ['Gt takes a larger number', {gen: '10'}, {key: 'gen', operator: 'Gt', values: ['9']}, true],
    ['Gt refuses the same number', {gen: '9'}, {key: 'gen', operator: 'Gt', values: ['9']}, false],
    ['Gt refuses an absent label', {}, {key: 'gen', operator: 'Gt', values: ['9']}, false],
    [
      'Gt refuses what is no integer',
      {gen: '9.5'},
      {key: 'gen', operator: 'Gt', values: ['9']},
      false,
    ],
    ['Gt refuses an empty value', {gen: ''}, {key: 'gen', operator: 'Gt', values: ['-1']}, false],
    [
      'Gt refuses several values',
      {gen: '9'},
      {key: 'gen', operator: 'Gt', values: ['1', '2']},
      false,
    ],
    ['Lt takes a smaller number', {gen: '-3'}, {key: 'gen', operator: 'Lt', values: ['0']}, true],
    ['Lt refuses a larger number', {gen: '3'}, {key: 'gen', operator: 'Lt', values: ['0']}, false],
    ['Lt reads a plus sign', {gen: '+3'}, {key: 'gen', operator: 'Lt', values: ['4']}, true],
    [
      'Gt is exact beyond 2^53',
      {gen: '9007199254740993'},
      {key: 'gen', operator: 'Gt', values: ['9007199254740992']},
      true,
    ],
    [
      'Gt refuses what passes 64 bits',
      {gen: '9223372036854775808'},
      {key: 'gen', operator: 'Gt', values: ['1']},
      false,
    ],
  ];
  test.each(cases)('%s', (_, labels, requirement, expected) => {
    expect(matchesSelector(labels, {matchExpressions: [requirement]})).toBe(expected);
  });

  test('an empty one takes everything', () => {
    expect(matchesSelector({}, {})).toBe(true);
  });

  test('all labels and all expressions have to hold', () => {
    const selector = {
      matchLabels: {zone: 'a', tier: 'x'},
      matchExpressions: [{key: 'gen', operator: 'Exists'} as const],
    };
    expect(matchesSelector({zone: 'a', tier: 'x', gen: '1'}, selector)).toBe(true);
    expect(matchesSelector({zone: 'a', tier: 'y', gen: '1'}, selector)).toBe(false);
    expect(matchesSelector({zone: 'a', tier: 'x'}, selector)).toBe(false);
  });
});

describe('a toleration', () => {
  const taint: Taint = {key: 'team', value: 'a', effect: 'NoSchedule'};
  const cases: readonly [string, Toleration, boolean][] = [
    ['covers the same key, value and effect', {...taint, operator: 'Equal'}, true],
    ['compares values when it names no operator', {key: 'team', value: 'a'}, true],
    ['does not cover another value', {key: 'team', value: 'b'}, false],
    ['takes an absent value for an empty one', {key: 'team'}, false],
    ['with Exists covers any value', {key: 'team', operator: 'Exists'}, true],
    ['does not cover another key', {key: 'other', operator: 'Exists'}, false],
    ['without key and with Exists covers everything', {operator: 'Exists'}, true],
    [
      'does not cover another effect',
      {key: 'team', operator: 'Exists', effect: 'NoExecute'},
      false,
    ],
    ['without effect covers every effect', {key: 'team', operator: 'Exists'}, true],
  ];
  test.each(cases)('%s', (_, toleration, expected) => {
    expect(hasUntolerated([taint], [toleration], ['NoSchedule'])).toBe(!expected);
  });

  test('has to be there for every taint', () => {
    const taints = [taint, {...taint, key: 'spot'}];
    const toleration = {key: 'team', operator: 'Exists'} as const;
    expect(hasUntolerated(taints, [toleration], ['NoSchedule'])).toBe(true);
  });
});

describe('one worker and one request', () => {
  const cases: readonly [string, WorkerOptions, Parameters<typeof makeRequest>[0], string][] = [
    ['not ready', {ready: false}, {}, 'not ready'],
    ['cordoned', {unschedulable: true}, {}, 'unschedulable'],
    [
      'cordoned, whatever is tolerated',
      {unschedulable: true},
      {tolerations: [{operator: 'Exists'}]},
      'unschedulable',
    ],
    ['another name', {}, {workerName: 'w-2'}, 'not the worker asked for'],
    ['another pool', {}, {poolName: 'gold'}, 'in another pool'],
    ['other labels', {}, {selector: {matchLabels: {a: 'b'}}}, 'not matching the selector'],
    [
      'a NoSchedule taint',
      {taints: [{key: 'k', effect: 'NoSchedule'}]},
      {},
      'with an untolerated taint',
    ],
    [
      'a NoExecute taint',
      {taints: [{key: 'k', effect: 'NoExecute'}]},
      {},
      'with an untolerated taint',
    ],
    [
      'another GPU type',
      {gpuCount: 8, gpuType: 'T4'},
      {gpuCount: 1, gpuTypes: ['A100']},
      'without a GPU of the types asked for',
    ],
    ['no GPU', {}, {gpuCount: 1}, 'insufficient gpu'],
    ['too few GPUs', {gpuCount: 2}, {gpuCount: 4}, 'insufficient gpu'],
    ['too little cpu', {cpuMillis: 99}, {}, 'insufficient cpu'],
    ['too little memory', {memoryBytes: 2 ** 27 - 1}, {}, 'insufficient memory'],
    ['no room for a container', {containers: 0}, {}, 'too many containers'],
  ];
  test.each(cases)('%s is said', (_, worker, request, phrase) => {
    const plan = place([makeRequest(request)], snapshotOf([makeWorker(worker)]));
    expect(plan.unplaced[0]?.verdict.message).toBe(`0/1 workers fit: 1 ${phrase}.`);
  });

  test('what fits to the last unit is placed', () => {
    const exact = {cpuMillis: 100, memoryBytes: 2 ** 27, containers: 1};
    expect(place([makeRequest()], snapshotOf([makeWorker(exact)])).assigned).toHaveLength(1);
  });
});

test('a request without a pool may go to any pool', () => {
  const workers = [makeWorker({name: 'far', poolName: 'other'})];
  expect(place([makeRequest()], snapshotOf(workers)).assigned[0]?.workerName).toBe('far');
});

test('a PreferNoSchedule taint is kept off while another worker has room', () => {
  const taints: Taint[] = [{key: 'spot', effect: 'PreferNoSchedule'}];
  const workers = [makeWorker({name: 'spot', taints}), makeWorker()];
  const plan = place(makeRequests(2, {cpuMillis: 4000}), snapshotOf(workers));
  expect(plan.assigned.map(({workerName}) => workerName)).toEqual(['w-1', 'spot']);
});

test('a tolerated PreferNoSchedule taint is no reason to stay off', () => {
  const taints: Taint[] = [{key: 'spot', effect: 'PreferNoSchedule'}];
  const workers = [makeWorker({name: 'spot', taints}), makeWorker()];
  const tolerations: Toleration[] = [{operator: 'Exists'}];
  const plan = place(makeRequests(2, {tolerations}), snapshotOf(workers));
  expect(new Set(plan.assigned.map(({workerName}) => workerName)).size).toBe(2);
});

test('an overcommitted worker takes nothing more, not even a demand of nothing', () => {
  const table = tableOf([makeWorker()]);
  table.take(makeAllocation({cpuMillis: 5000}));
  const plan = place([makeRequest({cpuMillis: 0, memoryBytes: 0})], table.snapshot());
  expect(plan.unplaced[0]?.verdict.message).toBe('0/1 workers fit: 1 insufficient cpu.');
});

test('an overcommitted device leaves the others of its worker free', () => {
  const table = tableOf([makeWorker({gpuCount: 2})]);
  table.take(makeAllocation({uid: 'a', gpuDevices: [0], gpuMillis: 1000}));
  table.take(makeAllocation({uid: 'b', gpuDevices: [0], gpuMillis: 1000}));
  const plan = place(makeRequests(2, {gpuCount: 1}), table.snapshot());
  expect(plan.assigned.map(({gpuDevices}) => gpuDevices)).toEqual([[1]]);
});
