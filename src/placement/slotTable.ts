import {fmix32} from '../lib/hash.ts';

/** 2^32 / golden ratio: consecutive multiples fall far apart. */
const GOLDEN = 0x9e3779b9;

/**
 * Where keys look for workers: a table of slots at most half full, most of them empty.
 *
 *     slot    0    1    2    3    4    5    6    7
 *          [ -1 |  3 | -1 | -1 |  0 |  2 | -1 |  1 ]        -1 = empty, else a position
 *                  ^ probe 0 of key k: fmix(k) & mask
 *                                 ^ probe 1: fmix(k + GOLDEN) & mask, ...
 *
 * Filled by stable matching: worker i proposes to the slots fmix(hash_i + j * GOLDEN), for j = 0,
 * 1, and so on; a slot keeps the lower position and the other one proposes on. There is one such
 * table for a set of workers, whoever proposes first; so it does not tell in which order they came,
 * and one that leaves moves little more than its own keys (PLACEMENT.md: 0.16 to 0.47 % of 1,000
 * workers'; hash mod N moves 99.9 %). Crossing a power of two moves most keys.
 *
 * Cost: O(workers) to build, about two probes to find a worker; a join is O(1), a leave reads one
 * byte a slot (`#displaced`): it looks for who was refused by the slot that is free now.
 * Source: Gale and Shapley's deferred acceptance; double hashing with a re-mixed probe, as the
 * plain double hash is biased on small power-of-two tables (1.18 against 1.02).
 */
export class SlotTable {
  readonly slots: Int32Array;
  readonly mask: number;
  readonly #hash: Uint32Array;
  /** 1 where the holder did not get its first wish. */
  readonly #displaced: Uint8Array;

  /** @param size most positions it will hold; @param hash of each worker's name, by position */
  constructor(size: number, hash: Uint32Array) {
    const slotCount = slotsFor(size);
    this.slots = new Int32Array(slotCount).fill(-1);
    this.mask = slotCount - 1;
    this.#hash = hash;
    this.#displaced = new Uint8Array(slotCount);
  }

  /** Whether a table made for `size` positions would be as large. */
  isMadeFor(size: number): boolean {
    return slotsFor(size) === this.slots.length;
  }

  join(position: number): void {
    let proposing = position;
    let attempt = 0;
    for (;;) {
      const slot = this.#probe(proposing, attempt);
      const holder = this.slots[slot]!;
      if (holder >= 0 && holder < proposing) {
        attempt++;
        continue;
      }
      this.#put(slot, proposing, attempt);
      if (holder < 0) return;
      proposing = holder;
      attempt = this.#attemptAt(holder, slot) + 1;
    }
  }

  leave(position: number): void {
    let free = this.#probe(position, this.#attemptOf(position));
    for (;;) {
      const from = this.#bestRefusedBy(free);
      if (from < 0) break;
      const mover = this.slots[from]!;
      this.#put(free, mover, this.#attemptAt(mover, free));
      free = from;
    }
    this.slots[free] = -1;
    this.#displaced[free] = 0;
  }

  /** The slot of the lowest position that would rather be in `wanted`; -1 when nobody would. */
  #bestRefusedBy(wanted: number): number {
    let best = -1;
    for (let slot = 0; slot < this.#displaced.length; slot++) {
      if (this.#displaced[slot] === 0) continue;
      const holder = this.slots[slot]!;
      if (best >= 0 && this.slots[best]! < holder) continue;
      for (let attempt = 0; ; attempt++) {
        const asked = this.#probe(holder, attempt);
        if (asked === slot) break;
        if (asked !== wanted) continue;
        best = slot;
        break;
      }
    }
    return best;
  }

  #put(slot: number, position: number, attempt: number): void {
    this.slots[slot] = position;
    this.#displaced[slot] = attempt > 0 ? 1 : 0;
  }

  /** The attempt that found it its slot. */
  #attemptOf(position: number): number {
    let attempt = 0;
    while (this.slots[this.#probe(position, attempt)] !== position) attempt++;
    return attempt;
  }

  /** The first attempt that asks `slot`. */
  #attemptAt(position: number, slot: number): number {
    let attempt = 0;
    while (this.#probe(position, attempt) !== slot) attempt++;
    return attempt;
  }

  #probe(position: number, attempt: number): number {
    return probe(this.#hash[position]!, attempt, this.mask);
  }
}

/** The least power of two that leaves half of the slots free. */
function slotsFor(size: number): number {
  let slots = 2;
  while (slots < size * 2) slots *= 2;
  return slots;
}

/** The slot that `hash` looks at in its `attempt`-th try, counted from 0. */
export function probe(hash: number, attempt: number, mask: number): number {
  // An int32 at once: else the compiler adds floats, as it knows nothing of `hash`.
  return fmix32(((hash | 0) + Math.imul(attempt, GOLDEN)) | 0) & mask;
}
