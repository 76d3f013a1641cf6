import {type Criterion, evenness, leastHitRate, leastReads} from '../burst/criterion.ts';
import {isSecond, requestsAWorker} from '../burst/objects.ts';
import {percent, seconds} from '../burst/units.ts';
import {type BurstFigures, capacityUpdatesOf, hitRateOf, type PerfFigures} from './figures.ts';

const leastAccountedShare = 0.95;
const mostDecisionShare = 0.05;

/** What a criterion is about. */
export type CriterionKey =
  | 'total'
  | 'placed'
  | 'commits'
  | 'updates'
  | 'hitRate'
  | 'snapshots'
  | 'even'
  | 'capacity'
  | 'decision'
  | 'phases';

export interface NamedCriterion extends Criterion {
  readonly name: string;
}

export interface Judged extends NamedCriterion {
  readonly key: CriterionKey;
}

/** What every round must have shown; the figures are those of the first that breaks it. */
export function criteria({rounds, targetMs}: PerfFigures): readonly Criterion[] {
  return heldInAll(rounds.map(({ours}) => judge(ours, targetMs)));
}

/** @param judged of each round the same criteria */
export function heldInAll(judged: readonly (readonly NamedCriterion[])[]): readonly Criterion[] {
  return (judged[0] ?? []).map((_, index) => {
    const all = judged.map((round) => round[index]!);
    const broken = all.filter(({holds}) => !holds);
    const {name, sentence} = broken[0] ?? all[0]!;
    const inRounds =
      all.length > 1 ? ` (${all.length - broken.length} of ${all.length} rounds)` : '';
    return {holds: broken.length === 0, sentence: `${name}: ${sentence}${inRounds}`};
  });
}

/** The criteria of one round. */
export function judge(figures: BurstFigures, targetMs: number): readonly Judged[] {
  const {requests, placed, totalMs, batchSizes} = figures;
  const hitRate = hitRateOf(figures);
  const decisionShare = totalMs === undefined ? 1 : figures.busyMs.place / totalMs;
  const {violations, revisions, snapshots, cycles, accountedShare} = figures;
  const criteriaOfGuide: Judged[] = [
    {
      key: 'total',
      name: `total under ${seconds(targetMs)}`,
      holds: totalMs !== undefined && totalMs < targetMs,
      sentence: totalMs === undefined ? 'not all were placed' : seconds(totalMs),
    },
    {
      key: 'placed',
      name: `all ${requests} requests placed`,
      holds: placed === requests,
      sentence: `${placed}`,
    },
    judgeCommits(figures),
    judgeUpdates(figures),
    {
      key: 'hitRate',
      name: 'cache hit rate above 95 %, the cold read a miss',
      holds: requests < leastReads || hitRate > leastHitRate,
      sentence: percent(hitRate),
    },
    {
      key: 'snapshots',
      name: 'one snapshot per batch',
      holds: snapshots === cycles && batchSizes.length > 0,
      sentence: `${snapshots} in ${cycles} cycles`,
    },
    figures.mix === 'cpu' ? judgeEven(figures) : judgeMixed(figures),
    {
      key: 'capacity',
      name: 'no worker over capacity, no request on two workers',
      holds: violations.length === 0 && revisions > 0,
      sentence: `${violations.length} violations in ${revisions} revisions`,
    },
  ];
  return [
    ...criteriaOfGuide,
    {
      key: 'decision',
      name: 'decision under 5 % of the total',
      holds: decisionShare < mostDecisionShare,
      sentence: percent(decisionShare),
    },
    {
      key: 'phases',
      name: 'phases add up to 95 % of the total',
      holds: accountedShare >= leastAccountedShare,
      sentence: percent(accountedShare),
    },
  ];
}

/** As somebody else counts them, where somebody does. */
function judgeCommits(figures: BurstFigures): Judged {
  const {batchSizes} = figures;
  const commits = capacityUpdatesOf(figures);
  return {
    key: 'commits',
    name: 'one ledger commit per batch',
    holds: commits === batchSizes.length && commits > 0,
    sentence: `${commits} for ${batchSizes.length} batches`,
  };
}

function judgeEven(figures: BurstFigures): Judged {
  const {isEven, text} = evenness(Object.values(figures.distribution), figures);
  return {
    key: 'even',
    name: 'even distribution',
    holds: figures.placed > 0 && isEven,
    sentence: text,
  };
}

/** What a pool without an object does: spread CPU off the GPUs, and pack the shares of those. */
function judgeMixed({requests, workers, placed, distribution}: BurstFigures): Judged {
  const [requestsWithGpu, workersWithGpu] = [Math.floor(requests / 2), Math.floor(workers / 2)];
  const placedOn = Object.entries(distribution);
  const onFirst = placedOn.flatMap(([name, count]) => (isSecond(name) ? [] : [count]));
  const {isEven, text} = evenness(onFirst, {
    requests: requests - requestsWithGpu,
    workers: workers - workersWithGpu,
  });
  const used = placedOn.filter(([name, count]) => isSecond(name) && count > 0).length;
  const fewest = Math.ceil(requestsWithGpu / requestsAWorker);
  return {
    key: 'even',
    name: 'even on Workers without GPUs, shares of GPUs on the fewest',
    holds: placed > 0 && isEven && used <= fewest,
    sentence: `${text}, ${used} of ${workersWithGpu} Workers with GPUs used`,
  };
}

function judgeUpdates(figures: BurstFigures): Judged {
  const updates = capacityUpdatesOf(figures);
  return {
    key: 'updates',
    name: 'no more capacity updates than workers',
    holds: updates <= figures.workers,
    sentence: `${updates} for ${figures.workers} workers`,
  };
}
