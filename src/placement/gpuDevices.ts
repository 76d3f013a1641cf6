import {type Demand, WHOLE_GPU_MILLIS} from '../api/resources.ts';
import {countDevices, type FreeCapacity} from './freeCapacity.ts';
import type {WorkerRows} from './workerRows.ts';

/**
 * Takes devices of a worker for a demand that fits, and writes their indexes, counted from the
 * worker's first one, ascending, into `chosen` from `at` on: for a share the tightest device that
 * has it (a whole one only if no other does), for whole GPUs the lowest ones.
 */
export function takeDevices(
  {layout, free}: WorkerRows,
  position: number,
  demand: Demand,
  chosen: Int32Array,
  at: number,
): void {
  const start = layout.gpuStart[position]!;
  const end = layout.gpuEnd[position]!;
  if (demand.gpuMillis < WHOLE_GPU_MILLIS) {
    const device = tightestDevice(free, start, end, demand.gpuMillis);
    chosen[at] = device - start;
    free.gpuMillis[device]! -= demand.gpuMillis;
    countDevices(free, layout, position);
    return;
  }
  const {gpuCount} = demand;
  let next = at;
  for (let device = start; device < end && next < at + gpuCount; device++) {
    if (free.gpuMillis[device] !== WHOLE_GPU_MILLIS) continue;
    chosen[next++] = device - start;
    free.gpuMillis[device] = 0;
  }
  free.gpuTotal[position]! -= gpuCount * WHOLE_GPU_MILLIS;
  free.gpuWhole[position]! -= gpuCount;
}

/**
 * Index of the device with the least free that still has `millis`, the lowest of equals; else -1.
 */
function tightestDevice(
  {gpuMillis}: FreeCapacity,
  start: number,
  end: number,
  millis: number,
): number {
  let tightest = -1;
  let least = WHOLE_GPU_MILLIS + 1;
  for (let at = start; at < end; at++) {
    const left = gpuMillis[at]!;
    if (left >= millis && left < least) {
      tightest = at;
      least = left;
    }
  }
  return tightest;
}
