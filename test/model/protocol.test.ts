import {describe, expect, it} from 'vitest';
import {canaries, gaps, quick, titleOf} from './explorations.ts';
import {type Exploration, explore} from './explore.ts';

/** For whoever reads the run: how much was looked at. */
function say(title: string, {states, transitions, depth}: Exploration): void {
  process.stdout.write(`model: ${title}: ${states} states, ${transitions} steps, depth ${depth}\n`);
}

describe('every interleaving of two leaders and three requests on two workers', () => {
  it.each(quick.map((row) => [titleOf(row), row] as const))(
    '%s: holds in every state',
    async (title, {protocol, faults, atLeast}) => {
      const exploration = await explore(protocol, faults);
      say(title, exploration);
      expect(exploration.violation).toBeUndefined();
      expect(exploration.states).toBeGreaterThan(atLeast);
      expect(exploration.quiet).toBeGreaterThan(0);
    },
    60_000,
  );
});

describe('a planted bug', () => {
  it.each(canaries.map((row) => [row.protocol.planted, row.protocol.ledger, row] as const))(
    '%s: is found with the %s ledger',
    async (planted, ledger, {protocol, faults, sentence}) => {
      const exploration = await explore(protocol, faults);
      say(`${planted}, ${ledger}`, exploration);
      const {violation} = exploration;
      process.stdout.write(`  ${violation?.steps.join('; ')}: ${violation?.sentence}\n`);
      expect(violation?.sentence).toBe(sentence);
      expect(violation?.steps.length).toBeLessThanOrEqual(14);
    },
    60_000,
  );
});

describe('a fail-over of Redis that loses what it has answered', () => {
  it.each(gaps.map((row) => [row.protocol.closure, row] as const))(
    'does harm, with this against it: %s',
    async (_closure, {protocol, faults}) => {
      const {violation} = await explore(protocol, faults);
      expect(violation?.sentence).toBe('w-0 is over its capacity');
      expect(violation?.steps).toMatchSnapshot();
    },
    60_000,
  );
});
