import {errorOf} from '../../src/lib/errorOf.ts';
import {hopelessCrowd, takeOverAmong} from './crowdScenarios.ts';
import {defaultLease, Field, type LeaseSeconds, shortLease} from './field.ts';
import {lineOf} from './lineOf.ts';
import {redisScenarios} from './redisScenarios.ts';
import {runScenario} from './runScenario.ts';
import {type Scenario, scenarios} from './scenarios.ts';

/**
 * Every fault on real servers under load, and what it took: the table of the README.
 *
 * Usage: node test/faults/table.ts [HOPELESS] [NAME]
 *   HOPELESS   requests that fit nowhere; 100,000 when absent
 *   NAME       only the rows whose name has this in it
 */
const [hopeless = '100000', wanted = ''] = process.argv.slice(2);
const createsPerSecond = 100;
const large = {count: 1_000, slots: 12};
const crowd = 10_000;

interface Row {
  readonly scenario: Scenario;
  readonly lease: LeaseSeconds;
  readonly workers?: {readonly count: number; readonly slots: number};
}

const rows: readonly Row[] = [
  ...[...scenarios, ...redisScenarios].map((scenario) => ({scenario, lease: shortLease})),
  ...scenarios.slice(0, 3).map((scenario) => ({scenario, lease: defaultLease})),
  {scenario: takeOverAmong(crowd, 'SIGKILL'), lease: defaultLease, workers: large},
  {scenario: takeOverAmong(crowd, 'SIGTERM'), lease: defaultLease, workers: large},
  {scenario: hopelessCrowd(Number(hopeless)), lease: defaultLease},
];

const field = await Field.open();
let failures = 0;
try {
  for (const [index, row] of rows.entries()) {
    if (row.scenario.name.includes(wanted)) failures += await show(index, row);
  }
} finally {
  await field.close();
}
process.exit(failures > 0 ? 1 : 0);

/** What went wrong in a row; one that breaks off says why, and the next ones run all the same. */
async function show(index: number, {scenario, lease, workers}: Row): Promise<number> {
  const name = `${scenario.name} (Lease ${lease.duration} s)`;
  try {
    const outcome = await runScenario(scenario, {
      field,
      namespace: `row-${index}`,
      lease,
      createsPerSecond,
      ...(workers && {workers}),
    });
    process.stdout.write(`${lineOf(name, outcome)}\n`);
    for (const violation of outcome.violations) process.stdout.write(`  ${violation}\n`);
    return outcome.lost + outcome.doubled + outcome.violations.length;
  } catch (error) {
    process.stdout.write(`${name}: broke off: ${errorOf(error).message}\n`);
    return 1;
  }
}
