import {median} from '../burst/statistics.ts';

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Undefined where one of the values is missing: a median of the rest would flatter. */
export function spreadOf(values: readonly (number | undefined)[]): Spread | undefined {
  const known = values.filter((value) => value !== undefined);
  if (known.length < values.length || known.length === 0) return undefined;
  return {median: median(known), least: Math.min(...known), most: Math.max(...known)};
}

/** `1.2 ms`, or `1.2 ms (1.0 ms..1.4 ms)` where the values differ. */
export function spreadText(
  values: readonly (number | undefined)[],
  format: (value: number) => string,
): string {
  const spread = spreadOf(values);
  if (!spread) return '-';
  const [middle, least, most] = [spread.median, spread.least, spread.most].map(format);
  return least === most ? middle! : `${middle} (${least}..${most})`;
}
