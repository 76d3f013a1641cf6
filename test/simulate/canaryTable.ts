import {systemClock} from '../../src/lib/clock.ts';
import {Simulation} from '../../src/simulate/simulation.ts';
import {type Canary, canaries, canarySize} from './canaries.ts';

/**
 * How many seeds it takes until each planted bug is found: the table of the README.
 *
 * Usage: node test/simulate/canaryTable.ts [HUNTS] [NAME]
 *   HUNTS   of each, from seeds of its own; 5 when absent
 *   NAME    only the bugs whose name has this in it
 */
const [hunts = '5', wanted = ''] = process.argv.slice(2);

/** Seeds between the starts of two hunts; none takes as many. */
const SPAN = 1_000;

async function seedsUntilFound(
  {bugs, ledger, size = canarySize}: Canary,
  first: number,
): Promise<number> {
  for (let tried = 1; tried < SPAN; tried++) {
    const options = {seed: first + tried - 1, size, bugs, ...(ledger && {ledger})};
    const {findings} = await new Simulation(options).run();
    if (findings.length > 0) return tried;
  }
  return Number.POSITIVE_INFINITY;
}

process.stdout.write(
  '| planted | seeds until found, median | each | s a seed |\n| --- | --- | --- | --- |\n',
);
for (const canary of canaries) {
  if (!canary.name.includes(wanted)) continue;
  const startMs = systemClock.monotonicMs();
  const counts: number[] = [];
  for (let hunt = 0; hunt < Number(hunts); hunt++) {
    counts.push(await seedsUntilFound(canary, 1 + hunt * SPAN));
  }
  const seconds = (systemClock.monotonicMs() - startMs) / 1_000;
  const seeds = counts.reduce((sum, count) => sum + Math.min(count, SPAN), 0);
  counts.sort((left, right) => left - right);
  const cells = [
    canary.name,
    counts[counts.length >> 1],
    counts.join(' '),
    (seconds / seeds).toFixed(2),
  ];
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}
