import type {ScheduledReason} from '../api/reasons.ts';
import type {AffinityLevel, InvalidRequest, RequestRecord} from '../api/records.ts';

/** `status.assignment` of a placed request. */
export interface Assignment {
  /** Unique over all epochs: `epoch.cycle.index`. */
  readonly id: string;
  readonly epoch: number;
  readonly cycle: number;
  readonly gpuDevices: readonly number[];
  readonly affinity: AffinityLevel;
}

/** Write that a request has its worker. */
export interface BindIntent {
  readonly kind: 'bind';
  readonly record: RequestRecord;
  readonly workerName: string;
  readonly assignment: Assignment;
}

/** Write why a request waits. */
export interface PendingIntent {
  readonly kind: 'pending';
  readonly record: RequestRecord | InvalidRequest;
  readonly reason: ScheduledReason;
  readonly message: string;
}
