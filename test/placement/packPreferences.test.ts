import assert from 'node:assert/strict';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {Demand} from '../../src/api/resources.ts';
import {countDevices, FreeCapacity} from '../../src/placement/freeCapacity.ts';
import {Layout} from '../../src/placement/layout.ts';
import {NEVER, PackPreferences} from '../../src/placement/packPreferences.ts';
import {type BucketState, WorkerBuckets} from '../../src/placement/workerBuckets.ts';
import {type TypicalShape, WorkloadShapes} from '../../src/placement/workloadShapes.ts';
import {makeRequest, makeWorker} from './builders.ts';
import {byDefinition} from './fragmentationByDefinition.ts';

/** Each once: as many of all requests, and all of them typical. */
const TYPICAL: readonly TypicalShape[] = [
  {shape: {cpuMillis: 2000, gpuCount: 1, gpuMillis: 300, gpuTypes: []}, share: 0.25},
  {shape: {cpuMillis: 6000, gpuCount: 1, gpuMillis: 1000, gpuTypes: []}, share: 0.25},
  {shape: {cpuMillis: 9000, gpuCount: 4, gpuMillis: 1000, gpuTypes: ['A100']}, share: 0.25},
  {shape: {cpuMillis: 500, gpuCount: 1, gpuMillis: 700, gpuTypes: ['T4']}, share: 0.25},
];

interface OneWorker {
  readonly cpuMillis: number;
  /** Free of each device. */
  readonly devices: readonly number[];
}

/** The bucket of a worker with so much free, and what its workers have in common. */
function bucketOf({cpuMillis, devices}: OneWorker) {
  const rows = {layout: new Layout(1), free: new FreeCapacity(1, devices.length)};
  const worker = makeWorker({cpuMillis: 200_000, gpuCount: devices.length});
  const pool = {name: 'default', strategy: 'Pack' as const, loadBound: 1};
  rows.layout.write(0, worker, {gpuStart: 0, pool});
  rows.free.cpuMillis[0] = cpuMillis;
  rows.free.gpuMillis.set(devices);
  countDevices(rows.free, rows.layout, 0);
  const buckets = new WorkerBuckets(rows);
  const bucket = buckets.at(0);
  return {buckets, bucket, state: buckets.stateOf(bucket)};
}

const cpus = fc.oneof(fc.constantFrom(-1, 0, 999, 1000, 71_999, 72_000), fc.nat({max: 200_000}));
const free = fc.oneof({weight: 2, arbitrary: fc.constantFrom(0, 1000)}, fc.nat({max: 1000}));
const oneWorkers = fc.record({cpuMillis: cpus, devices: fc.array(free, {maxLength: 12})});
const demands = fc
  .record({
    cpuMillis: fc.constantFrom(0, 500, 1000, 5000, 24_000, 80_000),
    gpus: fc.constantFrom(
      [0, 0],
      [1, 1],
      [1, 250],
      [1, 300],
      [1, 700],
      [1, 1000],
      [2, 1000],
      [9, 1000],
    ),
  })
  .map(({cpuMillis, gpus: [gpuCount, gpuMillis]}): Demand => {
    return makeRequest({cpuMillis, gpuCount: gpuCount!, gpuMillis: gpuMillis!}).demand;
  });

function wholeOf({devices}: OneWorker): number {
  return devices.filter((millis) => millis === 1000).length;
}

function partOf({devices}: OneWorker): number {
  return Math.max(0, ...devices.filter((millis) => millis < 1000));
}

describe('a bucket', () => {
  test('has workers whose free cpu and GPUs are within its bounds', () => {
    fc.assert(
      fc.property(oneWorkers, (worker) => {
        const {state} = bucketOf(worker);
        assert(state.cpuFrom <= Math.max(0, worker.cpuMillis));
        assert(worker.cpuMillis < state.cpuTo);
        assert(
          state.cpuTo === Number.POSITIVE_INFINITY
            ? state.cpuFrom === 72_000
            : state.cpuTo <= 72_000,
        );
        assert.equal(state.wholeGpus, Math.min(8, wholeOf(worker)));
        assert.equal(state.group.gpuCount, worker.devices.length);
        const part = partOf(worker);
        if (part === 0) assert.deepEqual([state.partialFrom, state.partialTo], [0, 0]);
        else assert(state.partialFrom < part && part <= state.partialTo);
        assert(part === 0 || state.partialTo - state.partialFrom === 100);
      }),
      {numRuns: 1_000},
    );
  });
});

