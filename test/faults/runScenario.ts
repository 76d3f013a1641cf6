import {Battle, type BattleOptions, type Outcome} from './battle.ts';
import type {Scenario, Strike} from './scenarios.ts';

/** The load goes on so long after the recovery. */
const aftermathMs = 500;

/** One fault under load, from the start of the operators to the verdict of the auditor. */
export async function runScenario(scenario: Scenario, options: BattleOptions): Promise<Outcome> {
  await options.field.clear();
  const battle = await Battle.open(options);
  let staged: Strike | undefined;
  try {
    staged = await scenario.prepare(battle);
    await battle.begin();
    const recovery = await staged.strike();
    // Of the leader that was: its successor renews the Lease from now on.
    let freeAtMs = battle.observer.leaseFreeAtMs;
    const {endedEpoch = Number.POSITIVE_INFINITY} = recovery;
    battle.observer.onLease = (epoch, free) => {
      if (epoch <= endedEpoch) freeAtMs = free;
    };
    const first = await battle.recovered(recovery);
    await staged.after?.();
    await battle.lasts(aftermathMs);
    return await battle.end({
      afterFaultMs: first.atMs - recovery.sinceMs,
      afterFreeLeaseMs: recovery.endedEpoch === undefined ? undefined : first.atMs - freeAtMs,
    });
  } finally {
    await battle.close();
    await staged?.close?.();
  }
}
