import type {Allocation, Capacity} from '../../src/api/resources.ts';
import type {CommitInput} from '../../src/ledger/ledger.ts';

export const gib = 2 ** 30;

/** One whole cpu and one GiB on worker `w-1`, unless told otherwise. */
export function makeAllocation(
  uid: string,
  overrides: Partial<Omit<Allocation, 'uid'>> = {},
): Allocation {
  return {
    uid,
    request: `default/${uid}`,
    workerName: 'w-1',
    cpuMillis: 1000,
    memoryBytes: gib,
    gpuDevices: [],
    gpuMillis: 0,
    ...overrides,
  };
}

export function makeCapacity(overrides: Partial<Capacity> = {}): Capacity {
  return {
    cpuMillis: 4000,
    memoryBytes: 16 * gib,
    gpuCount: 0,
    gpuType: '',
    containers: 250,
    ...overrides,
  };
}

/** A commit of epoch 1 that knows worker `w-1`, with four cpus. */
export function makeCommit(overrides: Partial<CommitInput> = {}): CommitInput {
  return {
    epoch: 1,
    cycle: 1,
    releases: [],
    confirmed: [],
    assignments: [],
    capacities: new Map([['w-1', makeCapacity()]]),
    ...overrides,
  };
}

/** Allocations in one order, so that two sets of them compare. */
export function byUid(allocations: readonly Allocation[]): readonly Allocation[] {
  return [...allocations].sort((left, right) => (left.uid < right.uid ? -1 : 1));
}
