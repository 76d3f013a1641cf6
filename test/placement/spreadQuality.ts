import {type Random, seededRandom} from '../../src/lib/random.ts';
import {place} from '../../src/placement/place.ts';
import type {Assigned, Plan} from '../../src/placement/plan.ts';
import {drawKeys, type Keying} from './bench/keys.ts';
import {countByWorker, makeRequest, makeWorkers, tableOf} from './builders.ts';

/** How well one way of keying is spread. Means and extremes are over the seeds. */
export interface SpreadQuality {
  /** Requests on the fullest worker over the mean. */
  readonly meanMaxOverMean: number;
  readonly worstMaxOverMean: number;
  /** Share of the requests on the first worker of their key, as the plan says. */
  readonly warmShare: number;
  readonly leastWarmShare: number;
  /**
   * Of the requests whose key was placed before, the share that met it: on a worker that has that
   * key already. Counted from the plan alone; this is what a cache on the worker would see.
   */
  readonly metShare: number;
  /** The same for always the least loaded worker, which knows no keys. */
  readonly leastLoadedMetShare: number;
  readonly unplaced: number;
}

export interface SpreadCase {
  readonly workers: number;
  readonly requests: number;
  readonly keying: Keying;
  /** 1.25 when absent, as everywhere. */
  readonly loadBound?: number;
}

/** Of issue 5. */
export const SPREAD_SIZES: readonly {readonly workers: number; readonly requests: number}[] = [
  {workers: 20, requests: 100},
  {workers: 40, requests: 200},
  {workers: 10, requests: 100},
  {workers: 1_000, requests: 10_000},
];

/** Empty workers alike, equal requests in one batch, `seeds` draws of their keys. */
export function spreadQuality(options: SpreadCase, seeds: number): SpreadQuality {
  const runs = Array.from({length: seeds}, (_, index) => runOnce(options, seededRandom(index + 1)));
  const mean = (value: (run: Run) => number) =>
    runs.reduce((sum, run) => sum + value(run), 0) / runs.length;
  return {
    meanMaxOverMean: mean((run) => run.maxOverMean),
    worstMaxOverMean: Math.max(...runs.map((run) => run.maxOverMean)),
    warmShare: mean((run) => run.warmShare),
    leastWarmShare: Math.min(...runs.map((run) => run.warmShare)),
    metShare: mean((run) => run.metShare),
    leastLoadedMetShare: mean((run) => run.leastLoadedMetShare),
    unplaced: mean((run) => run.unplaced),
  };
}

interface Run {
  readonly maxOverMean: number;
  readonly warmShare: number;
  readonly metShare: number;
  readonly leastLoadedMetShare: number;
  readonly unplaced: number;
}

function runOnce({workers: count, requests, keying, loadBound}: SpreadCase, random: Random): Run {
  const workers = makeWorkers(count, {cpuMillis: 64_000, memoryBytes: 2 ** 38});
  const table = tableOf(workers);
  if (loadBound) table.upsertPool({name: 'default', strategy: undefined, loadBound});
  const batch = drawKeys(keying, requests, random).map((affinityKey) =>
    makeRequest(affinityKey === undefined ? {} : {affinityKey}),
  );
  const plan = place(batch, table.snapshot());
  const counts = [...countByWorker(plan.assigned, workers).values()];
  return {
    maxOverMean: (Math.max(...counts) * count) / requests,
    warmShare: shareOf(plan, ({affinity}) => affinity === 'Warm'),
    metShare: metShare(plan.assigned, ({workerName}) => workerName),
    // Equal requests on empty equal workers: the least loaded one is the next in turn.
    leastLoadedMetShare: metShare(plan.assigned, (_, turn) => String(turn % count)),
    unplaced: plan.unplaced.length,
  };
}

function shareOf({assigned}: Plan, is: (one: Assigned) => boolean): number {
  return assigned.filter(is).length / assigned.length;
}

function metShare(
  assigned: readonly Assigned[],
  workerOf: (one: Assigned, turn: number) => string,
): number {
  const workersOf = new Map<string, Set<string>>();
  let again = 0;
  let met = 0;
  for (const [turn, one] of assigned.entries()) {
    const {affinityKey} = one.request;
    const worker = workerOf(one, turn);
    const known = workersOf.get(affinityKey);
    if (known) again++;
    if (known?.has(worker)) met++;
    if (known) known.add(worker);
    else workersOf.set(affinityKey, new Set([worker]));
  }
  return again === 0 ? Number.NaN : met / again;
}
