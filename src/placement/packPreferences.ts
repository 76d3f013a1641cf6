import {type Demand, WHOLE_GPU_MILLIS} from '../api/resources.ts';
import type {WorkerState} from './fragmentation.ts';
import {type BucketState, MOST_WHOLE, type WorkerBuckets} from './workerBuckets.ts';
import type {WorkloadShapes} from './workloadShapes.ts';

/** Free cpu that a state of the last level stands for, beyond where it begins. */
const OPEN_LEVEL_MILLIS = 24_000;

/** A preference is compared in steps of so many GPU thousandths: less is no reason. */
const STEP_MILLIS = 60;

/** Of a bucket none of whose workers can hold such a request: above every preference. */
export const NEVER = 2 ** 30;

/** Not computed yet. */
const UNKNOWN = 2 ** 30 + 1;

/** Where a level is sampled: a small request moves few of its workers over a threshold. */
const SAMPLES: readonly number[] = [0.17, 0.5, 0.83];

/**
 * How much requests of one demand want the workers of each bucket: the least growth of
 * fragmentation first, equal ones are ties.
 *
 *     bucket        0    1    2    3
 *     byBucket   [ -4 | 17 |  ? | -4 | ...      in steps; ? = not asked for yet
 *
 * Computed at the first question, and again when other shapes became typical. O(1) a question
 * asked before, O(samples x devices) a new one.
 */
export class PackPreferences {
  readonly #demand: Demand;
  readonly #workload: WorkloadShapes;
  #byBucket = new Int32Array(0);
  #epoch = -1;
  #version = -1;

  constructor(demand: Demand, workload: WorkloadShapes) {
    this.#demand = demand;
    this.#workload = workload;
  }

  /** Of the workers of a bucket; `NEVER` if none of them can hold such a request. */
  of(bucket: number, buckets: WorkerBuckets): number {
    return this.in(this.columnFor(buckets), bucket, buckets);
  }

  /** As `of`, from a column that was read before a loop. */
  in(column: Int32Array, bucket: number, buckets: WorkerBuckets): number {
    const known = column[bucket]!;
    return known > NEVER ? this.#learn(bucket, buckets) : known;
  }

  /** One entry a bucket of `buckets`, to be read by `in`; good until one is added. */
  columnFor(buckets: WorkerBuckets): Int32Array {
    const isSame = this.#epoch === buckets.epoch && this.#version === this.#workload.version;
    if (isSame && this.#byBucket.length >= buckets.count) return this.#byBucket;
    const known = isSame ? this.#byBucket : new Int32Array(0);
    this.#byBucket = new Int32Array(2 * buckets.count).fill(UNKNOWN, known.length);
    this.#byBucket.set(known);
    this.#epoch = buckets.epoch;
    this.#version = this.#workload.version;
    return this.#byBucket;
  }

  #learn(bucket: number, buckets: WorkerBuckets): number {
    const preference = preferenceOf(buckets.stateOf(bucket), this.#demand, this.#workload);
    this.#byBucket[bucket] = preference;
    return preference;
  }
}

/** Of the last group the type may be any (`WorkerBuckets`): types are left to the tier. */
function mayHold({cpuTo, wholeGpus, partialTo}: BucketState, demand: Demand): boolean {
  if (cpuTo < demand.cpuMillis) return false;
  if (demand.gpuMillis < WHOLE_GPU_MILLIS && (wholeGpus > 0 || partialTo >= demand.gpuMillis)) {
    return true;
  }
  // The last class of whole GPUs has no end.
  return wholeGpus >= demand.gpuCount || wholeGpus === MOST_WHOLE;
}

/** By how many steps the fragmentation of such a worker grows with one more request. */
function preferenceOf(state: BucketState, demand: Demand, workload: WorkloadShapes): number {
  if (!mayHold(state, demand)) return NEVER;
  // Without GPUs nothing can be fragmented: the fuller worker is the better one.
  if (state.group.gpuCount === 0) return Math.floor(state.cpuFrom / 1000);
  const fragmentation = workload.fragmentation(state.group.gpuType);
  let growth = 0;
  for (const cpu of SAMPLES) {
    for (const partial of SAMPLES) {
      const before = sample(state, demand, cpu, partial);
      growth += fragmentation.of(afterwards(before, demand)) - fragmentation.of(before);
    }
  }
  return Math.round(growth / SAMPLES.length ** 2 / STEP_MILLIS);
}

/** A worker of the bucket, one that has room for the request where some of it have. */
function sample(
  {cpuFrom, cpuTo, wholeGpus, partialFrom, partialTo}: BucketState,
  demand: Demand,
  cpu: number,
  partial: number,
): WorkerState {
  const cpuEnd = Number.isFinite(cpuTo)
    ? cpuTo
    : Math.max(cpuFrom, demand.cpuMillis) + OPEN_LEVEL_MILLIS;
  const cpuStart = Math.max(cpuFrom, demand.cpuMillis);
  const needsPart = demand.gpuMillis < WHOLE_GPU_MILLIS && partialTo >= demand.gpuMillis;
  const partStart = needsPart ? Math.max(partialFrom, demand.gpuMillis) : partialFrom;
  const part = Math.round(partStart + partial * (partialTo - partStart));
  return {
    cpuMillis: cpuStart + cpu * (cpuEnd - cpuStart),
    wholeGpus: Math.max(wholeGpus, demand.gpuMillis === WHOLE_GPU_MILLIS ? demand.gpuCount : 0),
    partials: part > 0 ? [part] : [],
  };
}

/** As `takeDevices` does it: a share of the cut device where it has it, else of a whole one. */
function afterwards({cpuMillis, wholeGpus, partials}: WorkerState, demand: Demand): WorkerState {
  const left = {cpuMillis: cpuMillis - demand.cpuMillis};
  if (demand.gpuCount === 0) return {...left, wholeGpus, partials};
  if (demand.gpuMillis === WHOLE_GPU_MILLIS) {
    return {...left, wholeGpus: wholeGpus - demand.gpuCount, partials};
  }
  const [part = 0] = partials;
  if (part >= demand.gpuMillis) return {...left, wholeGpus, partials: [part - demand.gpuMillis]};
  return {
    ...left,
    wholeGpus: wholeGpus - 1,
    partials: [...partials, WHOLE_GPU_MILLIS - demand.gpuMillis],
  };
}
