import {criterionLine, rows} from '../../burst/reportLines.ts';
import {milliseconds} from '../../burst/units.ts';
import {profileLine, versionsLine} from '../report.ts';
import {spreadText} from '../spread.ts';
import {sustainedCriteria} from './criteria.ts';
import type {RateFigures, SustainedFigures, SustainedPerf} from './figures.ts';
import {quantiles} from './latency.ts';

type Quantile = keyof typeof quantiles;
/** One rate in all rounds. */
type Rounds = readonly RateFigures[];

/** Everything, as JSON can carry it. */
export function sustainedAsJson(figures: SustainedPerf): object {
  return {...figures, criteria: sustainedCriteria(figures)};
}

/** The report as lines of plain text. */
export function sustainedReport(figures: SustainedPerf): readonly string[] {
  const {server, workers, ledger, rounds, seconds, holdMs} = figures;
  const spread = rounds.length > 1 ? `, ${rounds.length} rounds: median (least..most)` : '';
  const rates = (rounds[0] ?? []).map((_, index) => rounds.map((round) => round[index]!));
  return [
    '',
    `On the ${server}`,
    `${seconds} s of creates at each rate on ${workers} Workers, ${ledger} ledger, operator in this process${spread}`,
    '',
    'Create -> placed (clock: the moment at which a create was due, whatever kept it -> placement seen',
    'by an independent watcher; floor: the same creates and status patches by a bare client)',
    ...latencyTable(rates),
    '',
    `Load (each request is deleted ${holdMs / 1000} s after it was seen placed, here and by the floor: as many`,
    'come as go, and no Worker runs full)',
    ...rates.flatMap((rate) => ['', ...load(rate, figures)]),
    '',
    'Success criteria',
    ...sustainedCriteria(figures).map(criterionLine),
    '',
    versionsLine(figures.versions),
    ...profileLine(figures),
    '',
  ];
}

function latencyTable(rates: readonly Rounds[]): readonly string[] {
  const names = Object.keys(quantiles) as Quantile[];
  const lines = rates.flatMap((rounds) => {
    const rate = `${rounds[0]!.ours.ratePerSecond}/s`;
    const line = (of: (round: RateFigures, name: Quantile) => number | undefined, format: Format) =>
      names.map((name) =>
        spreadText(
          rounds.map((round) => of(round, name)),
          format,
        ),
      );
    return [
      [rate, 'this operator', ...line(({ours}, name) => ours.placement?.[name], milliseconds)],
      ['', 'floor', ...line(({floor}, name) => floor.placement?.[name], milliseconds)],
      ['', 'ratio', ...line(ratioOf, twoDigits)],
    ];
  });
  const table = [['', '', ...Object.values(quantiles)], ...lines];
  const widths = table[0]!.map((_, column) =>
    Math.max(...table.map((line) => line[column]!.length)),
  );
  return table.map((line) => {
    const cells = line.map((cell, column) =>
      column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
    );
    return `  ${cells.join('  ')}`;
  });
}

type Format = (value: number) => string;
const twoDigits = (value: number) => value.toFixed(2);
const oneDigit = (value: number) => value.toFixed(1);
const whole = (value: number) => value.toFixed(0);

function ratioOf({ours, floor}: RateFigures, name: Quantile): number | undefined {
  return ours.placement && floor.placement && ours.placement[name] / floor.placement[name];
}

const mostShown = 5;

function load(rounds: Rounds, {places, countedBy}: SustainedPerf): readonly string[] {
  const text = (of: (ours: SustainedFigures) => number | undefined, format: Format) =>
    spreadText(
      rounds.map(({ours}) => of(ours)),
      format,
    );
  const {ratePerSecond, due} = rounds[0]!.ours;
  const waiting = rounds.flatMap(({ours}) => Object.entries(ours.waiting));
  const violations = rounds.flatMap(({ours}) => ours.violations);
  const perPlacement = (call: 'statusWrites' | 'ledgerCommits', by: string) => {
    const share = ({[call]: count, placed}: SustainedFigures) =>
      count !== undefined && placed > 0 ? count / placed : undefined;
    return `${text(share, (value) => value.toFixed(3))}, counted by ${by}`;
  };
  return [
    ...rows([
      ['creates due', `${due}, ${ratePerSecond}/s`],
      ['answered in time', `${text(({achievedPerSecond}) => achievedPerSecond, oneDigit)}/s`],
      [
        'create answered',
        `p99 ${text(({answered}) => answered?.p99Ms, milliseconds)}, at most ${text(({answered}) => answered?.maxMs, milliseconds)} after it was due`,
      ],
      ['placed', text(({placed}) => placed, whole)],
      ['lost', text(({placed}) => due - placed, whole)],
      ['status writes a placement', perPlacement('statusWrites', countedBy.apiCalls)],
      ['ledger commits a placement', perPlacement('ledgerCommits', countedBy.ledgerCalls)],
      ['held at once', `${text(({mostHeld}) => mostHeld, whole)} at most, of ${places} places`],
      ['event loop delay, p99', text(({loopDelay}) => loopDelay.p99Ms, milliseconds)],
      ['violations', String(violations.length)],
    ]),
    ...violations.slice(0, mostShown).map((violation) => `  ${violation}`),
    ...waiting.slice(0, mostShown).map(([name, why]) => `  ${name} waits: ${why}`),
  ];
}
