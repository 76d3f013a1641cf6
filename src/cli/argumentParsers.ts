import {InvalidArgumentError} from 'commander';

/** A whole number from `min` to `max`. */
export function numberOf(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`wanted a whole number from ${min} to ${max}.`);
  };
}

/** At most `max` different items with commas between. */
export function listOf<Item>(max: number, parse: (text: string) => Item): (text: string) => Item[] {
  return (text) => {
    const items = [...new Set(text.split(',').map((item) => parse(item.trim())))];
    if (items.length <= max) return items;
    throw new InvalidArgumentError(`wanted at most ${max}.`);
  };
}

/** `1..200`. */
export function rangeOf(text: string): readonly [number, number] {
  const [, first, last] = /^(\d+)\.\.(\d+)$/.exec(text) ?? [];
  if (first !== undefined && Number(first) <= Number(last)) return [Number(first), Number(last)];
  throw new InvalidArgumentError('wanted FIRST..LAST, for example 1..200.');
}

const msOfUnit: Readonly<Record<string, number>> = {ms: 1, s: 1_000, m: 60_000, h: 3_600_000};

/** Milliseconds of `60s` and the like. */
export function timeOf(text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})(ms|s|m|h)$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * msOfUnit[unit]!;
  throw new InvalidArgumentError('wanted a number with ms, s, m or h, for example 60s.');
}
