import type {RequestRecord} from '../api/records.ts';
import type {Clock} from '../lib/clock.ts';
import type {Random} from '../lib/random.ts';

export interface RequestQueueOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: {
    /** Requests known at once, whatever their state. */
    readonly maxRequests: number;
    readonly backoffBaseMs: number;
    readonly backoffMaxMs: number;
  };
  /** Told of each request that found the queue full: it waits outside until another one leaves. */
  readonly onRefused?: (record: RequestRecord) => void;
  /** Told how long each placed request was known without its worker. */
  readonly onPlaced?: (waitedMs: number) => void;
}

export interface RequeueOptions {
  /** Give it: a request deleted and created anew under its name is then left alone. */
  readonly uid?: string;
  /** Full-jitter backoff that grows with each requeue, when absent. */
  readonly delayMs?: number;
  /**
   * It lost against others, and nothing is wrong with it: no batch takes somebody of lower priority
   * before it, though its delay is not over. Not for ever: see `MAX_RANKED_REQUEUES`.
   */
  readonly keepsRank?: boolean;
}

/** Requests by state; together all that are known. */
export interface QueueCounts {
  readonly ready: number;
  readonly parked: number;
  readonly inFlight: number;
  readonly delayed: number;
  readonly placed: number;
}
