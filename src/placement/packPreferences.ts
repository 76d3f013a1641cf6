import type {Demand} from '../api/resources.ts';
import {fragmentationOf, type WorkerState} from './fragmentation.ts';
import {WHOLE_GPU_MILLIS} from './freeCapacity.ts';
import type {Tier} from './tier.ts';
import {type BucketState, MOST_WHOLE, type WorkerBuckets} from './workerBuckets.ts';
import type {TypicalShape, WorkloadShapes} from './workloadShapes.ts';

/** Free cpu that a state of the last level stands for, beyond where it begins. */
const OPEN_LEVEL_MILLIS = 24_000;

/** A preference is compared in steps of so many GPU thousandths: less is no reason. */
const STEP_MILLIS = 60;

/** Above every preference. */
const NEVER = 2 ** 31 - 1;

/** Where a level is sampled: a small request moves few of its workers over a threshold. */
const SAMPLES: readonly number[] = [0.17, 0.5, 0.83];

/** Buckets of one tier in the order in which requests of one demand want them. */
export interface PackOrder {
  readonly buckets: Int32Array;
  readonly preferences: Int32Array;
}

interface TierOrder extends PackOrder {
  /** What it was taken from: all buckets in order, and the groups of GPUs that the tier has. */
  readonly source: Int32Array;
  readonly groups: ReadonlySet<number>;
}

/**
 * How much requests of one demand want each bucket: the least growth of fragmentation first.
 *
 *     buckets      [ 412 | 97 | 98 | 511 | ... ]     those that may hold such a request, of groups
 *     preferences  [  -9 | -4 | -4 |   0 | ... ]     that the tier has; equal ones are ties
 *
 * Made at the first use, again when the typical shapes were drawn anew; when a bucket was used for
 * the first time, what is known of the others is kept. O(buckets x samples x shapes).
 */
export class PackPreferences {
  readonly #demand: Demand;
  readonly #orders = new WeakMap<Tier, TierOrder>();
  /** By bucket; `NEVER` where no worker of it can hold such a request. */
  #byBucket = new Int32Array(0);
  #sorted = new Int32Array(0);
  #epoch = -1;
  #shapesVersion = -1;

  constructor(demand: Demand) {
    this.#demand = demand;
  }

  /** The order for the workers of `tier`, as of now. */
  orderOf(tier: Tier, buckets: WorkerBuckets, workload: WorkloadShapes): PackOrder {
    this.#refresh(buckets, workload);
    const groups = buckets.groupsOf(tier);
    const source = this.#sorted;
    const known = this.#orders.get(tier);
    if (known?.source === source && known.groups === groups) return known;
    const own = source.filter((bucket) => groups.has(buckets.groupOf(bucket)));
    const preferences = own.map((bucket) => this.#byBucket[bucket]!);
    const order = {buckets: own, preferences, source, groups};
    this.#orders.set(tier, order);
    return order;
  }

  /** Of any bucket, the least first; `NEVER` of one that cannot hold such a request. */
  of(bucket: number): number {
    return this.#byBucket[bucket]!;
  }

  #refresh(buckets: WorkerBuckets, workload: WorkloadShapes): void {
    const isSame = this.#epoch === buckets.epoch && this.#shapesVersion === workload.version;
    const known = isSame ? this.#byBucket.length : 0;
    if (isSame && known === buckets.count) return;
    this.#epoch = buckets.epoch;
    this.#shapesVersion = workload.version;
    const byBucket = new Int32Array(buckets.count);
    byBucket.set(this.#byBucket.subarray(0, known));
    for (let bucket = known; bucket < buckets.count; bucket++) {
      byBucket[bucket] = preferenceOf(buckets.stateOf(bucket), this.#demand, workload.typical);
    }
    this.#byBucket = byBucket;
    this.#sorted = Int32Array.from(byBucket.keys())
      .filter((bucket) => byBucket[bucket] !== NEVER)
      .sort((left, right) => byBucket[left]! - byBucket[right]! || left - right);
  }
}

function mayHold({group, cpuTo, wholeGpus, partialTo}: BucketState, demand: Demand): boolean {
  const {cpuMillis, gpuCount, gpuTypes} = demand;
  if (cpuTo < cpuMillis) return false;
  if (gpuCount === 0) return true;
  if (gpuTypes.length > 0 && !gpuTypes.includes(group.gpuType)) return false;
  if (demand.gpuMillis < WHOLE_GPU_MILLIS && (wholeGpus > 0 || partialTo >= demand.gpuMillis)) {
    return true;
  }
  // The last class of whole GPUs has no end.
  return wholeGpus >= demand.gpuCount || (wholeGpus === MOST_WHOLE && group.gpuCount > MOST_WHOLE);
}

/** By how many steps the fragmentation of such a worker grows with one more request. */
function preferenceOf(
  state: BucketState,
  demand: Demand,
  typical: readonly TypicalShape[],
): number {
  if (!mayHold(state, demand)) return NEVER;
  // Without GPUs nothing can be fragmented: the fuller worker is the better one.
  if (state.group.gpuCount === 0) return Math.floor(state.cpuFrom / 1000);
  let growth = 0;
  for (const cpu of SAMPLES) {
    for (const partial of SAMPLES) {
      const before = sample(state, demand, cpu, partial);
      growth += fragmentationOf(afterwards(before, demand), typical);
      growth -= fragmentationOf(before, typical);
    }
  }
  return Math.round(growth / SAMPLES.length ** 2 / STEP_MILLIS);
}

/** A worker of the bucket, one that has room for the request where some of it have. */
function sample(
  {group, cpuFrom, cpuTo, wholeGpus, partialFrom, partialTo}: BucketState,
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
    gpuType: group.gpuType,
    cpuMillis: cpuStart + cpu * (cpuEnd - cpuStart),
    wholeGpus: Math.max(wholeGpus, demand.gpuMillis === WHOLE_GPU_MILLIS ? demand.gpuCount : 0),
    partials: part > 0 ? [part] : [],
  };
}

/** As `takeDevices` does it: a share of the cut device where it has it, else of a whole one. */
function afterwards(
  {gpuType, cpuMillis, wholeGpus, partials}: WorkerState,
  demand: Demand,
): WorkerState {
  const left = {gpuType, cpuMillis: cpuMillis - demand.cpuMillis};
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
