import type {Demand} from '../api/resources.ts';
import {berthPolicy, unseededPolicy} from './berthPolicy.ts';
import {bestFitPolicy} from './bestFitPolicy.ts';
import type {TraceCapacity} from './openbLists.ts';
import type {PolicyOf} from './policy.ts';
import {LOADS, type LoadCurve, replay} from './replay.ts';
import {drawTrace} from './trace.ts';

/**
 * What can be replayed: the engine with the list known beforehand and without, and one of the
 * published policies to check the protocol.
 */
export const policies = {
  berth: berthPolicy,
  'berth-unseeded': unseededPolicy,
  bestfit: bestFitPolicy,
} as const satisfies Readonly<Record<string, PolicyOf>>;
export type PolicyName = keyof typeof policies;

export interface OpenbOptions {
  readonly cluster: readonly TraceCapacity[];
  readonly lists: readonly {readonly name: string; readonly demands: readonly Demand[]}[];
  readonly seeds: readonly number[];
  /** Arrivals a decision. */
  readonly batches: readonly number[];
  readonly policies: readonly PolicyName[];
  /** Told after each replay. */
  readonly progress: (line: string) => void;
}

/** A mean over seeds; `sd` of the sample, NaN of a single one. */
export interface Spread {
  readonly mean: number;
  readonly sd: number;
}

/** One list under one policy and batch, over all seeds. */
export interface OpenbFigures {
  readonly list: string;
  readonly policy: PolicyName;
  readonly batch: number;
  readonly seeds: readonly number[];
  /** Allocated GPU in percent of the cluster at each of `LOADS`. */
  readonly allocated: readonly Spread[];
}

/**
 * Replays each list with each seed under each policy and batch size, and recounts each end. A trace
 * is drawn once a seed: all see the same workers in the same order, and the same arrivals.
 *
 * @throws Error naming list and seed, when a list cannot be replayed or a recount finds too much
 */
export function runOpenb(options: OpenbOptions): OpenbFigures[] {
  return options.lists.flatMap((list) => replayList(options, list));
}

function replayList(
  options: OpenbOptions,
  {name, demands}: OpenbOptions['lists'][number],
): OpenbFigures[] {
  const {cluster, seeds, progress} = options;
  const runs = runsOf(options).map((run) => ({...run, curves: [] as LoadCurve[]}));
  for (const seed of seeds) {
    const trace = naming(`${name} with seed ${seed}`, () => drawTrace(cluster, demands, seed));
    for (const {policy, batch, curves} of runs) {
      const what = `${name} seed ${seed} ${policy} batch ${batch}`;
      const {curve, placed, arrivals} = naming(what, () => replay(trace, policies[policy], batch));
      curves.push(curve);
      const loads = LOADS.map((load, at) => `${load}: ${curve[at]!.toFixed(2)}`).join(' ');
      progress(`${what}: ${placed} of ${arrivals} placed, % at ${loads}`);
    }
  }
  return runs.map(({policy, batch, curves}) => ({
    list: name,
    policy,
    batch,
    seeds,
    allocated: LOADS.map((_, at) => spreadOf(curves.map((curve) => curve[at]!))),
  }));
}

/** Best fit looks at one arrival at a time whatever the batch: it runs once. */
function runsOf(options: OpenbOptions): {policy: PolicyName; batch: number}[] {
  return options.policies.flatMap((policy) =>
    (policy === 'bestfit' ? [1] : options.batches).map((batch) => ({policy, batch})),
  );
}

function naming<Result>(what: string, run: () => Result): Result {
  try {
    return run();
  } catch (cause) {
    throw new Error(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, {cause});
  }
}

/** Of the seeds that have a value: on few GPUs one may jump over a load. */
function spreadOf(all: readonly number[]): Spread {
  const values = all.filter((value) => !Number.isNaN(value));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {mean, sd: Math.sqrt(squares / (values.length - 1))};
}
