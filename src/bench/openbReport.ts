import type {ExpectedPolicy} from './expectedPolicies.ts';
import type {OpenbFigures, Spread} from './openb.ts';
import {BAR_POLICY, judgeBar, pointsAbove, signed} from './openbBar.ts';
import {LOADS} from './replay.ts';

const COLUMN = 14;

/**
 * For people: allocated GPU in percent of the cluster at each load, mean and standard deviation
 * over the seeds; the published policies beside ours where they are known, and then the bar.
 */
export function openbReport(
  all: readonly OpenbFigures[],
  expected: readonly ExpectedPolicy[] = [],
): string[] {
  const lists = [...new Set(all.map(({list}) => list))];
  const seeds = all[0]?.seeds ?? [];
  return [
    `Allocated GPU in % of the cluster at offered load, mean and sd of ${seeds.length} seeds ` +
      `(${seeds.join(' ')}); recounted after each, nothing above capacity`,
    ...lists.flatMap((list) => listTable(list, all, expected)),
    ...judgeBar(all, expected).map(
      ({holds, sentence}) => `  ${holds ? '✓' : '✗'} ${sentence} points`,
    ),
  ];
}

function listTable(
  list: string,
  all: readonly OpenbFigures[],
  expected: readonly ExpectedPolicy[],
): string[] {
  const ours = all.filter((one) => one.list === list);
  const published = expected.filter((one) => one.list === list);
  const missing = expected.length > 0 && published.length === 0;
  return [
    '',
    row(list, 'batch', LOADS.map(String)),
    ...ours.flatMap((figures) => {
      const {policy, batch, allocated} = figures;
      const points = policy === 'bestfit' ? undefined : pointsAbove(figures, expected);
      const line = row(policy, String(batch), allocated.map(spread));
      if (!points) return [line];
      return [line, row(`  minus ${BAR_POLICY}`, '', points.map(signed))];
    }),
    ...published.map(({policy, allocated}) =>
      row(`${policy}, published`, '', allocated.map(spread)),
    ),
    ...(missing ? ['  nothing published about this list'] : []),
  ];
}

function row(first: string, second: string, cells: readonly string[]): string {
  return `  ${first.padEnd(34)}${second.padStart(5)}${cells.map((cell) => cell.padStart(COLUMN)).join('')}`;
}

/** `-` where no arrival came near that load: lists on few GPUs jump over it. */
function spread({mean, sd}: Spread): string {
  if (Number.isNaN(mean)) return '-';
  return Number.isNaN(sd) ? mean.toFixed(2) : `${mean.toFixed(2)} ±${sd.toFixed(2)}`;
}

/** For programs: loads as keys, null for what there is not. */
export function openbAsJson(
  all: readonly OpenbFigures[],
  expected: readonly ExpectedPolicy[] = [],
): object {
  return {
    figures: all.map(({allocated, ...rest}) => ({...rest, allocatedPercent: byLoad(allocated)})),
    published: expected.map(({allocated, ...rest}) => ({
      ...rest,
      allocatedPercent: byLoad(allocated),
    })),
    bar: judgeBar(all, expected),
  };
}

function byLoad(allocated: readonly Spread[]): Readonly<Record<string, Spread>> {
  return Object.fromEntries(LOADS.map((load, at) => [load, allocated[at]!]));
}
