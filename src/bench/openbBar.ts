import type {ExpectedPolicy} from './expectedPolicies.ts';
import type {OpenbFigures} from './openb.ts';
import {LOADS} from './replay.ts';

/** The published policy that the bar is set by. */
export const BAR_POLICY = 'FGD';

/** How far a single list may stay below it, in percent points; their average may not. */
export const BAR_SLACK_POINTS = 0.6;

/** The loads at which it counts: below them every policy still places all. */
const BAR_LOADS = [100, 130] as const;

export interface Verdict {
  readonly holds: boolean;
  readonly sentence: string;
}

/**
 * Ours minus `policy` at each of `LOADS`, in percent points; undefined where that was not published
 * for the list.
 */
export function pointsAbove(
  figures: OpenbFigures,
  expected: readonly ExpectedPolicy[],
  policy = BAR_POLICY,
): readonly number[] | undefined {
  const published = expected.find((one) => one.list === figures.list && one.policy === policy);
  return published?.allocated.map(({mean}, at) => figures.allocated[at]!.mean - mean);
}

/** The bar of PLACEMENT.md for each batch size: every list, then their average. */
export function judgeBar(
  all: readonly OpenbFigures[],
  expected: readonly ExpectedPolicy[],
): Verdict[] {
  const ours = all.filter(({policy}) => policy === 'berth');
  return [...new Set(ours.map(({batch}) => batch))].flatMap((batch) => {
    const known = ours
      .filter((one) => one.batch === batch)
      .flatMap((one) => pointsAbove(one, expected) ?? []);
    const lists = known.length / LOADS.length;
    if (lists === 0) return [];
    return BAR_LOADS.flatMap((load) => {
      const points = known.filter((_, at) => LOADS[at % LOADS.length] === load);
      const least = Math.min(...points);
      const mean = points.reduce((sum, value) => sum + value, 0) / lists;
      const where = `at ${load} %, batches of ${batch}`;
      return [
        verdict(
          least >= -BAR_SLACK_POINTS,
          `${where}: every list at least ${BAR_POLICY} - ${BAR_SLACK_POINTS}`,
          least,
        ),
        verdict(mean >= 0, `${where}: ${lists} lists on average at least ${BAR_POLICY}`, mean),
      ];
    });
  });
}

function verdict(holds: boolean, sentence: string, points: number): Verdict {
  return {holds, sentence: `${sentence}: ${signed(points)}`};
}

/** `+0.12` or `-0.12`. */
export function signed(points: number): string {
  return `${points < 0 ? '-' : '+'}${Math.abs(points).toFixed(2)}`;
}
