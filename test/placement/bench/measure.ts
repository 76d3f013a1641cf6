import {systemClock} from '../../../src/lib/clock.ts';

export interface Timing {
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
}

export interface Measured<Result> extends Timing {
  /** Of the last run: as somebody may read it, none of the work can be optimised away. */
  readonly result: Result;
}

export interface MeasureOptions<Result> {
  readonly run: () => Result;
  /** Done before each timed run, outside of the time. */
  readonly before?: () => void;
  /** Thrown away first, as the code is compiled in them: at least so many runs, */
  readonly warmUps?: number;
  /** and for so long. */
  readonly warmUpMs?: number;
  /** At least so many runs, and more until `budgetMs` are spent in them. */
  readonly leastRuns?: number;
  readonly budgetMs?: number;
}

/** A run that takes microseconds ends by its budget long before. */
const MAX_RUNS = 2_000;

/** Median and spread of the timed runs. */
export function measure<Result>(options: MeasureOptions<Result>): Measured<Result> {
  const {run, before = () => {}, leastRuns = 5, budgetMs = 500} = options;
  warmUp(options);
  const times: number[] = [];
  let result: Result | undefined;
  let spentMs = 0;
  for (let at = 0; at < leastRuns || (spentMs < budgetMs && at < MAX_RUNS); at++) {
    before();
    const startMs = systemClock.monotonicMs();
    result = run();
    const tookMs = systemClock.monotonicMs() - startMs;
    times.push(tookMs);
    spentMs += tookMs;
  }
  times.sort((one, other) => one - other);
  const [minMs, maxMs] = [times[0]!, times.at(-1)!];
  return {medianMs: times[times.length >> 1]!, minMs, maxMs, result: result as Result};
}

function warmUp<Result>(options: MeasureOptions<Result>): void {
  const {run, before = () => {}, warmUps = 3, warmUpMs = 500} = options;
  const endMs = systemClock.monotonicMs() + warmUpMs;
  for (let at = 0; at < warmUps || systemClock.monotonicMs() < endMs; at++) {
    before();
    run();
  }
}

/** `3.21 (2.90..3.40)`: millions a second, by median, slowest and fastest run. */
export function millionsPerSecond(units: number, {medianMs, minMs, maxMs}: Timing): string {
  const rate = (ms: number) => digits(units / ms / 1000);
  return `${rate(medianMs)} (${rate(maxMs)}..${rate(minMs)})`;
}

/** `0.42 (0.40..0.55)`, in milliseconds. */
export function milliseconds({medianMs, minMs, maxMs}: Timing): string {
  return `${digits(medianMs)} (${digits(minMs)}..${digits(maxMs)})`;
}

/** Three significant digits, without an exponent. */
export function digits(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(decimals, 6));
}

/** Prints a table for people; the first column to the left, the others to the right. */
export function printTable(
  title: string,
  header: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const widths = header.map((cell, column) =>
    Math.max(cell.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join('  ');
  console.log(`\n${title}\n  ${line(header)}`);
  for (const row of rows) console.log(`  ${line(row)}`);
}
