import {describe, expect, test} from 'vitest';
import type {Taint} from '../../src/api/constraints.ts';
import {place} from '../../src/placement/place.ts';
import {
  allocationOf,
  makeAllocation,
  makeRequest,
  makeRequests,
  makeWorker,
  snapshotOf,
  tableOf,
} from './builders.ts';

describe('GPU types', () => {
  const workers = [
    makeWorker({name: 'a100', gpuCount: 1, gpuType: 'A100'}),
    makeWorker({name: 'h100', gpuCount: 1, gpuType: 'H100'}),
    makeWorker({name: 't4', gpuCount: 1, gpuType: 'T4'}),
  ];
  const namesFor = (gpuTypes: readonly string[], count: number) =>
    place(makeRequests(count, {gpuCount: 1, gpuTypes}), snapshotOf(workers)).assigned.map(
      ({workerName}) => workerName,
    );

  test.each([
    [
      ['H100', 'A100', 'T4'],
      ['h100', 'a100', 't4'],
    ],
    [
      ['T4', 'H100'],
      ['t4', 'h100'],
    ],
    [['L4', 'A100'], ['a100']],
    [['L4'], []],
  ])('%j are taken in this order: %j', (gpuTypes, names) => {
    expect(namesFor(gpuTypes, 3)).toEqual(names);
  });

  test('that come before a taint to be avoided are taken all the same', () => {
    const taints: Taint[] = [{key: 'spot', effect: 'PreferNoSchedule'}];
    const [a100, h100] = workers;
    const request = makeRequest({gpuCount: 1, gpuTypes: ['H100', 'A100']});
    const plan = place([request], snapshotOf([a100!, {...h100!, taints}]));
    expect(plan.assigned[0]?.workerName).toBe('h100');
  });
});

describe('devices', () => {
  /** Thousandths taken of each device before. */
  function devicesFor(taken: readonly number[], ...requests: readonly object[]) {
    const table = tableOf([makeWorker({gpuCount: taken.length, cpuMillis: 64_000})]);
    for (const [device, gpuMillis] of taken.entries()) {
      table.take(makeAllocation({uid: `b-${device}`, gpuDevices: [device], gpuMillis}));
    }
    const batch = requests.map((options) => makeRequest({gpuCount: 1, ...options}));
    const {assigned} = place(batch, table.snapshot());
    return batch.map(
      (request) => assigned.find((one) => one.request === request)?.gpuDevices ?? 'none',
    );
  }

  test.each<[string, number[], object[], unknown[]]>([
    ['the first share cuts the lowest device', [0, 0], [{gpuMillis: 300}], [[0]]],
    ['a share goes where least is left over', [0, 500, 700], [{gpuMillis: 300}], [[2]]],
    ['of equally tight devices the lowest is taken', [600, 500, 600], [{gpuMillis: 300}], [[0]]],
    ['a share cuts a whole device when no cut one has it', [0, 800], [{gpuMillis: 300}], [[0]]],
    ['a share is never put together of two devices', [600, 600], [{gpuMillis: 500}], ['none']],
    ['a share of 1000 takes a whole device', [1, 0], [{gpuMillis: 1000}], [[1]]],
    ['whole devices are the lowest free ones', [1000, 0, 1, 0, 0], [{gpuCount: 2}], [[1, 3]]],
    ['a cut device is not a whole one', [1, 1, 1], [{gpuCount: 2}], ['none']],
    [
      'two shares of one batch stand on one device',
      [0, 0],
      [{gpuMillis: 400}, {gpuMillis: 600}],
      [[0], [0]],
    ],
    [
      'what one request of a batch took is not given to the next',
      [0, 0, 0],
      [{gpuCount: 2}, {gpuMillis: 1}, {gpuMillis: 1000}],
      [[0, 1], 'none', [2]],
    ],
  ])('%s', (_, taken, requests, expected) => {
    expect(devicesFor(taken, ...requests)).toEqual(expected);
  });

  test('given back are free again, one by one', () => {
    const table = tableOf([makeWorker({gpuCount: 2})]);
    const [first] = place([makeRequest({gpuCount: 2})], table.snapshot()).assigned;
    table.take(allocationOf(first!));
    expect(place([makeRequest({gpuCount: 1})], table.snapshot()).assigned).toHaveLength(0);
    table.release(allocationOf(first!));
    const again = place([makeRequest({gpuCount: 2})], table.snapshot()).assigned;
    expect(again.map(({gpuDevices}) => gpuDevices)).toEqual([[0, 1]]);
  });
});

test('an overcommitted device leaves the others of its worker free', () => {
  const table = tableOf([makeWorker({gpuCount: 2})]);
  table.take(makeAllocation({uid: 'a', gpuDevices: [0], gpuMillis: 1000}));
  table.take(makeAllocation({uid: 'b', gpuDevices: [0], gpuMillis: 1000}));
  const plan = place(makeRequests(2, {gpuCount: 1}), table.snapshot());
  expect(plan.assigned.map(({gpuDevices}) => gpuDevices)).toEqual([[1]]);
});
