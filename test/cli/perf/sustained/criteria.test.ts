import {describe, expect, it} from 'vitest';
import {sustainedCriteria} from '../../../../src/cli/perf/sustained/criteria.ts';
import type {SustainedFigures, SustainedPerf} from '../../../../src/cli/perf/sustained/figures.ts';
import {makeRate, makeSustained} from './figures.ts';

const broken = (figures: Partial<SustainedPerf>) =>
  sustainedCriteria(makeSustained(figures))
    .filter(({holds}) => !holds)
    .map(({sentence}) => sentence);
const ofOurs = (ours: Partial<SustainedFigures>, ratePerSecond = 100) =>
  broken({rounds: [[makeRate(ratePerSecond, ours)]]});
const slow = (p50Ms: number, p99Ms: number) => ({
  placement: {count: 6_000, p95Ms: p50Ms, p999Ms: p99Ms, maxMs: p99Ms, p50Ms, p99Ms},
});

describe('the criteria of a fixed rate', () => {
  it('all hold where everything went well; targets of latency are those of 100 a second', () => {
    expect(broken({})).toEqual([]);
    const {length} = sustainedCriteria(makeSustained());
    expect(length).toBe(4 + 6);
    expect(sustainedCriteria(makeSustained({isEmbedded: true}))).toHaveLength(length - 2);
  });

  const rows: readonly [string, Partial<SustainedFigures>, string[]][] = [
    ['a lost request', {placed: 5_999}, ['100/s, all 6000 requests placed: 5999']],
    [
      'a violation',
      {violations: ['overCapacity']},
      [
        '100/s, no worker over capacity, no request on two workers: 1 violations in 18000 revisions',
      ],
    ],
    [
      'nothing that was seen',
      {revisions: 0},
      ['100/s, no worker over capacity, no request on two workers: 0 violations in 0 revisions'],
    ],
    [
      'creates that fell behind',
      {achievedPerSecond: 97.9},
      ['100/s, rate reached within 2 %: 97.9/s, 2.1 % behind'],
    ],
    ['creates that fell behind by no more than 2 %', {achievedPerSecond: 98.1}, []],
    [
      'workers that ran full',
      {mostHeld: 800},
      ['100/s, workers never full: at most 800 of 800 places held'],
    ],
    ['a slow middle', slow(15.1, 90), ['100/s, create -> placed, p50 at most 15 ms: 15.1 ms']],
    ['a slow end', slow(15, 100.1), ['100/s, create -> placed, p99 at most 100 ms: 100.1 ms']],
  ];
  it.each(rows)('break at %s', (_, ours, sentences) => {
    expect(ofOurs(ours)).toEqual(sentences);
  });

  it('leave latency alone at other rates and in one process', () => {
    expect(ofOurs(slow(500, 900), 200)).toEqual([]);
    expect(broken({isEmbedded: true, rounds: [[makeRate(100, slow(500, 900))]]})).toEqual([]);
  });

  it('must hold in every round', () => {
    const rounds = [[makeRate(50)], [makeRate(50, {placed: 2_000})], [makeRate(50)]];
    expect(broken({rounds})).toEqual(['50/s, all 3000 requests placed: 2000 (2 of 3 rounds)']);
  });
});
