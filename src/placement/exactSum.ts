/** Low limbs are below 2^26 each: 2^27 of them, and as many high ones, add up without rounding. */
const LIMB = 2 ** 26;

/**
 * The sum of integers up to 2^53, some of which may pass 2^53 together (20,000 workers of 512 GiB
 * do). A plain sum would round, and differently for each order of adding and taking away; this one
 * depends on what is in it alone.
 */
export class ExactSum {
  #high = 0;
  #low = 0;

  /** Negative to take away. */
  add(value: number): void {
    // Towards zero, so that taking away undoes adding in both limbs.
    const high = Math.trunc(value / LIMB);
    this.#high += high;
    this.#low += value - high * LIMB;
  }

  get value(): number {
    return this.#high * LIMB + this.#low;
  }
}
