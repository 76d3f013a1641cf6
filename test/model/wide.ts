import {quick, titleOf, wide} from './explorations.ts';
import {explore} from './explore.ts';

/** Explores more than a test run has time for, and says how much that was. */
let failures = 0;
for (const row of [...quick, ...wide]) {
  const startMs = performance.now();
  const {states, transitions, depth, violation} = await explore(row.protocol, row.faults);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(
    `${titleOf(row)}: ${states} states, ${transitions} steps, depth ${depth}, ${seconds} s`,
  );
  if (!violation) continue;
  failures++;
  console.log(`  ${violation.steps.join('\n  ')}\n  ${violation.sentence}`);
}
process.exitCode = failures > 0 ? 1 : 0;
