import {readFileSync} from 'node:fs';
import {basename} from 'node:path';
import type {TextFile} from '../bench/csvTable.ts';
import {readExpected} from '../bench/expectedPolicies.ts';
import {type PolicyName, runOpenb} from '../bench/openb.ts';
import {judgeBar} from '../bench/openbBar.ts';
import {readNodeList, readPodList} from '../bench/openbLists.ts';
import {openbAsJson, openbReport} from '../bench/openbReport.ts';
import {systemClock} from '../lib/clock.ts';
import {version} from './version.ts';

export interface BenchOptions {
  readonly seeds: readonly number[];
  readonly batch: readonly number[];
  readonly policy: readonly PolicyName[];
  readonly expected?: string;
  readonly json?: boolean;
}

/**
 * `berth bench openb`. The exit code is 1 when published figures were given and the bar they set
 * does not hold.
 */
export function runBenchOpenb(
  nodesPath: string,
  podsPaths: readonly string[],
  options: BenchOptions,
): void {
  const {expected: expectedPath, json = false, ...rest} = options;
  const expected = expectedPath === undefined ? [] : readExpected(open(expectedPath));
  const startMs = systemClock.monotonicMs();
  const figures = runOpenb({
    cluster: readNodeList(open(nodesPath)),
    lists: podsPaths.map((path) => ({name: basename(path), demands: readPodList(open(path))})),
    seeds: rest.seeds,
    batches: rest.batch,
    policies: rest.policy,
    progress: (line) => {
      const elapsed = ((systemClock.monotonicMs() - startMs) / 1000).toFixed(1);
      process.stderr.write(`[${elapsed.padStart(5)} s] ${line}\n`);
    },
  });
  const text = json
    ? JSON.stringify(
        {version, node: process.version, ...openbAsJson(figures, expected)},
        undefined,
        2,
      )
    : openbReport(figures, expected).join('\n');
  process.stdout.write(`${text}\n`);
  if (judgeBar(figures, expected).some(({holds}) => !holds)) process.exitCode = 1;
}

function open(path: string): TextFile {
  try {
    return {name: path, text: readFileSync(path, 'utf8')};
  } catch (cause) {
    throw new Error(`Cannot read ${path}: ${String(cause)}`, {cause});
  }
}
