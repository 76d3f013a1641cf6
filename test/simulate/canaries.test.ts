import {describe, expect, it} from 'vitest';
import {type Finding, Simulation} from '../../src/simulate/simulation.ts';
import {type Canary, canaries, canarySize} from './canaries.ts';

/** What the first seed that finds something finds; nothing where none does. */
async function hunt(canary: Canary): Promise<readonly Finding[]> {
  const {bugs, ledger, size = canarySize, seeds, foundBy = 1} = canary;
  const numbers = Array.from({length: seeds}, (_, index) => index + 1);
  for (const seed of [foundBy, ...numbers.filter((number) => number !== foundBy)]) {
    const options = {seed, size, bugs, ...(ledger && {ledger})};
    const {findings} = await new Simulation(options).run();
    if (findings.length > 0) return findings;
  }
  return [];
}

describe('the simulation finds that', () => {
  it.each(canaries.map((canary) => [canary.name, canary] as const))(
    '%s',
    async (_, canary) => {
      expect(await hunt(canary)).not.toEqual([]);
    },
    120_000,
  );
});
