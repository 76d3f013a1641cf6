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
  /** This uid already holds an allocation on another worker. */
  AssignedElsewhere: 'AssignedElsewhere',
  /** No capacity was given for the worker. */
  WorkerUnknown: 'WorkerUnknown',
} as const;
export type Reject = (typeof Reject)[keyof typeof Reject];

export type CommitResult =
  /** `rejects[i]` belongs to `assignments[i]`; undefined means accepted. */
  | {readonly kind: 'committed'; readonly rejects: readonly (Reject | undefined)[]}
  /** Another operator has a higher epoch: step down. */
  | {readonly kind: 'fenced'; readonly currentEpoch: number}
  /** Nothing is known to have been committed. Trying the same commit again is safe. */
  | {readonly kind: 'unavailable'; readonly cause: Error};

/**
 * Owner of capacity at commit time. Implementations: `memoryLedger.ts`, `redisLedger.ts`,
 * `kubernetesLedger.ts`; all pass `test/ledger/conformance`.
 *
 * - Idempotent per (uid, worker): committing the same assignment again is accepted and takes nothing.
 * - Partial acceptance is normal. Never above capacity, whatever is asked.
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
  close(): Promise<void>;
}

export type OpenResult =
  | {readonly kind: 'opened'; readonly allocations: readonly Allocation[]}
  | {readonly kind: 'fenced'; readonly currentEpoch: number}
  | {readonly kind: 'unavailable'; readonly cause: Error};
