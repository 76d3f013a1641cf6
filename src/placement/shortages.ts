import {type Demand, type Shortage, WHOLE_GPU_MILLIS} from '../api/resources.ts';
import {assert} from '../lib/assert.ts';
import type {BatchState} from './batchState.ts';
import {gpusFit} from './freeCapacity.ts';

/**
 * Everything that the worker at `rank` lacks for `demand`, in the order of the tests.
 *
 * @throws Error when it lacks nothing: then it could hold what was given up
 */
export function shortagesOf(
  demand: Demand,
  rank: number,
  {layout, free}: BatchState,
): readonly Shortage[] {
  const shortages: Shortage[] = [];
  if (demand.gpuCount > 0 && !gpusFit(free, rank, demand)) {
    const start = layout.gpuStart[rank]!;
    shortages.push(gpuShortage(demand, free.gpuMillis.subarray(start, layout.gpuEnd[rank]!)));
  }
  const amounts = [
    {resource: 'cpuMillis', wanted: demand.cpuMillis, free: free.cpuMillis[rank]!},
    {resource: 'memoryBytes', wanted: demand.memoryBytes, free: free.memoryBytes[rank]!},
    {resource: 'containers', wanted: 1, free: free.containers[rank]!},
  ] as const;
  shortages.push(...amounts.filter((one) => one.free < one.wanted));
  const name = layout.workers[rank]?.name;
  assert(shortages.length > 0, `worker ${name} holds no request of a class that fits nowhere`);
  return shortages;
}

function gpuShortage({gpuCount, gpuMillis}: Demand, devices: Int32Array): Shortage {
  if (gpuMillis < WHOLE_GPU_MILLIS) {
    return {resource: 'gpuMillis', wanted: gpuMillis, free: Math.max(0, ...devices)};
  }
  const whole = devices.filter((millis) => millis === WHOLE_GPU_MILLIS).length;
  return {resource: 'gpuCount', wanted: gpuCount, free: whole};
}
