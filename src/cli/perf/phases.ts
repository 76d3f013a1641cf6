import type {CyclePhase} from '../../observe/cycleSummary.ts';
import {cyclePhases} from '../burst/cyclePhases.ts';
import type {FinishedCycle, Window} from './figures.ts';
import {type Attribution, attribute, type Interval} from './timeline.ts';

/** Where the time of a burst goes, in the order of the report. */
export const perfPhases = {
  creates: 'creates still arriving',
  arrival: 'on the way to the operator',
  ...cyclePhases,
  writes: 'status writes under way',
  seen: 'seen by the watcher',
} as const;
export type PerfPhase = keyof typeof perfPhases;

const afterTake = ['handOver', 'commit', 'assume', 'place', 'snapshot'] as const;

export interface PhaseInput {
  readonly window: Window;
  /** In their order. */
  readonly cycles: readonly FinishedCycle[];
  /** When new requests came in at the operator, ascending. */
  readonly arrivalsMs: readonly number[];
  /** Sent -> answered, of each status write of the operator. */
  readonly writes: readonly Interval[];
}

/**
 * Each moment of the clock belongs to one phase. What keeps this process from all else comes first;
 * then the writes that the floor has too: while they are under way the burst cannot end, whatever
 * else is. So the rest is what an operator adds: a commit counts while nothing else is under way.
 * A cycle waits for its batch from the arrival of the first of it on: one that idles although all
 * have arrived, as after a reject, is unaccounted. By that the sum can fail.
 */
export function phasesOf(input: PhaseInput): Attribution<PerfPhase> {
  const {window, arrivalsMs, writes} = input;
  const {startMs, createdMs, endMs} = window;
  const cycle = cycleIntervals(input);
  const lastSeenMs = arrivalsMs.at(-1) ?? createdMs;
  const answeredMs = lastAnswerMs(writes, endMs) ?? endMs;
  return attribute({fromMs: startMs, toMs: endMs}, [
    {phase: 'snapshot', intervals: cycle.snapshot},
    {phase: 'place', intervals: cycle.place},
    {phase: 'assume', intervals: cycle.assume},
    {phase: 'handOver', intervals: cycle.handOver},
    {phase: 'creates', intervals: [{fromMs: startMs, toMs: createdMs}]},
    {phase: 'writes', intervals: writes},
    {phase: 'commit', intervals: cycle.commit},
    {phase: 'batch', intervals: cycle.batch},
    {phase: 'arrival', intervals: [{fromMs: createdMs, toMs: lastSeenMs}]},
    {phase: 'seen', intervals: [{fromMs: answeredMs, toMs: endMs}]},
  ]);
}

function cycleIntervals({
  cycles,
  arrivalsMs,
}: PhaseInput): Readonly<Record<CyclePhase, readonly Interval[]>> {
  const intervals: Record<CyclePhase, Interval[]> = {
    ...{batch: [], snapshot: [], place: [], assume: [], commit: [], handOver: []},
  };
  let taken = 0;
  for (const {summary, endMs} of cycles) {
    let toMs = endMs;
    for (const phase of afterTake) {
      const fromMs = toMs - summary.phasesMs[phase];
      intervals[phase].push({fromMs, toMs});
      toMs = fromMs;
    }
    const beganMs = toMs - summary.phasesMs.batch;
    // Taken in the order of their arrival; what is taken a second time has no arrival left.
    const firstMs = arrivalsMs[taken];
    if (firstMs !== undefined) {
      intervals.batch.push({fromMs: Math.min(toMs, Math.max(beganMs, firstMs)), toMs});
    }
    taken += summary.batchSize;
  }
  return intervals;
}

/** Of the writes sent by `endMs`; an event may overtake the answer. */
function lastAnswerMs(writes: readonly Interval[], endMs: number): number | undefined {
  let lastMs: number | undefined;
  for (const {fromMs, toMs} of writes) {
    if (fromMs < endMs && (lastMs === undefined || toMs > lastMs)) lastMs = toMs;
  }
  return lastMs;
}
