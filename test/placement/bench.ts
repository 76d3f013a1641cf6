import {measureFloor} from './bench/floor.ts';
import {reportMovement, reportSpread} from './bench/quality.ts';
import {measureSpeed} from './bench/speed.ts';

/**
 * Prints what placement does and costs, each figure beside what it is measured against, in one run.
 * No threshold here: what is asserted of it stands in the tests.
 *
 * Usage: node test/placement/bench.ts [SECTION...]      all of them when absent
 */
const sections: Readonly<Record<string, () => void>> = {
  floor: measureFloor,
  speed: measureSpeed,
  spread: reportSpread,
  movement: reportMovement,
};

const wanted = process.argv.slice(2);
for (const name of wanted.length > 0 ? wanted : Object.keys(sections)) {
  const section = sections[name];
  if (!section) {
    throw new Error(
      `Cannot measure as the section must be one of ${Object.keys(sections).join(', ')}: ` +
        `current value is ${name}`,
    );
  }
  section();
}
