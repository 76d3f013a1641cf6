import {describe, expect, it} from 'vitest';
import {type Finding, Simulation} from '../../src/simulate/simulation.ts';
import {type Canary, canaries, canarySize} from './canaries.ts';

/** What the first seed that finds something finds; nothing where none does. */
async function hunt(canary: Canary): Promise<readonly Finding[]> {
  const {bugs, ledger, size = canarySize, seeds} = canary;
  for (let seed = 1; seed <= seeds; seed++) {
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
