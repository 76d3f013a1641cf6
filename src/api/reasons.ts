/** Reasons of the `Scheduled` condition; shared by conditions, events, metrics, logs and tests. */
export const ScheduledReason = {
  Placed: 'Placed',
  InvalidSpec: 'InvalidSpec',
  Unplaceable: 'Unplaceable',
  /** Nobody has looked for a worker: requests of higher priority fill the batches. */
  Outranked: 'Outranked',
  Suspended: 'Suspended',
  LedgerUnavailable: 'LedgerUnavailable',
  WorkerLost: 'WorkerLost',
} as const;
export type ScheduledReason = (typeof ScheduledReason)[keyof typeof ScheduledReason];

/** Reasons of the `Finished` condition. */
export const FinishedReason = {
  Completed: 'Completed',
  ContainerFailed: 'ContainerFailed',
  PodRefused: 'PodRefused',
  DeadlineExceeded: 'DeadlineExceeded',
  PlacementTimeout: 'PlacementTimeout',
  WorkerLost: 'WorkerLost',
} as const;
export type FinishedReason = (typeof FinishedReason)[keyof typeof FinishedReason];

/** Reasons of the `Ready` condition of a WorkerPool. */
export const PoolReason = {
  Complete: 'Complete',
  NodesLeftOut: 'NodesLeftOut',
  InvalidSpec: 'InvalidSpec',
} as const;
export type PoolReason = (typeof PoolReason)[keyof typeof PoolReason];

/** Why one worker cannot hold one request; the first test that failed, in this order. */
export const UnfitReason = {
  NotReady: 'NotReady',
  Unschedulable: 'Unschedulable',
  WorkerNameMismatch: 'WorkerNameMismatch',
  PoolMismatch: 'PoolMismatch',
  SelectorMismatch: 'SelectorMismatch',
  UntoleratedTaint: 'UntoleratedTaint',
  GpuTypeMismatch: 'GpuTypeMismatch',
  /** It had room, until requests of higher priority in the same batch took it. */
  Outranked: 'Outranked',
  InsufficientGpu: 'InsufficientGpu',
  InsufficientCpu: 'InsufficientCpu',
  InsufficientMemory: 'InsufficientMemory',
  TooManyContainers: 'TooManyContainers',
} as const;
export type UnfitReason = (typeof UnfitReason)[keyof typeof UnfitReason];

/** Messages of more than one writer: what is said twice in other words is written twice. */
export const suspendedMessage = 'spec.suspend is true: no worker is chosen until it is false';
export const ledgerAwaitedMessage = 'the ledger does not answer, nothing is placed until it does';
export const noWorkerMessage = 'it has no worker';
export const completedMessage = 'the container exited with code 0';