/** Nine workers of a bucket that have room where some of it have, each once. */
function samplesOf(
  {cpuFrom, cpuTo, wholeGpus, partialFrom, partialTo}: BucketState,
  demand: Demand,
) {
  const isShare = demand.gpuCount > 0 && demand.gpuMillis < 1000;
  const least = Math.max(cpuFrom, demand.cpuMillis);
  const most = cpuTo === Number.POSITIVE_INFINITY ? least + 24_000 : cpuTo;
  const isCutForIt = isShare && partialTo >= demand.gpuMillis;
  const leastPart = isCutForIt ? Math.max(partialFrom, demand.gpuMillis) : partialFrom;
  const points = [0.17, 0.5, 0.83];
  return points.flatMap((cpu) =>
    points.map((part) => ({
      cpuMillis: least + cpu * (most - least),
      wholeGpus: Math.max(wholeGpus, demand.gpuMillis === 1000 ? demand.gpuCount : 0),
      part: Math.round(leastPart + part * (partialTo - leastPart)),
    })),
  );
}

/** What the definition says of a worker before and after it holds one more. */
function growthOf(
  {cpuMillis, wholeGpus, part}: ReturnType<typeof samplesOf>[number],
  demand: Demand,
): number {
  const partials = part > 0 ? [part] : [];
  const before = {cpuMillis, wholeGpus, partials};
  const {gpuCount, gpuMillis} = demand;
  let after = {...before, cpuMillis: cpuMillis - demand.cpuMillis};
  if (gpuMillis === 1000) after = {...after, wholeGpus: wholeGpus - gpuCount};
  else if (gpuCount > 0 && part >= gpuMillis) after = {...after, partials: [part - gpuMillis]};
  else if (gpuCount > 0) {
    after = {...after, wholeGpus: wholeGpus - 1, partials: [...partials, 1000 - gpuMillis]};
  }
  return byDefinition('A100', after, TYPICAL) - byDefinition('A100', before, TYPICAL);
}

describe('a preference', () => {
  const workload = new WorkloadShapes();
  workload.tell(TYPICAL.map(({shape}) => shape));

  test('is never where no worker of the bucket has room, and something where one has', () => {
    fc.assert(
      fc.property(oneWorkers, demands, (worker, demand) => {
        const {buckets, bucket, state} = bucketOf(worker);
        const preference = new PackPreferences(demand, workload).of(bucket, buckets);
        const {cpuTo, wholeGpus, partialTo} = state;
        const mayHave =
          demand.gpuMillis < 1000
            ? demand.gpuCount === 0 || wholeGpus > 0 || partialTo >= demand.gpuMillis
            : wholeGpus >= demand.gpuCount || wholeGpus === 8;
        if (cpuTo < demand.cpuMillis || !mayHave) assert.equal(preference, NEVER);
        else assert(preference < NEVER);
      }),
      {numRuns: 1_000},
    );
  });

  test('is the mean growth of the fragmentation over workers of the bucket, in steps', () => {
    fc.assert(
      fc.property(oneWorkers, demands, (worker, demand) => {
        fc.pre(worker.devices.length > 0);
        const {buckets, bucket, state} = bucketOf(worker);
        const preference = new PackPreferences(demand, workload).of(bucket, buckets);
        fc.pre(preference < NEVER);
        const growths = samplesOf(state, demand).map((sample) => growthOf(sample, demand));
        const mean = growths.reduce((sum, growth) => sum + growth, 0) / growths.length;
        // A step is 60 thousandths of a GPU; what lies between two may be rounded either way.
        assert(Math.abs(preference - mean / 60) <= 0.5 + 1e-6, `${preference} for ${mean / 60}`);
      }),
      {numRuns: 1_000},
    );
  });

  test('without GPUs it is the free cores of the bucket: fuller is better', () => {
    const demand = makeRequest({cpuMillis: 500}).demand;
    const preferenceAt = (cpuMillis: number) => {
      const {buckets, bucket} = bucketOf({cpuMillis, devices: []});
      return new PackPreferences(demand, workload).of(bucket, buckets);
    };
    expect([700, 1500, 9000, 100_000].map(preferenceAt)).toEqual([0, 1, 8, 72]);
  });

  test('is computed once, and anew when others became typical or buckets were renumbered', () => {
    const own = new WorkloadShapes();
    const {buckets, bucket} = bucketOf({cpuMillis: 50_000, devices: [1000, 1000]});
    const {demand} = makeRequest({cpuMillis: 500, gpuCount: 1, gpuMillis: 400});
    const preferences = new PackPreferences(demand, own);
    const first = preferences.of(bucket, buckets);
    const column = preferences.columnFor(buckets);
    expect(column[bucket]).toBe(first);
    expect(preferences.columnFor(buckets)).toBe(column);
    column[bucket] = 77;
    expect(preferences.of(bucket, buckets)).toBe(77);
    own.tell([{cpuMillis: 500, gpuCount: 1, gpuMillis: 400, gpuTypes: []}]);
    const anew = preferences.of(bucket, buckets);
    expect(anew).not.toBe(77);
    preferences.columnFor(buckets)[bucket] = 78;
    buckets.remap();
    expect(preferences.of(bucket, buckets)).toBe(anew);
  });
});
