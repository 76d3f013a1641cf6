import type {Demand} from '../api/resources.ts';
import type {BatchState} from './batchState.ts';
import {fits} from './freeCapacity.ts';
import {REMEMBERED_JOINS} from './recentJoins.ts';
import type {Tier} from './tier.ts';
import type {WorkerBuckets} from './workerBuckets.ts';

/** Room for buckets that the batch is the first to use. */
const SPARE = 64;

/**
 * Where in each bucket the first worker for requests of one demand and tier may be. Within a batch
 * what is free only shrinks: a worker that had no room has none until it leaves the bucket, so that
 * one search goes on where the last one ended, and looks before it only at who joined since.
 *
 *     bucket    0    1    2
 *     from   [ 71 |  0 | 20001 ]     no member below it has room, but for those who joined
 *     seen   [ 12 |  0 |   340 ]     after so many joins
 *
 * O(1) where nothing changed, else O(joins) or O(positions / 32). Without it most of the time goes
 * into passing over workers that the tier does not have: 370 words a decision at 10,000 workers.
 */
export class BucketCursors {
  readonly #buckets: WorkerBuckets;
  readonly #tier: Tier;
  readonly #demand: Demand;
  readonly #state: BatchState;
  #from = new Int32Array(0);
  #seen = new Int32Array(0);

  constructor(buckets: WorkerBuckets, tier: Tier, demand: Demand, state: BatchState) {
    this.#buckets = buckets;
    this.#tier = tier;
    this.#demand = demand;
    this.#state = state;
  }

  /** From now on it is noted where searches end. The first one of a class is often the only one. */
  keep(): void {
    const {count} = this.#buckets;
    if (this.#from.length >= count) return;
    const [from, seen] = [this.#from, this.#seen];
    this.#from = new Int32Array(count + SPARE);
    this.#from.set(from);
    this.#seen = new Int32Array(count + SPARE);
    this.#seen.set(seen);
  }

  /** The least position below `end` with room, unless `tries` others had none; else `end`. */
  first(bucket: number, end: number, tries: number): number {
    const isKept = bucket < this.#from.length;
    const joins = this.#buckets.joins.counts[bucket]!;
    let from = 0;
    if (isKept && joins - this.#seen[bucket]! <= REMEMBERED_JOINS) {
      from = this.#firstJoined(bucket, joins);
      if (from < this.#from[bucket]!) {
        this.#note(bucket, from, joins);
        return Math.min(from, end);
      }
    }
    const {layout, free} = this.#state;
    const {bits} = this.#tier;
    const members = this.#buckets.members[bucket]!;
    let position = from < end ? members.next(from, bits, end) : from;
    let tried = 0;
    while (position < end && tried < tries && !fits(free, layout, position, this.#demand)) {
      position = members.next(position + 1, bits, end);
      tried++;
    }
    if (isKept) this.#note(bucket, position, joins);
    return position < end && tried < tries ? position : end;
  }

  /** Of those below `from` who joined since it was noted, the first one with room; else `from`. */
  #firstJoined(bucket: number, joins: number): number {
    const {layout, free} = this.#state;
    const {bits} = this.#tier;
    let first = this.#from[bucket]!;
    if (first === 0) return 0;
    for (let join = this.#seen[bucket]!; join < joins; join++) {
      const position = this.#buckets.joins.positionOf(bucket, join);
      if (position >= first || ((bits[position >> 5]! >>> (position & 31)) & 1) === 0) continue;
      if (this.#buckets.at(position) !== bucket) continue;
      if (fits(free, layout, position, this.#demand)) first = position;
    }
    return first;
  }

  #note(bucket: number, from: number, seen: number): void {
    this.#from[bucket] = from;
    this.#seen[bucket] = seen;
  }
}
