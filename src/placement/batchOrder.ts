import {assert} from '../lib/assert.ts';
import type {ClassifiedBatch} from './classifiedBatch.ts';
import {MAX_PRIORITY} from './inputChecks.ts';
import {Kind, type RequestClass} from './requestClass.ts';

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;

/** Classes of one batch, so that (priority, class) is a number below 2^31. */
const MAX_CLASSES = 2_000_000;

/**
 * Indexes of the batch in the order of their decisions: higher priority strictly first, inside it
 * by kind, spread classes by size (largest first keeps max/mean tight), then as they arrived.
 */
export function orderBatch({classes, classOf, priorities}: ClassifiedBatch): Int32Array {
  assert(classes.length <= MAX_CLASSES, `a batch has at most ${MAX_CLASSES} classes`);
  const {positions, count} = positionsOf(classes);
  const keys = new Int32Array(classOf.length);
  for (let index = 0; index < keys.length; index++) {
    const precedence = MAX_PRIORITY - priorities[index]!;
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
 * first radix sort, digits of 11 bits, over the range that the keys span; keys that are in order
 * already cost one pass and no move.
 */
function stableOrder(keys: Int32Array): Int32Array {
  let order = new Int32Array(keys.length);
  let least = Number.POSITIVE_INFINITY;
  let largest = 0;
  let isSorted = true;
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!;
    order[index] = index;
    if (key < largest) isSorted = false;
    else largest = key;
    if (key < least) least = key;
  }
  if (isSorted) return order;
  let spare = new Int32Array(keys.length);
  const ends = new Int32Array(Math.min(DIGITS, largest - least + 1));
  for (let shift = 0; (largest - least) >>> shift > 0; shift += DIGIT_BITS) {
    ends.fill(0);
    for (let index = 0; index < keys.length; index++) {
      ends[((keys[index]! - least) >>> shift) & (DIGITS - 1)]!++;
    }
    for (let digit = 1; digit < ends.length; digit++) ends[digit]! += ends[digit - 1]!;
    for (let place = order.length - 1; place >= 0; place--) {
      const index = order[place]!;
      spare[--ends[((keys[index]! - least) >>> shift) & (DIGITS - 1)]!] = index;
    }
    [order, spare] = [spare, order];
  }
  return order;
}
