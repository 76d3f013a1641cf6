import type {Criterion} from '../../burst/criterion.ts';
import {milliseconds, percent} from '../../burst/units.ts';
import {heldInAll, type NamedCriterion} from '../criteria.ts';
import type {RateFigures, SustainedPerf} from './figures.ts';

/** The rate at which latency has targets. */
const judgedRate = 100;
const mostP50Ms = 15;
const mostP99Ms = 100;
const mostBehindShare = 0.02;

/** What every rate must have shown in every round. */
export function sustainedCriteria(figures: SustainedPerf): readonly Criterion[] {
  const {rounds} = figures;
  return (rounds[0] ?? []).flatMap((_, index) =>
    heldInAll(rounds.map((rates) => judge(rates[index]!, figures))),
  );
}

function judge(
  {ours}: RateFigures,
  {places, isEmbedded}: SustainedPerf,
): readonly NamedCriterion[] {
  const {ratePerSecond, due, placed, achievedPerSecond, mostHeld, violations, revisions} = ours;
  const behindShare = 1 - achievedPerSecond / ratePerSecond;
  const criteria: NamedCriterion[] = [
    {name: `all ${due} requests placed`, holds: placed === due, sentence: `${placed}`},
    {
      name: 'no worker over capacity, no request on two workers',
      holds: violations.length === 0 && revisions > 0,
      sentence: `${violations.length} violations in ${revisions} revisions`,
    },
    {
      name: 'rate reached within 2 %',
      holds: behindShare <= mostBehindShare,
      sentence: `${achievedPerSecond.toFixed(1)}/s, ${percent(behindShare)} behind`,
    },
    {
      name: 'workers never full',
      holds: mostHeld < places,
      sentence: `at most ${mostHeld} of ${places} places held`,
    },
  ];
  // In one process with its clients an API server has no latency worth a target.
  const targets = ratePerSecond === judgedRate && !isEmbedded ? judgeLatency(ours) : [];
  return [...criteria, ...targets].map((one) => ({
    ...one,
    name: `${ratePerSecond}/s, ${one.name}`,
  }));
}

function judgeLatency({placement}: RateFigures['ours']): readonly NamedCriterion[] {
  const within = (label: string, ms: number | undefined, mostMs: number): NamedCriterion => ({
    name: `create -> placed, ${label} at most ${mostMs} ms`,
    holds: ms !== undefined && ms <= mostMs,
    sentence: milliseconds(ms),
  });
  return [within('p50', placement?.p50Ms, mostP50Ms), within('p99', placement?.p99Ms, mostP99Ms)];
}
