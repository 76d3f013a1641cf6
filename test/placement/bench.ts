import {countAllocations, measureAllocations} from './bench/allocations.ts';
import {measureCycle, measureHopeless, measureSnapshot} from './bench/cycle.ts';
import {measureFloor} from './bench/floor.ts';
import {reportMovement, reportSpread} from './bench/quality.ts';
import {measureSpeed} from './bench/speed.ts';
import {measureSteady} from './bench/steady.ts';
import {reportWarm} from './bench/warm.ts';

/**
 * Prints what placement does and costs, each figure beside what it is measured against, in one run.
 * No threshold here: what is asserted of it stands in the tests.
 *
 * Usage: node test/placement/bench.ts [SECTION...]      all of them when absent
 */
const sections: Readonly<Record<string, () => void>> = {
  floor: measureFloor,
  speed: measureSpeed,
  steady: measureSteady,
  snapshot: measureSnapshot,
  cycle: measureCycle,
  hopeless: measureHopeless,
  allocations: measureAllocations,
  spread: reportSpread,
  movement: reportMovement,
  warm: reportWarm,
};

const [first, ...rest] = process.argv.slice(2);
if (first === 'allocations-child') {
  countAllocations(rest);
} else {
  for (const name of first === undefined ? Object.keys(sections) : [first, ...rest]) run(name);
}

function run(name: string): void {
  const section = sections[name];
  if (!section) {
    throw new Error(
      `Cannot measure as the section must be one of ${Object.keys(sections).join(', ')}: ` +
        `current value is ${name}`,
    );
  }
  section();
}
