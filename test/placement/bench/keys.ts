import type {Random} from '../../../src/lib/random.ts';

/**
 * How requests are keyed: with no key of their own, each with another one, drawn uniformly from as
 * many keys as there are requests, or by Zipf's law over 1,000 keys, as the use of models and
 * images is.
 */
export const KEYINGS = ['no keys', 'uniform keys', 'Zipf 1.1 keys'] as const;
export type Keying = (typeof KEYINGS)[number];

const ZIPF_EXPONENT = 1.1;
const ZIPF_KEYS = 1_000;

/** The keys of `count` requests; undefined for none. */
export function drawKeys(keying: Keying, count: number, random: Random): (string | undefined)[] {
  if (keying === 'no keys') return Array.from({length: count}, () => undefined);
  const draw = keying === 'uniform keys' ? uniform(count, random) : zipf(random);
  return Array.from({length: count}, () => `model-${draw()}`);
}

function uniform(keys: number, random: Random): () => number {
  return () => Math.floor(random.next() * keys);
}

/** Key k with probability proportional to 1 / (k + 1)^1.1, by its inverted distribution. */
function zipf(random: Random): () => number {
  let sum = 0;
  const upTo = Array.from({length: ZIPF_KEYS}, (_, key) => {
    sum += (key + 1) ** -ZIPF_EXPONENT;
    return sum;
  });
  return () => {
    const drawn = random.next() * sum;
    return upTo.findIndex((bound) => drawn < bound);
  };
}
