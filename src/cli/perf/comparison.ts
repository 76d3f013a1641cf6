import {extremesOf} from '../burst/criterion.ts';
import {milliseconds, percent} from '../burst/units.ts';
import {
  type BurstFigures,
  capacityUpdatesOf,
  hitRateOf,
  lockAcquisitionsOf,
  type PerfFigures,
} from './figures.ts';
import {spreadOf, spreadText} from './spread.ts';

interface Row {
  readonly label: string;
  readonly of: (figures: BurstFigures, floorMs: number) => number | undefined;
  readonly format: (value: number) => string;
}

const whole = (value: number) => value.toFixed(0);

const rowsOfTable: readonly Row[] = [
  {label: 'total', of: ({totalMs}) => totalMs, format: milliseconds},
  {
    label: 'total / floor',
    of: ({totalMs}, floorMs) => totalMs && totalMs / floorMs,
    format: (value) => value.toFixed(2),
  },
  {label: 'create -> placed, p99', of: ({p99Ms}) => p99Ms, format: milliseconds},
  {label: 'lock acquisitions', of: lockAcquisitionsOf, format: whole},
  {label: 'capacity updates', of: capacityUpdatesOf, format: whole},
  {label: 'calls for capacity', of: capacityCallsOf, format: whole},
  {label: 'cache hit rate', of: hitRateOf, format: percent},
  {label: 'cache invalidations', of: ({invalidations}) => invalidations, format: whole},
  {
    label: 'most - least on a worker',
    of: ({distribution, workers}) => {
      const {least, most} = extremesOf(Object.values(distribution), workers);
      return most - least;
    },
    format: whole,
  },
];

/** Commits, locks and reads of workers, as others count them. */
function capacityCallsOf({outside}: BurstFigures): number | undefined {
  const {commits, lockCalls, workerLists} = outside;
  const counts = [commits, lockCalls, workerLists];
  // A sum over some of them would flatter.
  return counts.reduce(
    (sum, count) => (sum === undefined || count === undefined ? undefined : sum + count),
    0,
  );
}

export interface ComparedRow {
  readonly label: string;
  readonly old: string;
  readonly ours: string;
  /** Old through ours, `-` where ours is none. */
  readonly ratio: string;
}

/** Old against new, figure by figure; empty where the comparison was left out. */
export function comparison({rounds}: PerfFigures): readonly ComparedRow[] {
  const pairs = rounds.flatMap(({ours, old, floorMs}) => (old ? [{ours, old, floorMs}] : []));
  if (pairs.length === 0) return [];
  return rowsOfTable.map(({label, of, format}) => {
    const old = pairs.map((pair) => of(pair.old, pair.floorMs));
    const ours = pairs.map((pair) => of(pair.ours, pair.floorMs));
    const ratio = spreadOf(ours.map((value, index) => value && (old[index] ?? 0) / value))?.median;
    return {
      label,
      old: spreadText(old, format),
      ours: spreadText(ours, format),
      ratio: ratio === undefined || ratio === 0 ? '-' : `${ratio.toFixed(ratio < 10 ? 2 : 0)} x`,
    };
  });
}
