import type {CyclePhase, CycleSummary} from '../../observe/cycleSummary.ts';
import {quantile} from '../burst/statistics.ts';

/** Everything that a run measured; times in milliseconds. */
export interface DemoFigures {
  readonly server: string;
  readonly ledger: string;
  readonly requests: number;
  readonly workers: number;
  readonly targetMs: number;
  /**
   * From the first create sent until the last placement seen by the independent watcher; absent
   * without one.
   */
  readonly totalMs: number | undefined;
  readonly createsMs: number;
  /** Create sent -> placement seen, of each request, ascending. */
  readonly latenciesMs: readonly number[];
  /** Absent where the operator runs elsewhere and cannot be looked into. */
  readonly inside: InsideFigures | undefined;
  readonly placed: number;
  readonly acknowledged: number;
  readonly distribution: ReadonlyMap<string, number>;
  readonly affinityLevels: ReadonlyMap<string, number>;
  readonly revisions: number;
  readonly violations: readonly string[];
  readonly waiting: ReadonlyMap<string, string>;
}

export interface InsideFigures {
  readonly cycles: readonly CycleSummary[];
  /**
   * Reads of worker state that had to wait for a list of the API server; the cold first one is one.
   */
  readonly misses: number;
  readonly invalidations: number;
}

/** What follows from the figures; times in milliseconds. */
export interface Summary {
  readonly createToPlacedP50Ms: number | undefined;
  readonly createToPlacedP99Ms: number | undefined;
  readonly inside: InsideSummary | undefined;
}

export interface InsideSummary {
  readonly batchSizes: readonly number[];
  readonly commits: number;
  readonly commitsPerRequest: number;
  readonly rejected: number;
  readonly phasesMs: Readonly<Record<CyclePhase, number>>;
  /**
   * Every decision reads the state of all workers: from memory, but for those that waited for a
   * list.
   */
  readonly decisions: number;
  readonly cacheMisses: number;
  readonly cacheInvalidations: number;
  readonly cacheHitRate: number;
}

export function summaryOf({latenciesMs, inside, requests}: DemoFigures): Summary {
  return {
    createToPlacedP50Ms: quantile(latenciesMs, 0.5),
    createToPlacedP99Ms: quantile(latenciesMs, 0.99),
    inside: inside && insideSummaryOf(inside, requests),
  };
}

/** Of the cycles that had a batch: one without only carries releases. */
function insideSummaryOf(
  {cycles: all, misses, invalidations}: InsideFigures,
  requests: number,
): InsideSummary {
  const cycles = all.filter(({batchSize}) => batchSize > 0);
  const sum = (of: (cycle: CycleSummary) => number) =>
    cycles.reduce((total, cycle) => total + of(cycle), 0);
  const commits = sum((cycle) => cycle.commits);
  const decisions = sum((cycle) => cycle.batchSize);
  const reads = decisions + misses;
  return {
    batchSizes: cycles.map(({batchSize}) => batchSize),
    commits,
    commitsPerRequest: commits / requests,
    rejected: sum((cycle) => cycle.rejected),
    phasesMs: {
      batch: sum(({phasesMs}) => phasesMs.batch),
      snapshot: sum(({phasesMs}) => phasesMs.snapshot),
      place: sum(({phasesMs}) => phasesMs.place),
      assume: sum(({phasesMs}) => phasesMs.assume),
      commit: sum(({phasesMs}) => phasesMs.commit),
      handOver: sum(({phasesMs}) => phasesMs.handOver),
    },
    decisions,
    cacheMisses: misses,
    cacheInvalidations: invalidations,
    cacheHitRate: reads === 0 ? 0 : decisions / reads,
  };
}
