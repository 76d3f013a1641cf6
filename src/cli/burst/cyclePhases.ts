import type {CyclePhase} from '../../observe/cycleSummary.ts';

/** The phases of a cycle for people, in their order. */
export const cyclePhases = {
  batch: 'waiting for a batch',
  snapshot: 'snapshot',
  place: 'decision',
  assume: 'assume',
  commit: 'ledger commit',
  handOver: 'hand over to the writer',
} as const satisfies Readonly<Record<CyclePhase, string>>;
