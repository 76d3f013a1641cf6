import {MAX_PRIORITY} from './inputChecks.ts';
import type {PlacementRequest} from './plan.ts';
import {Kind, type RequestClass} from './requestClass.ts';

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;

/**
 * Indexes of the batch in the order of their decisions: higher priority strictly first, inside it
 * by kind, spread classes by size (largest first keeps max/mean tight), then as they arrived.
 *
 * @param classOf index into `classes` of each request
 */
export function orderBatch(
  batch: readonly PlacementRequest[],
  classes: readonly RequestClass[],
  classOf: Int32Array,
): Int32Array {
  const {positions, count} = positionsOf(classes);
  const keys = new Float64Array(batch.length);
  for (let index = 0; index < batch.length; index++) {
    const precedence = MAX_PRIORITY - batch[index]!.priority;
    keys[index] = precedence * count + positions[classOf[index]!]!;
  }
  return stableOrder(keys);
}

/** A number for each class that sorts as the class does; equal where arrival decides. */
function positionsOf(classes: readonly RequestClass[]): {positions: Int32Array; count: number} {
  const sorted = classes.map((_, index) => index);
  sorted.sort((left, right) => compareClasses(classes[left]!, classes[right]!) || left - right);
  const positions = new Int32Array(classes.length);
  let position = 0;
  for (let place = 1; place < sorted.length; place++) {
    const isLater = compareClasses(classes[sorted[place - 1]!]!, classes[sorted[place]!]!) !== 0;
    if (isLater) position++;
    positions[sorted[place]!] = position;
  }
  return {positions, count: position + 1};
}

function compareClasses(left: RequestClass, right: RequestClass): number {
  if (left.kind !== right.kind) return left.kind - right.kind;
  return left.kind === Kind.Spread ? right.size - left.size : 0;
}

/**
 * Indexes by ascending key (integers from 0), equal keys in their order. Least significant digit
 * first radix sort, digits of 11 bits; a digit that all keys share costs one pass and no move.
 */
function stableOrder(keys: Float64Array): Int32Array {
  let order = Int32Array.from(keys, (_, index) => index);
  let spare = new Int32Array(keys.length);
  const largest = keys.reduce((most, key) => Math.max(most, key), 0);
  for (let unit = 1; unit <= largest; unit *= DIGITS) {
    const ends = new Int32Array(DIGITS);
    for (const key of keys) ends[Math.floor(key / unit) % DIGITS]!++;
    if (ends.includes(keys.length)) continue;
    for (let digit = 1; digit < DIGITS; digit++) ends[digit]! += ends[digit - 1]!;
    for (let place = order.length - 1; place >= 0; place--) {
      const index = order[place]!;
      spare[--ends[Math.floor(keys[index]! / unit) % DIGITS]!] = index;
    }
    [order, spare] = [spare, order];
  }
  return order;
}
