import type {DemoFigures, InsideFigures} from '../../src/cli/demo/figures.ts';
import type {CycleSummary} from '../../src/observe/cycleSummary.ts';

/** A cycle that went well. */
export function makeCycle(overrides: Partial<CycleSummary> = {}): CycleSummary {
  return {
    epoch: 1,
    cycle: 1,
    batchSize: 4,
    accepted: 4,
    rejected: 0,
    unplaced: 0,
    commits: 1,
    phasesMs: {batch: 25, snapshot: 1, place: 2, assume: 0.5, commit: 3, handOver: 0.5},
    ...overrides,
  };
}

export function makeInside(overrides: Partial<InsideFigures> = {}): InsideFigures {
  return {
    cycles: [makeCycle(), makeCycle({cycle: 2, batchSize: 96, accepted: 96})],
    misses: 1,
    invalidations: 1,
    ...overrides,
  };
}

/** A run of 100 requests on 20 workers in which everything went well. */
export function makeFigures(overrides: Partial<DemoFigures> = {}): DemoFigures {
  return {
    server: 'a server',
    ledger: 'kubernetes',
    requests: 100,
    workers: 20,
    targetMs: 2_000,
    totalMs: 300,
    createsMs: 100,
    latenciesMs: Array.from({length: 100}, (_, index) => index + 1),
    inside: makeInside(),
    placed: 100,
    acknowledged: 100,
    distribution: distributionOf(Array.from({length: 20}, () => 5)),
    affinityLevels: new Map([['None', 100]]),
    revisions: 340,
    violations: [],
    waiting: new Map(),
    ...overrides,
  };
}

/** So many requests on each worker. */
export function distributionOf(counts: readonly number[]): ReadonlyMap<string, number> {
  return new Map(counts.map((count, index) => [`worker-${index + 1}`, count]));
}
