/** Calls, as somebody beside the operator counts them. */
export interface CallCounts {
  /** Updates of the ledger. */
  readonly commits: number;
  /** Locks taken and given back. */
  readonly lockCalls: number;
  readonly statusPatches: number;
  readonly workerLists: number;
}

/** Of a server or several; undefined where one of them does not say. */
export interface CallCounter {
  /** For the report: who counts what. */
  readonly source: string;
  read(): Promise<CallCounts | undefined>;
}

export function difference(
  after: CallCounts | undefined,
  before: CallCounts | undefined,
): CallCounts | undefined {
  if (!after || !before) return undefined;
  return {
    commits: after.commits - before.commits,
    lockCalls: after.lockCalls - before.lockCalls,
    statusPatches: after.statusPatches - before.statusPatches,
    workerLists: after.workerLists - before.workerLists,
  };
}
