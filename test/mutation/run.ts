import {readFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import {Stryker} from '@stryker-mutator/core';
import {type Target, targets} from './targets.ts';

type Mutant = Awaited<ReturnType<Stryker['runMutationTest']>>[number];

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * `node test/mutation/run.ts [target] [glob of source files]`: changes one expression at a time,
 * runs the tests that reach it, and lists what they did not notice. Fails below the target's score.
 */
async function main([name, only]: readonly string[]): Promise<void> {
  const chosen = targets.filter((target) => name === undefined || target.name === name);
  if (chosen.length === 0) {
    const names = targets.map((target) => target.name).join(', ');
    throw new Error(`Cannot mutate ${name} as it must be one of ${names}`);
  }
  process.chdir(root);
  for (const target of chosen) await mutate(target, only);
}

async function mutate(target: Target, only: string | undefined): Promise<void> {
  const startMs = performance.now();
  const mutate = only === undefined ? target.mutate : [only];
  let mutants = await run(mutate, target.tests);
  const survivors = mutants.filter((mutant) => isCounted(mutant) && !isNoticed(mutant));
  if (target.slowTests && survivors.length > 0) {
    const again = await run(survivors.map(rangeOf), target.slowTests);
    const byText = new Map(again.map((mutant) => [textOf(mutant), mutant]));
    mutants = mutants.map((mutant) => {
      const later = byText.get(textOf(mutant));
      return later && isNoticed(later) ? later : mutant;
    });
  }
  report(target, mutants, (performance.now() - startMs) / 1000);
}

/** @param mutate globs of source files, or ranges of them as `rangeOf` writes them */
async function run(mutate: readonly string[], tests: readonly string[]): Promise<Mutant[]> {
  process.env['MUTATION_TESTS'] = tests.join(' ');
  const stryker = new Stryker({
    mutate: [...mutate],
    testRunner: 'vitest',
    plugins: ['@stryker-mutator/vitest-runner'],
    vitest: {configFile: 'test/mutation/vitest.config.ts', related: false},
    coverageAnalysis: 'perTest',
    concurrency: 2,
    timeoutMS: 2_500,
    // TypeScript 7 has no API for the rewriting of a tsconfig, and vitest reads none.
    tsconfigFile: 'none.json',
    disableTypeChecks: false,
    tempDirName: join(tmpdir(), `berth-mutation-${process.pid}`),
    ignorePatterns: ['crds', 'deploy', 'dist', 'e2e', '.tools'],
    reporters: ['progress-append-only'],
    allowConsoleColors: false,
  });
  return stryker.runMutationTest();
}

function isCounted({status}: Mutant): boolean {
  return status !== 'Ignored' && !status.endsWith('Error');
}

function isNoticed({status}: Mutant): boolean {
  return status === 'Killed' || status === 'Timeout';
}

/** Where a mutant stands, as Stryker takes it: lines from 1, columns from 0. */
function rangeOf({fileName, location: {start, end}}: Mutant): string {
  const path = relative(root, fileName);
  return `${path}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`;
}

function textOf({fileName, location: {start, end}, replacement}: Mutant): string {
  return [fileName, start.line, start.column, end.line, end.column, replacement].join(':');
}

/** By file, then what survived, each line with what stood there and what was put in its place. */
function report({name, atLeast}: Target, mutants: readonly Mutant[], seconds: number): void {
  const counted = mutants.filter(isCounted);
  const scoreOf = (some: readonly Mutant[]) =>
    some.length === 0 ? 100 : (100 * some.filter(isNoticed).length) / some.length;
  for (const [fileName, some] of Map.groupBy(counted, (mutant) => mutant.fileName)) {
    const path = relative(root, fileName);
    console.log(`${path}: ${scoreOf(some).toFixed(1)} of 100, ${some.length} mutants`);
    const lines = readFileSync(fileName, 'utf8').split('\n');
    for (const mutant of some.filter((one) => !isNoticed(one))) {
      console.log(`  ${path}:${describeMutant(mutant, lines)}`);
    }
  }
  const [score, each] = [scoreOf(counted), seconds / Math.max(1, counted.length)];
  console.log(
    `mutation of ${name}: ${score.toFixed(1)} of 100, at least ${atLeast} wanted;` +
      ` ${counted.length} mutants in ${seconds.toFixed(0)} s, ${each.toFixed(2)} s each`,
  );
  if (score < atLeast) process.exitCode = 1;
}

/** @param lines of its file; a location counts lines and columns from 1 */
function describeMutant({location, status, replacement}: Mutant, lines: readonly string[]): string {
  const {start, end} = location;
  const touched = lines.slice(start.line - 1, end.line);
  const last = touched.length - 1;
  touched[last] = touched[last]!.slice(0, end.column - 1);
  touched[0] = touched[0]!.slice(start.column - 1);
  const short = (text = '') => text.replace(/\s+/g, ' ').slice(0, 60);
  const untested = status === 'NoCoverage' ? ', and no test comes here' : '';
  return `${start.line}:${start.column} ${short(touched.join(' '))} -> ${short(replacement)}${untested}`;
}

await main(process.argv.slice(2));
