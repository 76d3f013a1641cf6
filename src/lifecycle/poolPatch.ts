import {type Condition, type WantedCondition, withConditions} from '../api/conditions.ts';
import {PoolReason} from '../api/reasons.ts';
import {secondTime} from '../lib/timestamp.ts';
import type {KnownPool} from './parseNodePool.ts';

/** What is true of a pool at present. */
export interface PoolFacts {
  readonly workers: number;
  readonly readyWorkers: number;
  /** Why Nodes that it selects are no Workers, a sentence each. */
  readonly problems: readonly string[];
}

/** Sentences in a condition; the rest is counted. */
const maxShown = 5;

/** The merge patch of a pool's status; undefined when it says all that already. */
export function poolPatch(pool: KnownPool, facts: PoolFacts, nowMs: number): object | undefined {
  const {generation, shown} = pool;
  const {workers, readyWorkers} = facts;
  const wanted = conditionsOf(pool, facts.problems);
  const isOver = ({type}: Condition) => !wanted.some((one) => one.type === type);
  const conditions = withConditions(shown.conditions, wanted, {
    generation,
    now: secondTime(nowMs),
    isOver,
  });
  const status = {workers, readyWorkers, observedGeneration: generation, conditions};
  const isShown =
    shown.workers === workers &&
    shown.readyWorkers === readyWorkers &&
    shown.observedGeneration === generation &&
    JSON.stringify(shown.conditions) === JSON.stringify(conditions);
  return isShown ? undefined : {metadata: {uid: pool.uid}, status};
}

function conditionsOf(
  {parsed}: KnownPool,
  problems: readonly string[],
): readonly WantedCondition[] {
  if (parsed.kind === 'invalid') {
    const {field, found, wanted} = parsed.problem;
    const [reason, message] = [PoolReason.InvalidSpec, `${field} is ${found}; wanted ${wanted}`];
    return [
      {type: 'Ready', status: 'False', reason, message},
      {type: 'Stalled', status: 'True', reason, message},
    ];
  }
  if (problems.length > 0) {
    const more = problems.length > maxShown ? [`and ${problems.length - maxShown} more`] : [];
    const message = [...problems.slice(0, maxShown), ...more].join('; ');
    return [{type: 'Ready', status: 'False', reason: PoolReason.NodesLeftOut, message}];
  }
  const message = parsed.nodes
    ? 'every Node that it selects is a Worker'
    : 'its Workers are made by others: it has no nodeSelector';
  return [{type: 'Ready', status: 'True', reason: PoolReason.Complete, message}];
}
