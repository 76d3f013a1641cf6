import type {Demand} from '../api/resources.ts';
import type {BatchState} from './batchState.ts';
import {extended} from './extended.ts';
import {fits} from './freeCapacity.ts';
import {NEVER, type PackPreferences} from './packPreferences.ts';
import type {Tier} from './tier.ts';

/** Above every position: a key is a preference and a position in one number. */
const SPAN = 2 ** 25;

const NOWHERE = -1;

/** Whose candidates they are. */
export interface Candidacy {
  readonly tier: Tier;
  readonly demand: Demand;
  readonly preferences: PackPreferences;
  readonly state: BatchState;
}

/**
 * The buckets that may hold a worker for requests of one demand and tier: a binary heap by
 * (preference, position below which no worker of the bucket has room), the least at the root.
 *
 *                   (-4, 57)
 *              (-4, 71)  (17, 0)          the worker at 57 has room: it is the one
 *           (2, 340)
 *
 * Only the root is looked into. If its first worker with room stands behind its key, the key grows
 * and sinks, and a bucket without one leaves: within a batch what is free only shrinks. Who was
 * placed on since the last look is in another bucket now, which it brings (back) or lifts.
 *
 * In columns and not a `Heap` of lib: a class has one, and the loop may make no objects.
 *
 * Cost: O(placements since the last look), a few of which are O(log buckets); to open O(buckets).
 * Each worker that has no room is met once in each bucket that it passes through.
 */
export class CandidateHeap {
  #buckets = new Int32Array(64);
  #keys = new Float64Array(64);
  #count = 0;
  /** Where each bucket stands in the heap; `NOWHERE` if it does not. */
  #placeOf = new Int32Array(64).fill(NOWHERE);
  /** So many entries of `taken` are known; on the last of them more may be placed since. */
  #seen = 0;

  /** Starts anew: every bucket that has members may hold one. */
  open({preferences, state}: Candidacy): void {
    const {buckets} = state.rows;
    for (let place = 0; place < this.#count; place++) {
      this.#placeOf[this.#buckets[place]!] = NOWHERE;
    }
    this.#reserve(buckets.count);
    this.#count = 0;
    const {live, liveCount} = buckets;
    const column = preferences.columnFor(buckets);
    for (let at = 0; at < liveCount; at++) {
      const bucket = live[at]!;
      const preference = preferences.in(column, bucket, buckets);
      if (preference < NEVER) this.#put(this.#count++, bucket, preference * SPAN);
    }
    for (let place = (this.#count >> 1) - 1; place >= 0; place--) this.#sink(place);
    this.#seen = state.takenCount;
  }

  /** The best worker with room, the least position of equals; -1 when there is none. */
  first(candidacy: Candidacy): number {
    const {preferences, state} = candidacy;
    const {buckets} = state.rows;
    this.#follow(candidacy);
    const column = preferences.columnFor(buckets);
    while (this.#count > 0) {
      const bucket = this.#buckets[0]!;
      const base = column[bucket]! * SPAN;
      const from = this.#keys[0]! - base;
      const position = firstWithRoom(bucket, from, candidacy);
      if (position < 0) this.#drop();
      else if (position === from) return position;
      else {
        this.#keys[0] = base + position;
        this.#sink(0);
        if (this.#buckets[0] === bucket) return position;
      }
    }
    return -1;
  }

  /** Takes in where workers went that were placed on since. */
  #follow(candidacy: Candidacy): void {
    const {tier, preferences, state} = candidacy;
    const {buckets} = state.rows;
    if (state.takenCount - this.#seen > 2 * buckets.liveCount) this.open(candidacy);
    this.#reserve(buckets.count);
    const {taken, takenCount} = state;
    const column = preferences.columnFor(buckets);
    for (let at = Math.max(0, this.#seen - 1); at < takenCount; at++) {
      const position = taken[at]!;
      const bucket = buckets.at(position);
      const preference = preferences.in(column, bucket, buckets);
      if (preference >= NEVER || !tier.has(position)) continue;
      const key = preference * SPAN + position;
      let place = this.#placeOf[bucket]!;
      if (place === NOWHERE) place = this.#count++;
      else if (this.#keys[place]! <= key) continue;
      this.#put(place, bucket, key);
      this.#rise(place);
    }
    this.#seen = takenCount;
  }

  #put(place: number, bucket: number, key: number): void {
    this.#buckets[place] = bucket;
    this.#keys[place] = key;
    this.#placeOf[bucket] = place;
  }

  /** Takes out the root. */
  #drop(): void {
    this.#placeOf[this.#buckets[0]!] = NOWHERE;
    if (--this.#count === 0) return;
    this.#put(0, this.#buckets[this.#count]!, this.#keys[this.#count]!);
    this.#sink(0);
  }

  #rise(start: number): void {
    const bucket = this.#buckets[start]!;
    const key = this.#keys[start]!;
    let place = start;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (this.#keys[parent]! <= key) break;
      this.#put(place, this.#buckets[parent]!, this.#keys[parent]!);
      place = parent;
    }
    this.#put(place, bucket, key);
  }

  #sink(start: number): void {
    const bucket = this.#buckets[start]!;
    const key = this.#keys[start]!;
    let place = start;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.#count) break;
      if (child + 1 < this.#count && this.#keys[child + 1]! < this.#keys[child]!) child++;
      if (this.#keys[child]! >= key) break;
      this.#put(place, this.#buckets[child]!, this.#keys[child]!);
      place = child;
    }
    this.#put(place, bucket, key);
  }

  #reserve(buckets: number): void {
    const {length} = this.#placeOf;
    if (buckets <= length) return;
    const larger = 2 * buckets;
    this.#buckets = extended(this.#buckets, new Int32Array(larger));
    this.#keys = extended(this.#keys, new Float64Array(larger));
    this.#placeOf = extended(this.#placeOf, new Int32Array(larger).fill(NOWHERE, length));
  }
}

/** The least position of the bucket, from `from` on, that is of the tier and has room; else -1. */
export function firstWithRoom(
  bucket: number,
  from: number,
  {tier, demand, state}: Candidacy,
): number {
  const {free, rows} = state;
  const {members} = rows.buckets;
  let position = members.next(bucket, from, tier.bits);
  while (position >= 0 && !fits(free, position, demand)) {
    position = members.next(bucket, position + 1, tier.bits);
  }
  return position;
}
