import {WHOLE_GPU_MILLIS} from '../api/resources.ts';
import {extended} from './extended.ts';
import type {GpuGroup} from './layout.ts';
import {WordMaps} from './wordMaps.ts';
import type {WorkerRows} from './workerRows.ts';

/**
 * Free cpu below which each level ends, in thousandths of a core and whole cores; the last one has
 * no end.
 */
const CPU_LEVELS: readonly number[] = [
  0, 1000, 2000, 4000, 6000, 8000, 12_000, 16_000, 24_000, 32_000, 48_000, 72_000,
];

/** Wholly free devices are counted up to here; a worker with more stands with those. */
export const MOST_WHOLE = 8;

/** The largest part free of a cut device, in steps of so many thousandths; 0 where none is cut. */
const PARTIAL_STEP = 100;

const PARTIAL_LEVELS = WHOLE_GPU_MILLIS / PARTIAL_STEP + 1;
const CPU_STRIDE = (MOST_WHOLE + 1) * PARTIAL_LEVELS;
const CODES_PER_GROUP = (CPU_LEVELS.length + 1) * CPU_STRIDE;

/** What the states of one bucket have in common. */
export interface BucketState {
  readonly group: GpuGroup;
  readonly cpuFrom: number;
  /** It is below it; infinity in the last level. */
  readonly cpuTo: number;
  readonly wholeGpus: number;
  /** Largest part free of a cut device: above `From`, at most `To`; both 0 where none is cut. */
  readonly partialFrom: number;
  readonly partialTo: number;
}

/**
 * Packed workers by what they have left: workers in one bucket are equally good for a request.
 *
 *     code    = (GPUs of the worker, free cpu, whole GPUs free, largest free part of a cut one)
 *     bucket  = number of a code in the order in which they were first used
 *
 *     bucket  code                                        size  members
 *        0    4 T4, 8-12 cores, 2 whole, part 300-400      3    { 3, 57, 61 }
 *        1    4 T4, 8-12 cores, 1 whole, part 700-800      1    { 9 }
 *        2    4 T4, 6-8 cores, 1 whole, part 400-500       0    { }
 *
 * Of all codes that could be few are ever used, and of those most are empty at any time: sizes
 * stand in a column of their own, so that passing over an empty bucket costs one read.
 * O(1) a changed row.
 *
 * They are told of every change of the rows before anybody reads them again:
 *
 *     table: take, release, join, leave, edit --(at the next snapshot)--> rowChanged
 *     place: take ------------------------------(at once)---------------> rowChanged
 *     place: its end gives all back ------------(at once)---------------> rowChanged
 *     table: all laid out anew -----------------(at the next snapshot)--> remap
 */
export class WorkerBuckets {
  /** Grows when all are built anew: bucket numbers mean something else. */
  epoch = 0;
  /** The buckets that have members, in any order, */
  live = new Int32Array(64);
  /** so many. */
  liveCount = 0;
  /** One set a bucket. */
  members = new WordMaps(0);
  readonly #rows: WorkerRows;
  readonly #codes: number[] = [];
  /** Members of each bucket. */
  #sizes = new Int32Array(64);
  /** Where each bucket with members stands in `live`. */
  #liveAt = new Int32Array(64);
  /** -1 where the code was never used. */
  #bucketOfCode = new Int32Array(0);
  /** By position; -1 where no packed worker is. */
  #bucketAt = new Int32Array(0);

  constructor(rows: WorkerRows) {
    this.#rows = rows;
    this.remap();
  }

  /** Buckets are numbered from 0 below it. */
  get count(): number {
    return this.#codes.length;
  }

  /** The bucket of the packed worker at `position`. */
  at(position: number): number {
    return this.#bucketAt[position]!;
  }

