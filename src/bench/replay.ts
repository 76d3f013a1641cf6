import type {Placement, PolicyOf} from './policy.ts';
import {recount} from './recount.ts';
import {gpuMillisOf, type Trace} from './trace.ts';

/** Offered GPU load in percent of the cluster at which the published figures were read. */
export const LOADS = [90, 100, 110, 130] as const;

/** Allocated GPU in percent of the cluster at each of `LOADS`; NaN where none came near it. */
export type LoadCurve = readonly number[];

export interface Replayed {
  readonly curve: LoadCurve;
  readonly arrivals: number;
  readonly placed: number;
}

/**
 * Runs a trace through a policy, `batch` arrivals a decision, and reads the allocation at each
 * load: the mean over the arrivals whose offered load rounds to it. In a batch an arrival counts as
 * allocated at its own turn, so that batches of any size have the same arrivals to be read at.
 *
 * @throws Error when a recount of the end finds more given out than there is
 */
export function replay(trace: Trace, policyOf: PolicyOf, batch: number): Replayed {
  const {arrivals} = trace;
  const policy = policyOf(trace);
  const placements: Placement[] = [];
  for (let first = 0; first < arrivals.length; first += batch) {
    const end = Math.min(first + batch, arrivals.length);
    placements.push(...policy.place(first, end));
  }
  const [wrong, ...more] = recount(trace, placements);
  if (wrong !== undefined) {
    throw new Error(`Cannot trust a replay: ${wrong}, and ${more.length} more like it`);
  }
  return {
    curve: curveOf(trace, placements),
    arrivals: arrivals.length,
    placed: placements.length,
  };
}

function curveOf(trace: Trace, placements: readonly Placement[]): LoadCurve {
  const {arrivals, clusterGpuMillis} = trace;
  const isPlaced = new Uint8Array(arrivals.length);
  for (const {arrival} of placements) isPlaced[arrival] = 1;
  const atLoad = new Map<number, {millis: number; arrivals: number}>();
  let arrived = 0;
  let allocated = 0;
  for (const [arrival, demand] of arrivals.entries()) {
    arrived += gpuMillisOf(demand);
    if (isPlaced[arrival]) allocated += gpuMillisOf(demand);
    const load = Math.round((100 * arrived) / clusterGpuMillis);
    const sum = atLoad.get(load) ?? {millis: 0, arrivals: 0};
    sum.millis += allocated;
    sum.arrivals++;
    atLoad.set(load, sum);
  }
  const percentOf = (loads: readonly number[]) => {
    const sums = loads.flatMap((load) => atLoad.get(load) ?? []);
    const millis = sums.reduce((total, sum) => total + sum.millis, 0);
    const count = sums.reduce((total, sum) => total + sum.arrivals, 0);
    return (100 * millis) / count / clusterGpuMillis;
  };
  // On few GPUs a load is jumped over: then its neighbours count, as in the artifact of FGD.
  return LOADS.map((load) => percentOf(atLoad.has(load) ? [load] : [load - 1, load + 1]));
}
