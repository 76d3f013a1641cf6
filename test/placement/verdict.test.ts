import assert from 'node:assert/strict';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {UnfitReason} from '../../src/api/reasons.ts';
import {place} from '../../src/placement/place.ts';
import type {
  Assigned,
  PlacementRequest,
  PlacementWorker,
  Verdict,
} from '../../src/placement/plan.ts';
import {
  allocationOf,
  makeAllocation,
  makeRequest,
  makeRequests,
  makeWorker,
  makeWorkers,
  snapshotOf,
  tableOf,
} from './builders.ts';
import {type Scenario, whyNot} from './oracle.ts';
import {pools, scenarios, snapshotFor} from './scenarios.ts';

/** Of the last request of the batch, which is left out. */
function verdictOf(
  batch: readonly PlacementRequest[],
  workers: readonly PlacementWorker[],
): Verdict {
  const {unplaced} = place(batch, snapshotOf(workers));
  const last = unplaced.find(({request}) => request === batch.at(-1));
  assert(last, 'the last one is left out');
  return last.verdict;
}

describe('a verdict', () => {
  test('names the most frequent reason first, and the worker that lacks least', () => {
    const workers = [
      ...makeWorkers(12).map((worker) => ({...worker, name: `full-${worker.name}`})),
      ...makeWorkers(8, {ready: false}),
      makeWorker({name: 'almost', cpuMillis: 4900}),
    ];
    expect(verdictOf([makeRequest({cpuMillis: 5000})], workers)).toEqual({
      workerCount: 21,
      counts: [
        {reason: 'NotReady', workers: 8},
        {reason: 'InsufficientCpu', workers: 13},
      ],
      message: '0/21 workers fit: 13 insufficient cpu, 8 not ready.',
      nearest: {
        workerName: 'almost',
        reason: 'InsufficientCpu',
        shortages: [{resource: 'cpuMillis', wanted: 5000, free: 4900}],
      },
    });
  });

  test('says so when there is no worker', () => {
    const {message, counts, nearest} = verdictOf([makeRequest()], []);
    expect({message, counts, nearest}).toEqual({
      message: '0/0 workers fit: there is no worker.',
      counts: [],
      nearest: undefined,
    });
  });

  test('has its counts in the order of the tests, whatever the numbers', () => {
    const selector = {matchLabels: {zone: 'a'}};
    const labels = selector.matchLabels;
    const workers = [
      makeWorker({name: 'a', labels, cpuMillis: 1}),
      makeWorker({name: 'b'}),
      makeWorker({name: 'c', unschedulable: true}),
      makeWorker({name: 'd', ready: false}),
    ];
    const order = verdictOf([makeRequest({selector})], workers).counts.map(({reason}) => reason);
    expect(order).toEqual(['NotReady', 'Unschedulable', 'SelectorMismatch', 'InsufficientCpu']);
    expect(order).toEqual(Object.values(UnfitReason).filter((reason) => order.includes(reason)));
  });
});

describe('the nearest worker', () => {
  const shortages: readonly [string, Parameters<typeof makeWorker>[0], object, object[]][] = [
    ['cpu', {cpuMillis: 60}, {}, [{resource: 'cpuMillis', wanted: 100, free: 60}]],
    [
      'memory',
      {memoryBytes: 2 ** 26},
      {},
      [{resource: 'memoryBytes', wanted: 2 ** 27, free: 2 ** 26}],
    ],
    [
      'cpu, where all else is there to the last unit',
      {cpuMillis: 99, memoryBytes: 2 ** 27, containers: 1, gpuCount: 1},
      {gpuCount: 1},
      [{resource: 'cpuMillis', wanted: 100, free: 99}],
    ],
    ['containers', {containers: 0}, {}, [{resource: 'containers', wanted: 1, free: 0}]],
    ['whole GPUs', {gpuCount: 2}, {gpuCount: 4}, [{resource: 'gpuCount', wanted: 4, free: 2}]],
    [
      'several at once, in the order of the tests',
      {gpuCount: 1, cpuMillis: 50, containers: 0},
      {gpuCount: 2},
      [
        {resource: 'gpuCount', wanted: 2, free: 1},
        {resource: 'cpuMillis', wanted: 100, free: 50},
        {resource: 'containers', wanted: 1, free: 0},
      ],
    ],
  ];
  test.each(shortages)('says what it lacks of %s', (_, worker, request, expected) => {
    const {nearest} = verdictOf([makeRequest(request)], [makeWorker(worker)]);
    expect(nearest).toMatchObject({workerName: 'w-1', shortages: expected});
  });

  test('says how much of its freest device is left where a share is wanted', () => {
    const table = tableOf([makeWorker({gpuCount: 2})]);
    table.take(makeAllocation({uid: 'a', gpuDevices: [0], gpuMillis: 800}));
    table.take(makeAllocation({uid: 'b', gpuDevices: [1], gpuMillis: 600}));
    const {unplaced} = place([makeRequest({gpuCount: 1, gpuMillis: 500})], table.snapshot());
    expect(unplaced[0]?.verdict.nearest?.shortages).toEqual([
      {resource: 'gpuMillis', wanted: 500, free: 400},
    ]);
  });

  test('shows what is bound beyond the capacity as less than nothing', () => {
    const table = tableOf([makeWorker()]);
    table.take(makeAllocation({cpuMillis: 5000}));
    const {unplaced} = place([makeRequest()], table.snapshot());
    expect(unplaced[0]?.verdict.nearest?.shortages).toEqual([
      {resource: 'cpuMillis', wanted: 100, free: -1000},
    ]);
  });

  test('is none where no worker would do with more capacity', () => {
    const {nearest} = verdictOf([makeRequest({poolName: 'none'})], makeWorkers(3));
    expect(nearest).toBeUndefined();
  });
});

