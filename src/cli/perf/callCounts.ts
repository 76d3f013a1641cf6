/** What somebody beside the operator counts. */
const counted = ['commits', 'lockCalls', 'statusWrites', 'workerLists'] as const;
export type CountedCall = (typeof counted)[number];

/**
 * Updates of the ledger, locks taken and given back, status writes of requests, lists of workers;
 * undefined where nobody counts them, or does not say.
 */
export type CallCounts = Readonly<Record<CountedCall, number | undefined>>;

export interface CallCounter {
  /** Who counts updates of the ledger and locks, for the report. */
  readonly ledgerCalls: string;
  /** Who counts the rest. */
  readonly apiCalls: string;
  read(): Promise<CallCounts>;
}

export const noCounts: CallCounts = {
  commits: undefined,
  lockCalls: undefined,
  statusWrites: undefined,
  workerLists: undefined,
};

export function difference(after: CallCounts, before: CallCounts): CallCounts {
  const differences = counted.map((call) => {
    const [from, to] = [before[call], after[call]];
    return [call, from === undefined || to === undefined ? undefined : to - from] as const;
  });
  return {...noCounts, ...Object.fromEntries(differences)};
}
