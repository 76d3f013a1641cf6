import type {CyclePhase} from '../../observe/cycleSummary.ts';
import type {FinishedCycle, Window} from './figures.ts';
import {type Attribution, attribute, type Interval} from './timeline.ts';

/** Where the time of a burst goes, in the order of the report. */
export const perfPhases = {
  creates: 'creates still arriving',
  window: 'waiting for a batch',
  snapshot: 'snapshot',
  place: 'decision',
  assume: 'assume',
  commit: 'ledger commit',
  handOver: 'hand over to the writer',
  writes: 'status writes under way',
  seen: 'seen by the watcher',
} as const;
export type PerfPhase = keyof typeof perfPhases;

/** The phases of a cycle that nothing else of the operator overlaps, latest first. */
const cyclePhases = ['handOver', 'commit', 'assume', 'place', 'snapshot', 'batch'] as const;

export interface PhaseInput {
  readonly window: Window;
  readonly cycles: readonly FinishedCycle[];
  /** Sent -> answered, of each status write of the operator. */
  readonly writes: readonly Interval[];
  /** As long as a batch may wait for more; what a cycle waits beyond is nobody's phase. */
  readonly batchMaxMs: number;
}

/**
 * Each moment of the clock belongs to one phase. The phases of the cycle count first, as they are
 * ours; then, while creates arrive, the burst cannot end sooner; the rest is a batch that waits for
 * more, then writes, then the way of the last event to the watcher. A cycle that idles for another
 * reason, as after a reject, is unaccounted: that is what the sum can fail by.
 */
export function phasesOf({window, cycles, writes, batchMaxMs}: PhaseInput): Attribution<PerfPhase> {
  const claimed: Record<CyclePhase, Interval[]> = {
    ...{batch: [], snapshot: [], place: [], assume: [], commit: [], handOver: []},
  };
  for (const {summary, endMs} of cycles) {
    if (summary.batchSize === 0) continue;
    let toMs = endMs;
    for (const phase of cyclePhases) {
      const lengthMs = summary.phasesMs[phase];
      const countedMs = phase === 'batch' ? Math.min(lengthMs, batchMaxMs) : lengthMs;
      claimed[phase].push({fromMs: toMs - countedMs, toMs});
      toMs -= lengthMs;
    }
  }
  const {startMs, createdMs, endMs} = window;
  const lastMs = lastAnswerMs(writes, endMs);
  return attribute({fromMs: startMs, toMs: endMs}, [
    {phase: 'snapshot', intervals: claimed.snapshot},
    {phase: 'place', intervals: claimed.place},
    {phase: 'assume', intervals: claimed.assume},
    {phase: 'handOver', intervals: claimed.handOver},
    {phase: 'commit', intervals: claimed.commit},
    {phase: 'creates', intervals: [{fromMs: startMs, toMs: createdMs}]},
    {phase: 'window', intervals: claimed.batch},
    {phase: 'writes', intervals: writes},
    {phase: 'seen', intervals: [{fromMs: Math.max(createdMs, lastMs ?? endMs), toMs: endMs}]},
  ]);
}

/** Of the writes sent by `endMs`; an event may overtake the answer. */
function lastAnswerMs(writes: readonly Interval[], endMs: number): number | undefined {
  let lastMs: number | undefined;
  for (const {fromMs, toMs} of writes) {
    if (fromMs < endMs && (lastMs === undefined || toMs > lastMs)) lastMs = toMs;
  }
  return lastMs;
}
