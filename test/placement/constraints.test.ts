import {describe, expect, test} from 'vitest';
import type {SelectorRequirement, Taint, Toleration} from '../../src/api/constraints.ts';
import {matchesSelector} from '../../src/placement/labelSelector.ts';
import {place} from '../../src/placement/place.ts';
import type {PlacementWorker} from '../../src/placement/plan.ts';
import {hasUntolerated} from '../../src/placement/tolerations.ts';
import {
  makeAllocation,
  makeRequest,
  makeRequests,
  makeWorker,
  placedOn,
  snapshotOf,
  tableOf,
  type WorkerOptions,
} from './builders.ts';

const tainted = {key: 'a', value: 'b', effect: 'PreferNoSchedule'} as const;

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
    ['Lt refuses the same number', {gen: '3'}, {key: 'gen', operator: 'Lt', values: ['3']}, false],
    ['Lt refuses an absent label', {}, {key: 'gen', operator: 'Lt', values: ['9']}, false],
    ['Gt reads leading zeros', {gen: '007'}, {key: 'gen', operator: 'Gt', values: ['6']}, true],
    ['Gt is of base 10', {gen: '0x1F'}, {key: 'gen', operator: 'Gt', values: ['6']}, false],
    ['Gt knows no powers', {gen: '1e3'}, {key: 'gen', operator: 'Gt', values: ['6']}, false],
    ['Gt refuses a space', {gen: ' 7'}, {key: 'gen', operator: 'Gt', values: ['6']}, false],
    ['Gt refuses a sign alone', {gen: '-'}, {key: 'gen', operator: 'Gt', values: ['-9']}, false],
    [
      'Gt refuses a bound that is no integer',
      {gen: '9'},
      {key: 'gen', operator: 'Gt', values: ['two']},
      false,
    ],
    ['Lt without a bound refuses all', {gen: '9'}, {key: 'gen', operator: 'Lt'}, false],
    [
      'In finds an empty value where it is listed',
      {zone: ''},
      {key: 'zone', operator: 'In', values: ['']},
      true,
    ],
    [
      'In does not take an absent label for an empty value',
      {},
      {key: 'zone', operator: 'In', values: ['']},
      false,
    ],
    [
      'NotIn takes an absent label where the empty value is listed',
      {},
      {key: 'zone', operator: 'NotIn', values: ['']},
      true,
    ],
    [
      'NotIn refuses each of several values',
      zoneA,
      {key: 'zone', operator: 'NotIn', values: ['b', 'a']},
      false,
    ],
    [
      'DoesNotExist refuses an empty value',
      {zone: ''},
      {key: 'zone', operator: 'DoesNotExist'},
      false,
    ],
    [
      'In compares letters as they are',
      {zone: 'A'},
      {key: 'zone', operator: 'In', values: ['a']},
      false,
    ],
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

  test('an empty list of either kind takes everything', () => {
    expect(matchesSelector({}, {matchLabels: {}, matchExpressions: []})).toBe(true);
  });

  test('an absent label is not one with an empty value', () => {
    expect(matchesSelector({}, {matchLabels: {zone: ''}})).toBe(false);
    expect(matchesSelector({zone: ''}, {matchLabels: {zone: ''}})).toBe(true);
  });

  test('two requirements on one label have to hold both', () => {
    const between = {
      matchExpressions: [
        {key: 'gen', operator: 'Gt', values: ['2']} as const,
        {key: 'gen', operator: 'Lt', values: ['4']} as const,
      ],
    };
    expect(matchesSelector({gen: '3'}, between)).toBe(true);
    expect(matchesSelector({gen: '4'}, between)).toBe(false);
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
    ['with Exists does not look at values', {key: 'team', operator: 'Exists', value: 'b'}, true],
    ['with an empty key takes it for none', {key: '', operator: 'Exists'}, true],
    [
      'without key covers only the effect that it names',
      {operator: 'Exists', effect: 'PreferNoSchedule'},
      false,
    ],
    ['without key and with Equal compares values alone', {value: 'a'}, true],
    ['without anything covers taints without a value only', {}, false],
    ['is not held back by the seconds it lasts', {...taint, tolerationSeconds: 0}, true],
    ['without effect covers every effect', {key: 'team', operator: 'Exists'}, true],
  ];
  test.each(cases)('%s', (_, toleration, expected) => {
    expect(hasUntolerated([taint], [toleration], ['NoSchedule'])).toBe(!expected);
  });

  test('of an empty value covers a taint without one', () => {
    const plain: Taint = {key: 'team', effect: 'NoSchedule'};
    for (const toleration of [{key: 'team'}, {key: 'team', value: ''}]) {
      expect(hasUntolerated([plain], [toleration], ['NoSchedule'])).toBe(false);
    }
  });

  test('is not asked for by taints of another effect', () => {
    expect(hasUntolerated([taint], [], ['NoExecute'])).toBe(false);
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
    [
      'a taint that is tolerated with another effect',
      {taints: [{key: 'k', effect: 'NoExecute'}]},
      {tolerations: [{key: 'k', operator: 'Exists', effect: 'NoSchedule'}]},
      'with an untolerated taint',
    ],
    ['no GPU', {}, {gpuCount: 1}, 'insufficient gpu'],
    ['one GPU less than asked for', {gpuCount: 15}, {gpuCount: 16}, 'insufficient gpu'],
    [
      'GPUs of a type where those asked for are many',
      {gpuCount: 1, gpuType: 'T4'},
      {gpuCount: 1, gpuTypes: ['A100', 'H100', 'L4']},
      'without a GPU of the types asked for',
    ],
    [
      'not ready, the first of many',
      {ready: false, unschedulable: true},
      {poolName: 'x'},
      'not ready',
    ],
    ['too few GPUs', {gpuCount: 2}, {gpuCount: 4}, 'insufficient gpu'],
    ['too little cpu', {cpuMillis: 99}, {}, 'insufficient cpu'],
    ['too little memory', {memoryBytes: 2 ** 27 - 1}, {}, 'insufficient memory'],
    ['no room for a container', {containers: 0}, {}, 'too many containers'],
  ];
  test.each(cases)('%s is said', (_, worker, request, phrase) => {
    const plan = place([makeRequest(request)], snapshotOf([makeWorker(worker)]));
    expect(plan.unplaced[0]?.verdict.message).toBe(`0/1 workers fit: 1 ${phrase}.`);
  });

  const placed: readonly [string, WorkerOptions, Parameters<typeof makeRequest>[0]][] = [
    ['its name is asked for', {}, {workerName: 'w-1'}],
    ['its pool is asked for', {poolName: 'gold'}, {poolName: 'gold'}],
    ['its labels are asked for', {labels: {zone: 'a'}}, {selector: {matchLabels: {zone: 'a'}}}],
    [
      'its NoExecute taint is tolerated, for however short a time',
      {taints: [{key: 'k', effect: 'NoExecute'}]},
      {tolerations: [{key: 'k', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 0}]},
    ],
    ['it has a PreferNoSchedule taint', {taints: [{key: 'k', effect: 'PreferNoSchedule'}]}, {}],
    ['it has all of 16 GPUs', {gpuCount: 16, cpuMillis: 100}, {gpuCount: 16}],
    ['any type of GPU will do', {gpuCount: 1, gpuType: 'Z9'}, {gpuCount: 1}],
    ['it has more than is asked for, GPUs too', {gpuCount: 1}, {}],
  ];
  test.each(placed)('are joined where %s', (_, worker, request) => {
    const plan = place([makeRequest(request)], snapshotOf([makeWorker(worker)]));
    expect(plan.assigned.map(({workerName}) => workerName)).toEqual(['w-1']);
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

test('a PreferNoSchedule taint is worse than a full neighbour only, for packed workers too', () => {
  const taints: Taint[] = [{key: 'spot', effect: 'PreferNoSchedule'}];
  const workers = [makeWorker({name: 'spot', taints, gpuCount: 2}), makeWorker({gpuCount: 2})];
  const plan = place(makeRequests(3, {gpuCount: 1}), snapshotOf(workers));
  expect(plan.assigned.map(({workerName}) => workerName)).toEqual(['w-1', 'w-1', 'spot']);
});

test('an overcommitted worker takes nothing more, not even a demand of nothing', () => {
  const table = tableOf([makeWorker()]);
  table.take(makeAllocation({cpuMillis: 5000}));
  const plan = place([makeRequest({cpuMillis: 0, memoryBytes: 0})], table.snapshot());
  expect(plan.unplaced[0]?.verdict.message).toBe('0/1 workers fit: 1 insufficient cpu.');
});

test.each<[sentence: string, edit: Partial<PlacementWorker>, fits: boolean]>([
  ['another effect of a taint', {taints: [{key: 'a', value: 'b', effect: 'NoExecute'}]}, false],
  [
    'another value of a taint',
    {taints: [{key: 'a', value: 'c', effect: 'PreferNoSchedule'}]},
    true,
  ],
  ['one more taint', {taints: [tainted, {key: 'd', value: '', effect: 'NoSchedule'}]}, false],
  ['no taint', {taints: []}, true],
  ['another pool', {poolName: 'other'}, false],
  ['another label', {labels: {zone: 'b'}}, false],
  ['one more label', {labels: {zone: 'a', more: ''}}, true],
  ['a cordon', {unschedulable: true}, false],
  ['that it is not ready', {ready: false}, false],
])('a worker that is edited is decided by what it is now: %s', (_, edit, fits) => {
  const worker = makeWorker({taints: [tainted], labels: {zone: 'a'}});
  const table = tableOf([worker]);
  const wish = {poolName: 'default', selector: {matchLabels: {zone: 'a'}}};
  expect(placedOn(table, wish)).toBe(worker.name);
  table.upsertWorker({...worker, ...edit});
  expect(placedOn(table, wish)).toBe(fits ? worker.name : undefined);
  table.upsertWorker(worker);
  expect(placedOn(table, wish)).toBe(worker.name);
});
