import {nowMs} from './battle.ts';
import {pair, type Scenario, signalled} from './scenarios.ts';

const crowdMs = 600_000;
/** Different demands among the hopeless. */
const classes = 50;

/** So many requests that no worker could ever hold wait ahead of those that fit. */
export function hopelessCrowd(count: number): Scenario {
  return {
    name: `${count} requests that fit nowhere`,
    async prepare(battle) {
      await battle.crowd(count, (index) => ({
        resources: {cpu: String(1_000 + (index % classes)), memory: '1Gi'},
        priority: 1_000,
      }));
      await battle.addOperator();
      return {strike: async () => ({sinceMs: nowMs()})};
    },
  };
}

/** The leader of a pool that is in use ends; a second replica takes over. */
export function takeOverAmong(count: number, signal: 'SIGKILL' | 'SIGTERM'): Scenario {
  return {
    name: `leader of ${count} placed requests ended (${signal})`,
    async prepare(battle) {
      const leader = await pair(battle);
      await battle.crowd(count, () => ({resources: {cpu: '100m', memory: '64Mi'}}));
      await battle.until('the crowd to be placed', crowdMs, () => battle.placedCount() >= count);
      return {strike: async () => signalled(battle, leader, signal)};
    },
  };
}
