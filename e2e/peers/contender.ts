import type {PlacementKind} from './placementKind.ts';

/** A scheduler as a process of this machine. */
export interface RunningScheduler {
  readonly pid: number;
  hasEnded(): boolean;
  /** The last lines it logged, for a failure. */
  log(): string;
  stop(): Promise<void>;
}

/** One of the two that are compared. */
export interface Contender {
  readonly name: string;
  readonly kind: PlacementKind;
  /** Starts it; returns once the process runs, it need not place by then. */
  start(): Promise<RunningScheduler>;
}
