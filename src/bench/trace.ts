import type {Demand} from '../api/resources.ts';
import {type Random, seededRandom} from '../lib/random.ts';
import type {TraceCapacity} from './openbLists.ts';

/** Offered GPU load at which a replay ends, in percent of the cluster. */
const FULL_LOAD_PERCENT = 130;

/** Arrivals of one replay: a list that asks for almost no GPU would fill memory before it ends. */
const MAX_ARRIVALS = 2_000_000;

/** The GPU milli of a request: what the figures of the trace are measured in. */
export function gpuMillisOf({gpuCount, gpuMillis}: Demand): number {
  return gpuCount * gpuMillis;
}

/** One replay of a list: what there is, and what arrives in which order. No departures. */
export interface Trace {
  /** In the order in which ties go: the first of equally good ones takes the request. */
  readonly workers: readonly TraceCapacity[];
  readonly arrivals: readonly Demand[];
  readonly clusterGpuMillis: number;
  /** The list itself, from which a policy may learn its typical shapes. */
  readonly list: readonly Demand[];
}

/**
 * The replay of `list` on `cluster` that belongs to `seed`: workers in random order; each request
 * once in random order, then random ones again, with replacement, until the next would ask for more
 * than 130 % of the GPUs. A list that asks for more already loses random requests instead.
 *
 * Source: PLACEMENT.md, steps 1 to 3 of the protocol (the artifact of FGD, USENIX ATC'23).
 *
 * @throws Error when cluster or list have no GPUs, or so few that the replay would not end
 */
export function drawTrace(
  cluster: readonly TraceCapacity[],
  list: readonly Demand[],
  seed: number,
): Trace {
  const random = seededRandom(seed);
  const clusterGpuMillis = cluster.reduce((sum, {gpuCount}) => sum + gpuCount * 1000, 0);
  if (clusterGpuMillis === 0) {
    throw new Error('Cannot replay a trace as its nodes must have GPUs: current value is 0 GPUs');
  }
  const workers = shuffled(cluster, random);
  const limit = (clusterGpuMillis / 100) * FULL_LOAD_PERCENT;
  return {workers, arrivals: drawArrivals(list, limit, random), clusterGpuMillis, list};
}

function drawArrivals(list: readonly Demand[], limitGpuMillis: number, random: Random): Demand[] {
  const arrivals = shuffled(list, random);
  let total = arrivals.reduce((sum, demand) => sum + gpuMillisOf(demand), 0);
  if (total === 0) {
    throw new Error('Cannot replay a trace as its pods must ask for GPUs: current value is 0');
  }
  // In random order already: the last one is a random one.
  while (total > limitGpuMillis) total -= gpuMillisOf(arrivals.pop()!);
  for (;;) {
    const next = list[Math.floor(random.next() * list.length)]!;
    if (total + gpuMillisOf(next) > limitGpuMillis) return arrivals;
    arrivals.push(next);
    total += gpuMillisOf(next);
    if (arrivals.length > MAX_ARRIVALS) {
      throw new Error(
        `Cannot replay a trace as it must reach ${FULL_LOAD_PERCENT} % of the GPUs within ` +
          `${MAX_ARRIVALS} arrivals: they ask for ${total} of ${limitGpuMillis} milli`,
      );
    }
  }
}

/** A copy in random order (Fisher and Yates, as Durstenfeld has it). */
export function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const copy = [...items];
  for (let last = copy.length - 1; last > 0; last--) {
    const other = Math.floor(random.next() * (last + 1));
    [copy[last], copy[other]] = [copy[other]!, copy[last]!];
  }
  return copy;
}
