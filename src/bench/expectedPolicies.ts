import {CsvTable, type TextFile} from './csvTable.ts';
import type {Spread} from './openb.ts';
import {LOADS} from './replay.ts';

/** A published figure. */
export interface ExpectedPolicy {
  readonly list: string;
  readonly policy: string;
  /** Allocated GPU in percent of the cluster at each of `LOADS`. */
  readonly allocated: readonly Spread[];
}

/**
 * Published figures: columns pod_list, policy, and mean_X and sd_X for each load X.
 *
 * @throws Error naming file, line, the value found and the one wanted
 */
export function readExpected(file: TextFile): ExpectedPolicy[] {
  const columns = LOADS.map((load) => ({mean: `mean_${load}`, sd: `sd_${load}`}));
  const required = ['pod_list', 'policy', ...columns.flatMap(({mean, sd}) => [mean, sd])];
  const table = new CsvTable(file, required);
  return Array.from({length: table.rowCount}, (_, row) => ({
    list: table.text(row, 'pod_list'),
    policy: table.text(row, 'policy'),
    allocated: columns.map(({mean, sd}) => ({
      mean: table.number(row, mean),
      sd: table.number(row, sd),
    })),
  }));
}
