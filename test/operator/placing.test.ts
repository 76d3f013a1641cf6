import {describe, expect, it} from 'vitest';
import {numbered} from '../../src/simulate/objects.ts';
import {inFlightOf, isCommit} from './calls.ts';
import {OperatorRig} from './operatorRig.ts';

describe('a burst of requests', () => {
  it.each(['kubernetes', 'memory'] as const)(
    'of 100 on 20 workers is 5 on each, with one commit a batch, on the %s ledger',
    async (ledger) => {
      const rig = new OperatorRig({ledger});
      const {world} = rig;
      await world.createWorkers(numbered('w', 20));
      const leader = await rig.lead();
      const names = numbered('r', 100);
      await world.createRequests(names);
      const elapsedMs = await rig.placed(names);
      expect(elapsedMs).toBeLessThan(1_000);
      const perWorker = Map.groupBy(names, (name) => rig.workerOf(name));
      expect([...perWorker.values()].map(({length}) => length)).toEqual(Array(20).fill(5));

      const batches = leader.cycles.filter(({accepted}) => accepted > 0);
      expect(batches.reduce((sum, {accepted}) => sum + accepted, 0)).toBe(100);
      expect(batches.every(({commits}) => commits === 1)).toBe(true);
      if (ledger === 'kubernetes') {
        const known = new Set<string>();
        const commits = leader.sent(isCommit).filter((call) => {
          const fresh = inFlightOf(call).filter((uid) => !known.has(uid));
          for (const uid of fresh) known.add(uid);
          return fresh.length > 0;
        });
        expect(commits).toHaveLength(batches.length);
        expect(known.size).toBe(100);
      }
      await rig.end();
    },
  );
});
