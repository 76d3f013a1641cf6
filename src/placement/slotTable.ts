import {fmix32} from '../lib/hash.ts';

/** 2^32 / golden ratio: consecutive multiples fall far apart. */
const GOLDEN = 0x9e3779b9;

/**
 * Where keys look for workers: a table of slots at most half full, most of them empty.
 *
 *     slot    0    1    2    3    4    5    6    7
 *          [ -1 |  3 | -1 | -1 |  0 |  2 | -1 |  1 ]        -1 = empty, else a rank
 *                  ^ probe 0 of key k: fmix(k) & mask
 *                                 ^ probe 1: fmix(k + GOLDEN) & mask, ...
 *
 * Built by stable matching: worker i proposes to the slots fmix(hash_i + j * GOLDEN), j = 0, 1, ..;
 * a slot keeps the lower rank and the other one proposes on. Letting the ranks propose in their own
 * order gives the very same table without anyone ever being displaced. So the table depends on the
 * set of workers alone, and one that leaves moves little more than its own keys (PLACEMENT.md: 0.16
 * to 0.47 % of 1,000 workers'; hash mod N moves 99.9 %). Crossing a power of two moves most keys.
 *
 * Cost: O(workers) to build, about two probes to find a worker. Source: double hashing with a
 * re-mixed probe, as the plain double hash is biased on small power-of-two tables (1.18 against
 * 1.02).
 */
export interface SlotTable {
  readonly slots: Int32Array;
  readonly mask: number;
}

/** @param ranks ascending; @param hash of each worker's name, indexed by rank */
export function buildSlotTable(ranks: Int32Array, hash: Uint32Array): SlotTable {
  let size = 2;
  while (size < ranks.length * 2) size *= 2;
  const slots = new Int32Array(size).fill(-1);
  const mask = size - 1;
  for (const rank of ranks) {
    let attempt = 0;
    while (slots[probe(hash[rank]!, attempt, mask)] !== -1) attempt++;
    slots[probe(hash[rank]!, attempt, mask)] = rank;
  }
  return {slots, mask};
}

/** The slot that `hash` looks at in its `attempt`-th try, counted from 0. */
export function probe(hash: number, attempt: number, mask: number): number {
  return fmix32((hash + Math.imul(attempt, GOLDEN)) | 0) & mask;
}
