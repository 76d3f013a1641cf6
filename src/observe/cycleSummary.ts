/** The phases of a cycle, in their order; what a report and the metrics are divided by. */
export type CyclePhase = 'batch' | 'snapshot' | 'place' | 'assume' | 'commit' | 'handOver';

/** What one finished cycle did; for metrics, logs and reports. */
export interface CycleSummary {
  readonly epoch: number;
  readonly cycle: number;
  readonly batchSize: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly unplaced: number;
  /** Ledger updates it took: 1, or 0 where there was nothing to update. */
  readonly commits: number;
  readonly phasesMs: Readonly<Record<CyclePhase, number>>;
}
