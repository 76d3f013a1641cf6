import type {RequestRecord} from './records.ts';
import type {Allocation} from './resources.ts';

/** What a request takes of the worker that was chosen for it. */
export function allocationOf(
  {uid, key}: Pick<RequestRecord, 'uid' | 'key'>,
  {workerName, gpuDevices}: Pick<Allocation, 'workerName' | 'gpuDevices'>,
  {cpuMillis, memoryBytes, gpuMillis}: Pick<Allocation, 'cpuMillis' | 'memoryBytes' | 'gpuMillis'>,
): Allocation {
  return {uid, request: key, workerName, cpuMillis, memoryBytes, gpuDevices, gpuMillis};
}

/** Hash of the key that somebody chose for the request; undefined when it is only its image. */
export function chosenKeyOf({
  affinityExplicit,
  affinityHash,
}: Pick<RequestRecord, 'affinityExplicit' | 'affinityHash'>): number | undefined {
  return affinityExplicit ? affinityHash : undefined;
}

/**
 * Whether two allocations of one request are the same. Amounts and devices count: accepting another
 * device as the same assignment would bind a GPU that the ledger believes to be free.
 */
export function isSameAllocation(left: Allocation, right: Allocation): boolean {
  return (
    left.workerName === right.workerName &&
    left.cpuMillis === right.cpuMillis &&
    left.memoryBytes === right.memoryBytes &&
    left.gpuMillis === right.gpuMillis &&
    left.gpuDevices.length === right.gpuDevices.length &&
    left.gpuDevices.every((device, index) => device === right.gpuDevices[index])
  );
}
