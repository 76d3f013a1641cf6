import {noCounts} from '../../../src/cli/perf/callCounts.ts';
import type {BurstFigures, PerfFigures} from '../../../src/cli/perf/figures.ts';
import {distributionOf} from '../figures.ts';

/** A burst of 100 requests on 20 workers in which everything went well. */
export function makeBurst(overrides: Partial<BurstFigures> = {}): BurstFigures {
  return {
    requests: 100,
    workers: 20,
    mix: 'cpu',
    placed: 100,
    totalMs: 400,
    createsMs: 200,
    p50Ms: 90,
    p99Ms: 180,
    latencies: {
      stepMs: 8,
      counts: [0, 0, 0, 0, 1, 3, 5, 7, 10, 12, 10, 9, 9, 8, 7, 6, 4, 3, 2, 1, 1, 1, 1],
    },
    course: {
      cycles: [
        {
          ...{fromMs: 4, batchSize: 40},
          phasesMs: {batch: 30, snapshot: 0.25, place: 1, assume: 0.25, commit: 15, handOver: 0.5},
        },
        {
          ...{fromMs: 51, batchSize: 60},
          phasesMs: {batch: 70, snapshot: 0.25, place: 1, assume: 0.25, commit: 15, handOver: 0.5},
        },
      ],
      underWay: {stepMs: 16, counts: [0, 0, 0, 12, 20, 30, 24, 8, 16, 32, 32, 30, 26, 14, 6, 2]},
    },
    loopDelay: {p99Ms: 3, maxMs: 8},
    batchSizes: [40, 60],
    leftWaiting: 2,
    busyMs: {batch: 100, snapshot: 0.5, place: 2, assume: 0.5, commit: 30, handOver: 1},
    phasesMs: {
      ...{creates: 180, arrival: 4, batch: 50, snapshot: 0.5, place: 2, assume: 0.5, commit: 30},
      ...{handOver: 1, writes: 120, seen: 4},
    },
    accountedShare: 0.98,
    commits: 2,
    flushes: 0,
    rejected: 0,
    workerUpdates: 40,
    locks: undefined,
    cacheHits: 100,
    cacheMisses: 1,
    invalidations: 2,
    snapshots: 2,
    cycles: 2,
    stalenessMs: 12,
    outside: {commits: 2, lockCalls: 0, statusWrites: 100, workerLists: 0},
    distribution: Object.fromEntries(distributionOf(Array.from({length: 20}, () => 5))),
    affinity: {Warm: 90, Near: 10},
    revisions: 240,
    violations: [],
    waiting: {},
    ...overrides,
  };
}

/** The same burst by the old way. */
export function makeOldBurst(): BurstFigures {
  return makeBurst({
    totalMs: 1_600,
    p99Ms: 1_500,
    batchSizes: Array.from({length: 100}, () => 1),
    commits: 100,
    locks: 100,
    cacheHits: 0,
    cacheMisses: 101,
    invalidations: 100,
    snapshots: 100,
    cycles: 100,
    outside: {commits: 100, lockCalls: 200, statusWrites: 100, workerLists: 100},
  });
}

/** One round of it. */
export function makePerf(overrides: Partial<PerfFigures> = {}): PerfFigures {
  return {
    server: 'API server v1.36.3 at https://server',
    ledger: 'kubernetes',
    versions: {berth: '0.1.0', node: 'v24.0.0'},
    countedBy: {ledgerCalls: 'the ledger server', apiCalls: 'the API server'},
    requests: 100,
    workers: 20,
    mix: 'cpu',
    targetMs: 2_000,
    rounds: [{floorMs: 320, ours: makeBurst(), old: makeOldBurst()}],
    ...overrides,
  };
}

/** Of bursts that only the operator counts. */
export const unseen = noCounts;
