import {WHOLE_GPU_MILLIS} from './freeCapacity.ts';
import type {RowIndex, WorkerRows} from './rowIndex.ts';
import {WordMap} from './wordMap.ts';

/** Workers with the same GPUs: what their states have in common. */
export interface GpuGroup {
  readonly gpuType: string;
  readonly gpuCount: number;
}

/** Free cpu up to which each level reaches, in thousandths of a core; the last one has no end. */
export const CPU_LEVELS: readonly number[] = [
  0, 1000, 2000, 4000, 6000, 8000, 12_000, 16_000, 24_000, 32_000, 48_000, 72_000,
];

/** Wholly free devices from which each class counts. */
export const WHOLE_CLASSES: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 8];

/** The largest part free of a cut device, in steps of so many thousandths; 0 where none is cut. */
export const PARTIAL_STEP = 100;

const PARTIAL_LEVELS = WHOLE_GPU_MILLIS / PARTIAL_STEP + 1;
const CPU_STRIDE = WHOLE_CLASSES.length * PARTIAL_LEVELS;
export const BUCKETS_PER_GROUP = (CPU_LEVELS.length + 1) * CPU_STRIDE;

/** Groups told apart; workers of further ones are sorted in among the last, and stay exact. */
const MAX_GROUPS = 256;

/** What the states of one bucket have in common. */
export interface BucketState {
  readonly group: GpuGroup;
  readonly cpuFrom: number;
  /** Infinity in the last level. */
  readonly cpuTo: number;
  readonly wholeGpus: number;
  /** Largest part free of a cut device, from and below; both 0 where none is cut. */
  readonly partialFrom: number;
  readonly partialTo: number;
}

/**
 * Packed workers by what they have left: workers in one bucket are equally good for a request.
 *
 *     bucket = (GPUs of the worker, free cpu, whole GPUs free, largest free part of a cut one)
 *
 *     T4 x 4, 8-12 cores, 2 whole, part 300-400    { 3, 57, 61 }      positions, a WordMap each
 *     T4 x 4, 8-12 cores, 1 whole, part 700-800    { 9 }
 *     ...                                          few of all that could be are ever used
 *
 * Finer than the prototype of PLACEMENT.md (240 buckets a group), as empty ones cost nothing here.
 * O(devices) a changed row.
 */
export class WorkerBuckets implements RowIndex {
  /** Grows when a bucket is used for the first time, and when all are built anew. */
  version = 0;
  readonly groups: GpuGroup[] = [];
  readonly #rows: WorkerRows;
  readonly #groupOf = new Map<string, number>();
  #members: (WordMap | undefined)[] = [];
  /** By position; -1 where no packed worker is. */
  #bucket = new Int32Array(0);
  /** Of those that were ever used since all were built anew, in that order. */
  #used: number[] = [];

  constructor(rows: WorkerRows) {
    this.#rows = rows;
    this.remap();
  }

  get used(): readonly number[] {
    return this.#used;
  }

  members(bucket: number): WordMap {
    return this.#members[bucket]!;
  }

  bucketAt(position: number): number {
    return this.#bucket[position]!;
  }

  /** @param bucket one of `used` */
  stateOf(bucket: number): BucketState {
    const within = bucket % BUCKETS_PER_GROUP;
    const cpu = Math.floor(within / CPU_STRIDE);
    const partial = within % PARTIAL_LEVELS;
    return {
      group: this.groups[Math.floor(bucket / BUCKETS_PER_GROUP)]!,
      cpuFrom: cpu === 0 ? 0 : CPU_LEVELS[cpu - 1]!,
      cpuTo: CPU_LEVELS[cpu] ?? Number.POSITIVE_INFINITY,
      wholeGpus: WHOLE_CLASSES[Math.floor((within % CPU_STRIDE) / PARTIAL_LEVELS)]!,
      partialFrom: partial === 0 ? 0 : (partial - 1) * PARTIAL_STEP,
      partialTo: partial * PARTIAL_STEP,
    };
  }

  rowChanged(position: number): void {
    const bucket = this.#bucketOf(position);
    const before = this.#bucket[position]!;
    if (bucket === before) return;
    this.#bucket[position] = bucket;
    if (before >= 0) this.#members[before]!.delete(position);
    if (bucket < 0) return;
    let members = this.#members[bucket];
    if (!members) {
      members = new WordMap(this.#bucket.length);
      this.#members[bucket] = members;
      this.#used.push(bucket);
      this.version++;
    }
    members.add(position);
  }

  remap(): void {
    const positions = this.#rows.layout.workers.length;
    this.#members = [];
    this.#used = [];
    this.#groupOf.clear();
    this.groups.length = 0;
    this.#bucket = new Int32Array(positions).fill(-1);
    this.version++;
    for (let position = 0; position < positions; position++) this.rowChanged(position);
  }

  #bucketOf(position: number): number {
    const {layout, free} = this.#rows;
    const worker = layout.workers[position];
    if (!worker || layout.packs[position] === 0) return -1;
    const {gpuMillis} = free;
    const end = layout.gpuEnd[position]!;
    let whole = 0;
    let partial = 0;
    for (let at = layout.gpuStart[position]!; at < end; at++) {
      const left = gpuMillis[at]!;
      if (left === WHOLE_GPU_MILLIS) whole++;
      else if (left > partial) partial = left;
    }
    const within =
      cpuLevel(free.cpuMillis[position]!) * CPU_STRIDE +
      Math.min(whole, WHOLE_CLASSES.length - 1) * PARTIAL_LEVELS +
      Math.floor((partial + PARTIAL_STEP - 1) / PARTIAL_STEP);
    return this.#groupAt(position) * BUCKETS_PER_GROUP + within;
  }

  #groupAt(position: number): number {
    const {gpuType, gpuCount} = this.#rows.layout.workers[position]!.capacity;
    const known = this.#bucket[position]!;
    if (known >= 0) {
      const group = Math.floor(known / BUCKETS_PER_GROUP);
      const {gpuType: type, gpuCount: count} = this.groups[group]!;
      if (type === gpuType && count === gpuCount) return group;
    }
    const key = `${gpuCount} ${gpuType}`;
    const found = this.#groupOf.get(key);
    if (found !== undefined) return found;
    if (this.groups.length === MAX_GROUPS) return MAX_GROUPS - 1;
    this.#groupOf.set(key, this.groups.length);
    return this.groups.push({gpuType, gpuCount}) - 1;
  }
}

function cpuLevel(cpuMillis: number): number {
  let level = 0;
  while (level < CPU_LEVELS.length && cpuMillis >= CPU_LEVELS[level]!) level++;
  return level;
}
