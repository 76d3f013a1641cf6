import type {Demand} from '../api/resources.ts';
import {WHOLE_GPU_MILLIS} from './freeCapacity.ts';

/**
 * Takes devices for a demand that fits, and writes their indexes, counted from the worker's first
 * one, ascending, into `chosen` from `at` on: for a share the tightest device that has it (a whole
 * one only if no other does), for whole GPUs the lowest ones.
 *
 * @param free thousandths free of each device of all workers; this worker's are `start` to `end`
 */
export function takeDevices(
  free: Int32Array,
  {start, end, demand}: {readonly start: number; readonly end: number; readonly demand: Demand},
  chosen: Int32Array,
  at: number,
): void {
  const {gpuCount, gpuMillis} = demand;
  if (gpuMillis < WHOLE_GPU_MILLIS) {
    const device = tightestDevice(free, start, end, gpuMillis);
    chosen[at] = device - start;
    free[device]! -= gpuMillis;
    return;
  }
  let next = at;
  for (let device = start; device < end && next < at + gpuCount; device++) {
    if (free[device] !== WHOLE_GPU_MILLIS) continue;
    chosen[next++] = device - start;
    free[device] = 0;
  }
}

/**
 * Index of the device with the least free that still has `millis`, the lowest of equals; else -1.
 */
export function tightestDevice(
  free: Int32Array,
  start: number,
  end: number,
  millis: number,
): number {
  let tightest = -1;
  let least = WHOLE_GPU_MILLIS + 1;
  for (let at = start; at < end; at++) {
    const left = free[at]!;
    if (left >= millis && left < least) {
      tightest = at;
      least = left;
    }
  }
  return tightest;
}
