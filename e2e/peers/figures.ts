/** What a bare client gets done a second. */
export interface FloorFigures {
  readonly createsPerSecond: number;
  /** Placing writes of objects that exist already. */
  readonly placingsPerSecond: number;
  /** Of the API server, for one of those writes. */
  readonly placingMs: number;
  /** Objects, each created and then placed. */
  readonly bothPerSecond: number;
}

/** Milliseconds of processor time a placement, until the API server is at rest. */
export interface Costs {
  /** Only until the last placement was seen: without what is written afterwards. */
  readonly apiServerToLastMs: number;
  readonly apiServerMs: number;
  readonly etcdMs: number;
  readonly schedulerMs: number;
}

/** Everything was created before the scheduler was started. */
export interface BacklogFigures {
  /** Between the first and the last placement seen. */
  readonly perSecond: number;
  /** From the start of the process to the last placement seen. */
  readonly perSecondFromStart: number;
  /** From the start of the process on. */
  readonly costs: Costs;
}

/** Everything was created while the scheduler ran, warm. */
export interface BurstFigures {
  /** From the first create sent to the last placement seen. */
  readonly perSecond: number;
  /** From a create sent to its placement seen. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** From the first create sent on, the creates included. */
  readonly costs: Costs;
}

export interface Side {
  readonly floor: FloorFigures;
  readonly backlog: BacklogFigures;
  readonly burst: BurstFigures;
}

/** One after the other in the same minutes. */
export interface Round {
  readonly peer: Side;
  readonly berth: Side;
}
