import {isSameAllocation} from '../api/allocation.ts';
import {type Allocation, type Capacity, WHOLE_GPU_MILLIS} from '../api/resources.ts';
import {assert} from '../lib/assert.ts';
import {Reject, type WorkerSum} from './ledger.ts';

/**
 * Allocations by uid, and their sum per worker. Both change in one method, so that a sum is never
 * a delta applied twice; all amounts are integers, so that adding and taking away is exact.
 */
export class Holdings {
  readonly #byUid = new Map<string, Allocation>();
  readonly #sums = new Map<string, WorkerSum>();

  /** @param allocations may overcommit a worker; a uid that comes again replaces the one before */
  constructor(allocations: Iterable<Allocation> = []) {
    for (const allocation of allocations) this.add(allocation);
  }

  get size(): number {
    return this.#byUid.size;
  }

  get(uid: string): Allocation | undefined {
    return this.#byUid.get(uid);
  }

  allocations(): Iterable<Allocation> {
    return this.#byUid.values();
  }

  /** Of the workers that hold something. */
  workerNames(): Iterable<string> {
    return this.#sums.keys();
  }

  /** Undefined for a worker that holds nothing. */
  sumOf(workerName: string): WorkerSum | undefined {
    return this.#sums.get(workerName);
  }

  /** Takes the capacity whether or not it is there: what is bound is true. */
  add(allocation: Allocation): void {
    this.remove(allocation.uid);
    this.#byUid.set(allocation.uid, allocation);
    let sum = this.#sums.get(allocation.workerName);
    if (!sum) {
      sum = {cpuMillis: 0, memoryBytes: 0, containers: 0, gpuMillis: []};
      this.#sums.set(allocation.workerName, sum);
    }
    accumulate(sum, allocation, 1);
  }

  /** False when nothing was held under `uid`. */
  remove(uid: string): boolean {
    const held = this.#byUid.get(uid);
    if (!held) return false;
    this.#byUid.delete(uid);
    const sum = this.#sums.get(held.workerName);
    assert(sum !== undefined, `worker ${held.workerName} of ${uid} has a sum`);
    accumulate(sum, held, -1);
    if (sum.containers === 0) this.#sums.delete(held.workerName);
    return true;
  }

  /** Why `assignment` cannot be added to a worker of `capacity`; undefined when it can. */
  judge(assignment: Allocation, capacity: Capacity | undefined): Reject | undefined {
    const held = this.#byUid.get(assignment.uid);
    if (held) return isSameAllocation(held, assignment) ? undefined : Reject.AssignedElsewhere;
    if (!capacity) return Reject.WorkerUnknown;
    const sum = this.#sums.get(assignment.workerName);
    return fits(assignment, capacity, sum) ? undefined : Reject.NoCapacity;
  }
}

function accumulate(sum: WorkerSum, allocation: Allocation, sign: 1 | -1): void {
  sum.cpuMillis += sign * allocation.cpuMillis;
  sum.memoryBytes += sign * allocation.memoryBytes;
  sum.containers += sign;
  for (const device of allocation.gpuDevices) {
    while (sum.gpuMillis.length <= device) sum.gpuMillis.push(0);
    sum.gpuMillis[device] = (sum.gpuMillis[device] ?? 0) + sign * allocation.gpuMillis;
  }
}

function fits(assignment: Allocation, capacity: Capacity, sum: WorkerSum | undefined): boolean {
  return (
    (sum?.cpuMillis ?? 0) + assignment.cpuMillis <= capacity.cpuMillis &&
    (sum?.memoryBytes ?? 0) + assignment.memoryBytes <= capacity.memoryBytes &&
    (sum?.containers ?? 0) + 1 <= capacity.containers &&
    assignment.gpuDevices.every(
      (device) =>
        device < capacity.gpuCount &&
        (sum?.gpuMillis[device] ?? 0) + assignment.gpuMillis <= WHOLE_GPU_MILLIS,
    )
  );
}

/** Stops on an assignment that no correct caller makes, before it reaches a ledger's sums. */
export function assertAssignments(assignments: readonly Allocation[]): void {
  for (const {uid, cpuMillis, memoryBytes, gpuDevices, gpuMillis} of assignments) {
    const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;
    assert(
      isCount(cpuMillis) && isCount(memoryBytes) && isCount(gpuMillis),
      `amounts of ${uid} are integers from 0: ${cpuMillis}, ${memoryBytes}, ${gpuMillis}`,
    );
    assert(
      gpuDevices.every(
        (device, index) => isCount(device) && device > (gpuDevices[index - 1] ?? -1),
      ),
      `GPU devices of ${uid} ascend: ${gpuDevices.join()}`,
    );
  }
}
