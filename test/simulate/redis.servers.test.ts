import {randomUUID} from 'node:crypto';
import {expect, it} from 'vitest';
import {Simulation} from '../../src/simulate/simulation.ts';
import {describeWithServers} from '../servers/requireServers.ts';

describeWithServers('simulated operators with a ledger in a real Redis', ['redis'], (servers) => {
  const run = (seed: number, options: {bugs?: object} = {}) =>
    new Simulation({
      seed,
      size: {workers: 8, requests: 80, faults: 30},
      ledger: 'redis',
      redis: {url: servers.redis.url, keyPrefix: `simulate-${randomUUID()}`},
      ...options,
    }).run();

  it('find nothing', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const {findings, placements} = await run(seed);
      expect(findings.map(({rule, sentence}) => `seed ${seed}: ${rule}: ${sentence}`)).toEqual([]);
      expect(placements).toBeGreaterThan(0);
    }
  });

  it('find a planted bug: what was released is compared with what Redis holds', async () => {
    const operator = ({stages}: {stages: {update: {release: () => void}}}) => {
      stages.update.release = () => {};
    };
    const {findings} = await run(1, {bugs: {operator}});
    expect(findings.map(({rule}) => rule)).toContain('ledger differs');
  });
});
