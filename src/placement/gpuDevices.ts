import type {Demand} from '../api/resources.ts';
import {WHOLE_GPU_MILLIS} from './freeCapacity.ts';

const NO_DEVICES: readonly number[] = Object.freeze([]);

/**
 * Devices for a demand that fits, as indexes from the worker's first one, ascending: for a share
 * the tightest device that has it (a whole one only if no other does), for whole GPUs the lowest
 * ones.
 *
 * @param free thousandths free of each device of all workers; this worker's are `start` to `end`
 */
export function chooseDevices(
  free: Int32Array,
  start: number,
  end: number,
  demand: Demand,
): readonly number[] {
  if (demand.gpuCount === 0) return NO_DEVICES;
  if (demand.gpuMillis < WHOLE_GPU_MILLIS) {
    return [tightestDevice(free, start, end, demand.gpuMillis) - start];
  }
  const devices: number[] = [];
  for (let at = start; at < end && devices.length < demand.gpuCount; at++) {
    if (free[at] === WHOLE_GPU_MILLIS) devices.push(at - start);
  }
  return devices;
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
