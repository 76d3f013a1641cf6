import {describe, expect, it} from 'vitest';
import {courseOf, inStepsOf, leftWaiting, stepsOf} from '../../../src/cli/perf/course.ts';
import type {FinishedCycle} from '../../../src/cli/perf/figures.ts';
import {makeCycle} from '../figures.ts';

/** Waits for 20, decides in 3, commits in 7, hands over in 1. */
const cycleEnding = (endMs: number, batchSize: number): FinishedCycle => ({
  ...{endMs, stalenessMs: 0, isMiss: false},
  summary: makeCycle({
    batchSize,
    phasesMs: {batch: 20, snapshot: 1, place: 1.5, assume: 0.5, commit: 7, handOver: 1},
  }),
});

describe('counts in steps', () => {
  it('hold every value once, in steps of a power of two', () => {
    expect(stepsOf([0, 0.2, 0.25, 31.9])).toEqual({
      stepMs: 0.25,
      counts: [2, 1, ...Array.from({length: 125}, () => 0), 1],
    });
    const {stepMs, counts} = stepsOf([1, 33, 4_000]);
    expect(stepMs).toBe(32);
    expect(counts).toHaveLength(126);
    expect(counts.reduce((sum, count) => sum + count)).toBe(3);
  });

  it('are none without a value', () => {
    expect(stepsOf([])).toEqual({stepMs: 0.25, counts: []});
  });

  it('of two bursts add up in the longer steps', () => {
    expect(inStepsOf(2, {stepMs: 0.5, counts: [1, 2, 3, 4, 5]})).toEqual({
      stepMs: 2,
      counts: [10, 5],
    });
  });
});

describe('the course of a burst', () => {
  const writes = [
    {fromMs: 131, toMs: 132},
    {fromMs: 131, toMs: 131.125},
    {fromMs: 90, toMs: 100.25},
    {fromMs: 131.75, toMs: 900},
  ];
  const course = courseOf({cycles: [cycleEnding(131, 4)], writes, startMs: 100, endMs: 132});

  it('has each cycle where it began, since the first create', () => {
    expect(course.cycles).toMatchObject([{fromMs: 0, batchSize: 4, phasesMs: {commit: 7}}]);
  });

  it('has the writes under way, on average over each step', () => {
    const {stepMs, counts} = course.underWay;
    expect(stepMs).toBe(0.25);
    expect(counts).toHaveLength(128);
    expect(counts.slice(0, 2)).toEqual([1, 0]);
    expect(counts.slice(-5)).toEqual([0, 1.5, 1, 1, 2]);
  });
});

describe('the requests left waiting', () => {
  const arrivals = (...ms: number[]) => ms;

  it('are those that had come in when a batch was taken, without the batch', () => {
    // Taken at 21 of its end at 31.
    const one = cycleEnding(31, 2);
    expect(leftWaiting([one], arrivals(1, 2, 3, 20, 22))).toBe(2);
    expect(leftWaiting([one], arrivals(1, 2, 22, 23))).toBe(0);
  });

  it('are the most of any batch', () => {
    const cycles = [cycleEnding(31, 1), cycleEnding(62, 3)];
    expect(leftWaiting(cycles, arrivals(1, 2, 3, 40, 41))).toBe(2);
    expect(leftWaiting([], arrivals(1))).toBe(0);
  });
});
