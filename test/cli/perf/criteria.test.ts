import {describe, expect, it} from 'vitest';
import {criteria} from '../../../src/cli/perf/criteria.ts';
import type {BurstFigures} from '../../../src/cli/perf/figures.ts';
import {distributionOf} from '../figures.ts';
import {makeBurst, makeOldBurst, makePerf, unseen} from './figures.ts';

const judged = (...bursts: BurstFigures[]) =>
  criteria(makePerf({rounds: bursts.map((ours) => ({floorMs: 320, ours, old: undefined}))}));
const broken = (...bursts: BurstFigures[]) =>
  judged(...bursts)
    .filter(({holds}) => !holds)
    .map(({sentence}) => sentence);

describe('the criteria of a measurement', () => {
  it('all hold for a burst in which everything went well', () => {
    expect(broken(makeBurst())).toEqual([]);
    expect(judged(makeBurst())).toHaveLength(10);
  });

  const equal = Array.from({length: 20}, () => 5);
  const spread = (counts: readonly number[]) => Object.fromEntries(distributionOf(counts));
  const ofMixed = 'even on Workers without GPUs, shares of GPUs on the fewest';
  /** On 20 Workers: those with GPUs as given, 5 on each of the others, but for the last. */
  const mixed = (gpus: readonly number[], last = 5) =>
    equal.map((_, at) => (at % 2 === 1 ? (gpus[(at - 1) / 2] ?? 0) : at === 18 ? last : 5));
  it('hold for a burst with GPUs that spreads CPU and packs shares', () => {
    expect(broken(makeBurst({mix: 'cpu and gpu', distribution: spread(mixed([40, 10]))}))).toEqual(
      [],
    );
  });

  const rows: readonly [what: string, figures: Partial<BurstFigures>, sentences: string[]][] = [
    [
      'a request that was not placed',
      {placed: 99, totalMs: undefined, distribution: spread([4, ...equal.slice(1)])},
      [
        'total under 2.00 s: not all were placed',
        'all 100 requests placed: 99',
        'even distribution: 4 to 5 each',
        'decision under 5 % of the total: 100.0 %',
      ],
    ],
    ['a burst that took too long', {totalMs: 2_000}, ['total under 2.00 s: 2.00 s']],
    [
      'more commits than batches, by whoever counts them outside',
      {outside: {...makeBurst().outside, commits: 3}},
      ['one ledger commit per batch: 3 for 2 batches'],
    ],
    [
      'more commits than batches, by the operator where nobody else counts',
      {outside: unseen, commits: 3},
      ['one ledger commit per batch: 3 for 2 batches'],
    ],
    [
      'no batch at all',
      {outside: unseen, commits: 0, batchSizes: [], snapshots: 0, cycles: 0, cacheHits: 0},
      [
        'one ledger commit per batch: 0 for 0 batches',
        'cache hit rate above 95 %, the cold read a miss: 0.0 %',
        'one snapshot per batch: 0 in 0 cycles',
      ],
    ],
    [
      'an update for each request',
      {
        outside: {...makeBurst().outside, commits: 21},
        batchSizes: Array.from({length: 21}, () => 5),
      },
      ['no more capacity updates than workers: 21 for 20 workers'],
    ],
    [
      'reads that missed the cache',
      {cacheMisses: 6},
      ['cache hit rate above 95 %, the cold read a miss: 94.3 %'],
    ],
    ['two snapshots of one batch', {snapshots: 3}, ['one snapshot per batch: 3 in 2 cycles']],
    [
      'a worker that was never seen',
      {distribution: spread(equal.slice(1))},
      ['even distribution: 0 to 5 each'],
    ],
    [
      'shares of GPUs on more Workers than they need',
      {mix: 'cpu and gpu', distribution: spread(mixed([30, 15, 5]))},
      [`${ofMixed}: exactly 5 each, 3 of 10 Workers with GPUs used`],
    ],
    [
      'a request without GPUs that is on a Worker with GPUs',
      {mix: 'cpu and gpu', distribution: spread(mixed([40, 11], 4))},
      [`${ofMixed}: 4 to 5 each, 2 of 10 Workers with GPUs used`],
    ],
    [
      'a violation',
      {violations: ['overcommitted at revision 7: worker-1']},
      ['no worker over capacity, no request on two workers: 1 violations in 240 revisions'],
    ],
    [
      'an auditor that saw nothing',
      {revisions: 0},
      ['no worker over capacity, no request on two workers: 0 violations in 0 revisions'],
    ],
    [
      'a slow decision',
      {busyMs: {...makeBurst().busyMs, place: 20}},
      ['decision under 5 % of the total: 5.0 %'],
    ],
    [
      'time that nobody accounts for',
      {accountedShare: 0.949},
      ['phases add up to 95 % of the total: 94.9 %'],
    ],
  ];
  it.each(rows)('do not hold with %s', (_, figures, sentences) => {
    expect(broken(makeBurst(figures))).toEqual(sentences);
  });

  it('do not count a commit that only carried releases', () => {
    const outside = {...makeBurst().outside, commits: 3};
    expect(broken(makeBurst({outside, flushes: 1, cycles: 3, snapshots: 3}))).toEqual([]);
  });

  it('ask for no hit rate of so few requests that the cold read alone decides it', () => {
    const few = {
      requests: 19,
      placed: 19,
      cacheHits: 19,
      distribution: spread([0, ...equal.map(() => 1)].slice(0, 20)),
    };
    expect(broken(makeBurst(few))).toEqual([]);
  });

  it('hold only when they do in every round, and say in how many', () => {
    const slow = makeBurst({totalMs: 3_000});
    expect(broken(makeBurst(), slow, makeBurst())).toEqual([
      'total under 2.00 s: 3.00 s (2 of 3 rounds)',
    ]);
  });

  it('are those of this operator, not of the old way', () => {
    const rounds = [{floorMs: 320, ours: makeBurst(), old: makeOldBurst()}];
    expect(criteria(makePerf({rounds})).every(({holds}) => holds)).toBe(true);
    expect(broken(makeOldBurst())).toContain(
      'no more capacity updates than workers: 100 for 20 workers',
    );
  });
});
