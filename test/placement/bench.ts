/**
 * Prints how fast placement decides: `node test/placement/bench.ts`. Each figure is the best of its
 * runs, as the machine is shared and noise only ever slows down; whole batches, checks and sort
 * included. No threshold here: what is asserted about speed stands beside the report (`berth
 * perf`).
 */
import {place} from '../../src/placement/place.ts';
import type {PlacementRequest, PlacementWorker} from '../../src/placement/plan.ts';
import {makeAllocation, makeRequest, makeWorkers, snapshotOf, tableOf} from './builders.ts';

interface Case {
  readonly name: string;
  readonly workers: PlacementWorker[];
  readonly batch: PlacementRequest[];
}

const sizes: readonly [workers: number, requests: number][] = [
  [20, 100],
  [1_000, 512],
  [1_000, 10_000],
  [10_000, 100_000],
];
const gpuShapes = [
  {gpuCount: 1, gpuMillis: 250},
  {gpuCount: 1, gpuMillis: 500},
  {gpuCount: 1},
  {gpuCount: 2},
  {gpuCount: 4},
  {gpuCount: 8},
  {},
];

for (const [workerCount, requestCount] of sizes) {
  const cpuWorkers = makeWorkers(workerCount, {cpuMillis: 64_000, memoryBytes: 256 * 2 ** 30});
  const gpuWorkers = makeWorkers(workerCount, {cpuMillis: 128_000, gpuCount: 8});
  const batchOf = (build: (index: number) => PlacementRequest) =>
    Array.from({length: requestCount}, (_, index) => build(index));
  const cases: Case[] = [
    {name: 'spread, no key', workers: cpuWorkers, batch: batchOf(() => makeRequest())},
    {
      name: 'spread, uniform keys',
      workers: cpuWorkers,
      batch: batchOf((index) => makeRequest({affinityKey: `model-${index}`})),
    },
    {
      name: 'spread, 50 classes',
      workers: cpuWorkers,
      batch: batchOf((index) =>
        makeRequest({
          cpuMillis: 100 + (index % 50),
          priority: index % 4,
          affinityKey: `m-${index}`,
        }),
      ),
    },
    {
      name: 'pack, 7 shapes',
      workers: gpuWorkers,
      batch: batchOf((index) => makeRequest(gpuShapes[index % gpuShapes.length])),
    },
  ];
  for (const one of cases) measure(one);
}
measureSnapshot(20_000);

function measure({name, workers, batch}: Case): void {
  const snapshot = snapshotOf(workers);
  let bestMs = Number.POSITIVE_INFINITY;
  let placed = 0;
  const runs = Math.max(5, Math.ceil(200_000 / batch.length));
  for (let run = 0; run < runs; run++) {
    const startMs = performance.now();
    placed = place(batch, snapshot).assigned.length;
    bestMs = Math.min(bestMs, performance.now() - startMs);
  }
  const rate = batch.length / bestMs / 1000;
  const size = `${workers.length} x ${batch.length}`.padEnd(16);
  console.log(`${name.padEnd(22)} ${size} ${rate.toFixed(2)} M decisions/s, ${placed} placed`);
}

function measureSnapshot(count: number): void {
  const table = tableOf(makeWorkers(count, {gpuCount: 8}));
  const timed = (change: () => void): string => {
    let bestMs = Number.POSITIVE_INFINITY;
    for (let run = 0; run < 20; run++) {
      change();
      const startMs = performance.now();
      table.snapshot();
      bestMs = Math.min(bestMs, performance.now() - startMs);
    }
    return `${bestMs.toFixed(2)} ms`;
  };
  const joining = makeWorkers(20, {gpuCount: 8}).map((one) => ({...one, name: `new-${one.name}`}));
  const rebuilt = timed(() => table.upsertWorker(joining.pop() ?? makeWorkers(1)[0]!));
  const copied = timed(() => table.take(makeAllocation()));
  console.log(`snapshot of ${count} GPU workers: ${copied}; after a worker joined: ${rebuilt}`);
}