  stateOf(bucket: number): BucketState {
    const code = this.#codes[bucket]!;
    const within = code % CODES_PER_GROUP;
    const cpu = Math.floor(within / CPU_STRIDE);
    const partial = within % PARTIAL_LEVELS;
    return {
      group: this.#rows.layout.gpuGroups[Math.floor(code / CODES_PER_GROUP)]!,
      cpuFrom: cpu === 0 ? 0 : CPU_LEVELS[cpu - 1]!,
      cpuTo: CPU_LEVELS[cpu] ?? Number.POSITIVE_INFINITY,
      wholeGpus: Math.floor((within % CPU_STRIDE) / PARTIAL_LEVELS),
      partialFrom: partial === 0 ? 0 : (partial - 1) * PARTIAL_STEP,
      partialTo: partial * PARTIAL_STEP,
    };
  }

  /** The worker at `position` has other free amounts, was edited, joined there or left. */
  rowChanged(position: number): void {
    const bucket = this.#bucketFor(position);
    const before = this.#bucketAt[position]!;
    if (bucket === before) return;
    this.#bucketAt[position] = bucket;
    if (before >= 0) {
      this.members.delete(before, position);
      if (--this.#sizes[before]! === 0) this.#empty(before);
    }
    if (bucket < 0) return;
    this.members.add(bucket, position);
    if (++this.#sizes[bucket]! > 1) return;
    this.#liveAt[bucket] = this.liveCount;
    this.live[this.liveCount++] = bucket;
  }

  /** Every row may be another one, and there may be more of them: builds everything anew. */
  remap(): void {
    const positions = this.#rows.layout.workers.length;
    this.members = new WordMaps(positions);
    this.#codes.length = 0;
    this.#bucketOfCode.fill(-1);
    this.#sizes.fill(0);
    this.liveCount = 0;
    this.#bucketAt = new Int32Array(positions).fill(-1);
    this.epoch++;
    for (let position = 0; position < positions; position++) this.rowChanged(position);
  }

  #bucketFor(position: number): number {
    const {layout, free} = this.#rows;
    if (layout.packs[position] === 0) return -1;
    const code =
      layout.gpuGroup[position]! * CODES_PER_GROUP +
      cpuLevel(free.cpuMillis[position]!) * CPU_STRIDE +
      Math.min(free.gpuWhole[position]!, MOST_WHOLE) * PARTIAL_LEVELS +
      Math.floor((free.gpuPart[position]! + PARTIAL_STEP - 1) / PARTIAL_STEP);
    const bucket = code < this.#bucketOfCode.length ? this.#bucketOfCode[code]! : -1;
    return bucket >= 0 ? bucket : this.#open(code);
  }

  #open(code: number): number {
    const bucket = this.#codes.push(code) - 1;
    if (code >= this.#bucketOfCode.length) {
      const groups = this.#rows.layout.gpuGroups.length;
      const larger = new Int32Array(groups * CODES_PER_GROUP).fill(-1);
      this.#bucketOfCode = extended(this.#bucketOfCode, larger);
    }
    this.#bucketOfCode[code] = bucket;
    this.members.open();
    if (bucket === this.live.length) {
      this.live = doubled(this.live);
      this.#sizes = doubled(this.#sizes);
      this.#liveAt = doubled(this.#liveAt);
    }
    return bucket;
  }

  #empty(bucket: number): void {
    const at = this.#liveAt[bucket]!;
    const last = this.live[--this.liveCount]!;
    this.live[at] = last;
    this.#liveAt[last] = at;
  }
}

function doubled(column: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  return extended(column, new Int32Array(2 * column.length));
}

/** The level of each whole number of cores below the last level. */
const LEVEL_OF_CORES = Uint8Array.from(
  {length: CPU_LEVELS.at(-1)! / 1000},
  (_, cores) => CPU_LEVELS.filter((ends) => ends <= cores * 1000).length,
);

function cpuLevel(cpuMillis: number): number {
  if (cpuMillis < 0) return 0;
  return LEVEL_OF_CORES[Math.floor(cpuMillis / 1000)] ?? CPU_LEVELS.length;
}
