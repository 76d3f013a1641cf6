import type {Allocation, Capacity} from '../api/resources.ts';

/** One ledger update: everything that one cycle changes, in one atomic step. */
export interface CommitInput {
  /** The caller's; refused unless it is the ledger's current one. */
  readonly epoch: number;
  /** Number of the cycle within the epoch; grows with every commit. */
  readonly cycle: number;
  /** Applied before the assignments. Unknown uids are no error: releasing twice is harmless. */
  readonly releases: readonly string[];
  /** Uids seen bound in the API server since the last commit. */
  readonly confirmed: readonly string[];
  readonly assignments: readonly Allocation[];
  /** Capacity of at least the workers that `assignments` name. */
  readonly capacities: ReadonlyMap<string, Capacity>;
}

/** Why one assignment was not committed. */
export const Reject = {
  /** The worker has not enough of cpu, memory, containers, or of a GPU device left. */
  NoCapacity: 'NoCapacity',
  /** This uid already holds another allocation: elsewhere, or of other amounts or devices. */
  AssignedElsewhere: 'AssignedElsewhere',
  /** No capacity was given for the worker. */
  WorkerUnknown: 'WorkerUnknown',
  /** The ledger holds as many unconfirmed assignments as it may: wait until some are bound. */
  LedgerFull: 'LedgerFull',
} as const;
export type Reject = (typeof Reject)[keyof typeof Reject];

export type CommitResult =
  /** `rejects[i]` belongs to `assignments[i]`; undefined means accepted. */
  | {readonly kind: 'committed'; readonly rejects: readonly (Reject | undefined)[]}
  /** Another operator has a higher epoch: step down. */
  | {readonly kind: 'fenced'; readonly currentEpoch: number}
  /**
   * The ledger does not hold what this operator told it: it was emptied, went back in time, or was
   * never settled by this instance. Nothing was committed: open and settle, then commit again.
   */
  | {readonly kind: 'lost'}
  | Unavailable;

/** Nothing is known to have been committed. Trying the same again is safe. */
export interface Unavailable {
  readonly kind: 'unavailable';
  /** One sentence that says what to do where somebody has to do something; without secrets. */
  readonly cause: Error;
  /** How long the other side asked to be left alone. */
  readonly retryAfterMs?: number;
}

/**
 * Owner of capacity at commit time. Implementations: `memoryLedger.ts`, `redisLedger.ts`,
 * `kubernetesLedger.ts`; all pass `test/ledger/conformance`.
 *
 * - Idempotent per (uid, worker): committing the same assignment again is accepted and takes
 *   nothing.
 * - Partial acceptance is normal. Never above capacity, whatever is asked: what is over its
 *   capacity already (settled so, or shrunk since) takes nothing more, not even an assignment of 0.
 * - Order of an operator's life: open, settle, then commits. A commit before the settle is `lost`.
 * - What is taken is the sum over allocations, never a delta applied twice.
 */
export interface Ledger {
  /** One word for logs, metrics and the report. */
  readonly kind: 'memory' | 'redis' | 'kubernetes';
  /** Takes the ledger for `epoch` (only upwards) and returns every allocation it holds. */
  open(epoch: number, signal: AbortSignal): Promise<OpenResult>;
  /**
   * Makes the ledger hold exactly `allocations` (what a new leader found to be true), in as few
   * steps as its size allows; it may leave workers over capacity, as what is bound is true.
   */
  settle(
    epoch: number,
    allocations: readonly Allocation[],
    signal: AbortSignal,
  ): Promise<CommitResult>;
  commit(input: CommitInput, signal: AbortSignal): Promise<CommitResult>;
  /** Compares the sums with the allocations; absent where no sums are stored beside these. */
  audit?(signal: AbortSignal): Promise<AuditResult>;
  close(): Promise<void>;
}

export type OpenResult =
  | {readonly kind: 'opened'; readonly allocations: readonly Allocation[]}
  | {readonly kind: 'fenced'; readonly currentEpoch: number}
  | Unavailable;

export type AuditResult =
  | {readonly kind: 'audited'; readonly differences: readonly SumDifference[]}
  | Unavailable;

/** A worker whose sum is not the sum over its allocations. A settle makes it right. */
export interface SumDifference {
  readonly workerName: string;
  /** What commits go by; undefined: there is none. */
  readonly stored: WorkerSum | undefined;
  /** What the allocations add up to; undefined: there are none. */
  readonly summed: WorkerSum | undefined;
}

/** What is taken of one worker: the sum over its allocations. */
export interface WorkerSum {
  cpuMillis: number;
  memoryBytes: number;
  containers: number;
  /** By device index; shorter than the worker's GPUs where the last ones are untouched. */
  readonly gpuMillis: number[];
}