describe('a request that gives way to higher priority', () => {
  const half = {cpuMillis: 2000};

  test('says how many workers had room for it until then', () => {
    const batch = [makeRequest({cpuMillis: 4000, priority: 1}), makeRequest({cpuMillis: 4000})];
    const {message, counts, nearest} = verdictOf(batch, [
      makeWorker(),
      makeWorker({name: 'small', cpuMillis: 1000}),
    ]);
    expect(counts).toEqual([
      {reason: 'Outranked', workers: 1},
      {reason: 'InsufficientCpu', workers: 1},
    ]);
    expect(message).toBe(
      '0/2 workers fit: 1 taken by requests of higher priority, 1 insufficient cpu.',
    );
    expect(nearest).toMatchObject({workerName: 'small', reason: 'InsufficientCpu'});
  });

  const cases: readonly [string, readonly PlacementRequest[], UnfitReason][] = [
    [
      'not where those of its own priority took it',
      [makeRequest({...half}), makeRequest({...half}), makeRequest({...half, memoryBytes: 1})],
      'InsufficientCpu',
    ],
    [
      'not where it would not have fitted anyway',
      [makeRequest({...half, priority: 9}), makeRequest({cpuMillis: 5000})],
      'InsufficientCpu',
    ],
    [
      'not where those of its own priority alone left too little',
      [
        makeRequest({cpuMillis: 1000, priority: 9}),
        makeRequest({cpuMillis: 2500}),
        makeRequest({cpuMillis: 2000}),
      ],
      'InsufficientCpu',
    ],
    [
      'also beside others of its own priority, where without the higher ones it had fitted',
      [makeRequest({...half, priority: 9}), makeRequest({...half}), makeRequest({cpuMillis: 1500})],
      'Outranked',
    ],
    [
      'also where the containers ran out',
      [...makeRequests(250, {priority: 3, cpuMillis: 1}), makeRequest({cpuMillis: 1})],
      'Outranked',
    ],
    [
      'also in one class with them',
      [...makeRequests(2, {...half, priority: 3}), makeRequest({...half})],
      'Outranked',
    ],
  ];
  test.each(cases)('%s', (_, batch, reason) => {
    const big = {memoryBytes: 2 ** 40};
    expect(verdictOf(batch, [makeWorker(big)]).counts).toEqual([{reason, workers: 1}]);
  });

  test('counts devices one by one: a share that a cut device had, four whole ones', () => {
    const gpu = {gpuCount: 4, cpuMillis: 16_000};
    const high = makeRequest({gpuCount: 1, gpuMillis: 300, priority: 5});
    expect(verdictOf([high, makeRequest({gpuCount: 4})], [makeWorker(gpu)]).counts).toEqual([
      {reason: 'Outranked', workers: 1},
    ]);
    const table = tableOf([makeWorker(gpu)]);
    table.take(makeAllocation({gpuDevices: [2], gpuMillis: 100}));
    const {unplaced} = place([high, makeRequest({gpuCount: 4})], table.snapshot());
    expect(unplaced[0]?.verdict.counts).toEqual([{reason: 'InsufficientGpu', workers: 1}]);
  });

  test('is judged once a class, for the first of it that is left out', () => {
    const batch = [
      ...makeRequests(2, {...half, priority: 2}),
      ...makeRequests(3, {...half, priority: 1}),
      ...makeRequests(3, {...half}),
    ];
    const {unplaced} = place(batch, snapshotOf([makeWorker()]));
    expect(unplaced).toHaveLength(6);
    expect(new Set(unplaced.map(({verdict}) => verdict)).size).toBe(1);
  });
});

describe('the account of each class', () => {
  /** No two of equal priority: then it is plain who was decided before whom. */
  const ranked = scenarios.map(({batch, ...rest}) => ({
    ...rest,
    batch: batch.map((request, index) => ({...request, priority: (index * 397) % 1001})),
  }));

  test('counts each worker once, under the first test that it fails in its turn', () => {
    fc.assert(
      fc.property(ranked, pools, (scenario, poolList) => {
        const plan = place(scenario.batch, snapshotFor(scenario, poolList));
        const judged = new Set<string>();
        for (const {request, verdict} of plan.unplaced) {
          if (judged.has(request.classKey)) continue;
          judged.add(request.classKey);
          assert.equal(verdict.workerCount, scenario.workers.length);
          assert.deepEqual(
            Object.fromEntries(verdict.counts.map(({reason, workers}) => [reason, workers])),
            expectedCounts(scenario, plan.assigned, request),
          );
        }
      }),
      {numRuns: 400},
    );
  });
});

function expectedCounts(
  {workers, bound}: Scenario,
  assigned: readonly Assigned[],
  request: PlacementRequest,
): Record<string, number> {
  const before = assigned.filter((one) => one.request.priority > request.priority);
  const held = [...bound, ...before.map(allocationOf)];
  const counts: Record<string, number> = {};
  for (const worker of workers) {
    const reason =
      whyNot(request, worker, bound) === undefined ? 'Outranked' : whyNot(request, worker, held);
    assert(reason !== undefined, `${worker.name} had room`);
    counts[reason] = (counts[reason] ?? 0) + 1;
  }
  return counts;
}
