import type {Constraints} from '../api/constraints.ts';
import {type Demand, WHOLE_GPU_MILLIS} from '../api/resources.ts';
import type {PlacementWorker, Usage} from './plan.ts';

/**
 * Whether a changed worker may be news for a class of waiting requests. Cheap and generous: true
 * for every worker that could hold it, and for some that could not (labels and taints are left to
 * `place`); a class that is woken for nothing costs one decision, one that is not woken waits for
 * ever.
 */
export function couldHold(at: {
  readonly worker: PlacementWorker;
  readonly used: Usage;
  readonly demand: Demand;
  readonly constraints: Constraints;
}): boolean {
  const {worker, used, demand, constraints} = at;
  const {capacity} = worker;
  return (
    worker.ready &&
    !worker.unschedulable &&
    (constraints.poolName === undefined || constraints.poolName === worker.poolName) &&
    (constraints.workerName === undefined || constraints.workerName === worker.name) &&
    used.cpuMillis + demand.cpuMillis <= capacity.cpuMillis &&
    used.memoryBytes + demand.memoryBytes <= capacity.memoryBytes &&
    used.containers < capacity.containers &&
    freeDevices(used, demand.gpuMillis) >= demand.gpuCount
  );
}

function freeDevices({gpuMillis}: Usage, wantedMillis: number): number {
  return gpuMillis.filter((taken) => taken + wantedMillis <= WHOLE_GPU_MILLIS).length;
}
