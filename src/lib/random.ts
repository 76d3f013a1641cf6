/** Randomness as a port, so that a simulated run repeats from its seed. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
}

export const systemRandom: Random = {next: () => Math.random()};

/**
 * A generator that repeats from `seed`. Algorithm: mulberry32 (Tommy Ettinger, public domain);
 * 32 bits of state are plenty for jitter and for drawing faults.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
    },
  };
}
