import {shuffled} from '../../../src/bench/trace.ts';
import {seededRandom} from '../../../src/lib/random.ts';
import {SIZES} from './loads.ts';
import {measure, millionsPerSecond, printTable} from './measure.ts';

/** Four bytes each: a cache line, about what placement holds of a worker. */
const INTS_A_WORKER = 16;
const STEPS = 2_000_000;

/**
 * What memory alone allows: reads of which each needs the one before, all over the lines that so
 * many workers fill. No decision can be faster than the reads that it cannot do without.
 */
export function measureFloor(): void {
  const rows = SIZES.map(([workers]) => {
    const next = ringOf(workers);
    const timing = measure({run: () => follow(next), budgetMs: 300});
    return [
      `${workers} workers, ${((workers * INTS_A_WORKER * 4) / 1024).toFixed(0)} KiB`,
      millionsPerSecond(STEPS, timing),
    ];
  });
  printTable('floor: dependent random reads', ['footprint', 'M/s'], rows);
}

/** One ring through all lines in random order: each holds the index of the next. */
function ringOf(workers: number): Int32Array {
  const next = new Int32Array(workers * INTS_A_WORKER);
  const order = shuffled([...Array(workers).keys()], seededRandom(workers));
  for (const [at, line] of order.entries()) {
    next[line * INTS_A_WORKER] = order[(at + 1) % workers]! * INTS_A_WORKER;
  }
  return next;
}

function follow(next: Int32Array): number {
  let at = 0;
  for (let step = 0; step < STEPS; step++) at = next[at]!;
  return at;
}
