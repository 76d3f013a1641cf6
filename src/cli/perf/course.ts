import type {CycleSummary} from '../../observe/cycleSummary.ts';
import type {FinishedCycle} from './figures.ts';
import type {Interval} from './timeline.ts';

/** Counts of equal steps from 0 on; steps are powers of two, so that those of two rounds add up. */
export interface Steps {
  readonly stepMs: number;
  readonly counts: readonly number[];
}

/** A cycle that had a batch; its phases follow each other from `fromMs` on. */
export interface DrawnCycle {
  /** Since the first create was sent; below 0 where it waited for its batch before. */
  readonly fromMs: number;
  readonly batchSize: number;
  readonly phasesMs: CycleSummary['phasesMs'];
}

/** What happened when, since the first create was sent. */
export interface BurstCourse {
  readonly cycles: readonly DrawnCycle[];
  /** Status writes under way, on average over each step. */
  readonly underWay: Steps;
}

const mostSteps = 128;
const leastStepMs = 0.25;

/** The smallest step of which `mostSteps` reach `toMs`. */
function stepFor(toMs: number): number {
  let stepMs = leastStepMs;
  while (stepMs * mostSteps < toMs) stepMs *= 2;
  return stepMs;
}

export function stepsOf(ascending: readonly number[]): Steps {
  const mostMs = ascending.at(-1);
  if (mostMs === undefined) return {stepMs: leastStepMs, counts: []};
  const stepMs = stepFor(mostMs);
  const counts = Array.from({length: Math.floor(mostMs / stepMs) + 1}, () => 0);
  for (const value of ascending) counts[Math.max(0, Math.floor(value / stepMs))]!++;
  return {stepMs, counts};
}

/** The same counts in steps of `stepMs`, which is at least as long. */
export function inStepsOf(stepMs: number, steps: Steps): Steps {
  const factor = stepMs / steps.stepMs;
  const counts = Array.from({length: Math.ceil(steps.counts.length / factor)}, () => 0);
  for (const [index, count] of steps.counts.entries()) counts[Math.floor(index / factor)]! += count;
  return {stepMs, counts};
}

export interface CourseInput {
  readonly cycles: readonly FinishedCycle[];
  readonly writes: readonly Interval[];
  readonly startMs: number;
  readonly endMs: number;
}

export function courseOf({cycles, writes, startMs, endMs}: CourseInput): BurstCourse {
  return {
    cycles: cycles.map(({summary, endMs: cycleEndMs}) => ({
      fromMs: cycleEndMs - lengthMs(summary) - startMs,
      batchSize: summary.batchSize,
      phasesMs: summary.phasesMs,
    })),
    underWay: underWay(writes, startMs, endMs),
  };
}

function lengthMs({phasesMs}: CycleSummary): number {
  return Object.values(phasesMs).reduce((sum, ms) => sum + ms, 0);
}

function underWay(writes: readonly Interval[], startMs: number, endMs: number): Steps {
  const stepMs = stepFor(endMs - startMs);
  const counts = Array.from({length: Math.ceil((endMs - startMs) / stepMs)}, () => 0);
  for (const {fromMs, toMs} of writes) {
    const [from, to] = [Math.max(0, fromMs - startMs), Math.min(endMs, toMs) - startMs];
    for (let at = Math.floor(from / stepMs); at * stepMs < to && at < counts.length; at++) {
      const coveredMs = Math.min(to, (at + 1) * stepMs) - Math.max(from, at * stepMs);
      counts[at]! += coveredMs / stepMs;
    }
  }
  return {stepMs, counts};
}

/** The most requests that had come in and were in no batch yet when one was taken. */
export function leftWaiting(
  cycles: readonly FinishedCycle[],
  arrivalsMs: readonly number[],
): number {
  let [taken, arrived, most] = [0, 0, 0];
  for (const {summary, endMs} of cycles) {
    const takenMs = endMs - lengthMs(summary) + summary.phasesMs.batch;
    while (arrived < arrivalsMs.length && arrivalsMs[arrived]! <= takenMs) arrived++;
    taken += summary.batchSize;
    most = Math.max(most, arrived - taken);
  }
  return most;
}
