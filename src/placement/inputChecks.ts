import type {Allocation} from '../api/resources.ts';
import {assert} from '../lib/assert.ts';
import type {PlacementPool, PlacementRequest, PlacementWorker} from './plan.ts';

/** As the schema of a request says; the sort of a batch counts on it. */
export const MAX_PRIORITY = 1000;

/**
 * Devices of one worker; far above any machine, and it keeps sums of thousandths exact in int32.
 */
const MAX_GPUS = 1024;

/** Stops on a request that parsing should never have let through. */
export function checkRequest(request: PlacementRequest): void {
  checkDemand(request);
  checkPriority(request);
}

export function checkDemand({uid, demand}: PlacementRequest): void {
  const {cpuMillis, memoryBytes, gpuCount, gpuMillis} = demand;
  if (!isCount(cpuMillis)) fail(`cpuMillis of request ${uid}`, 'an integer from 0', cpuMillis);
  if (!isCount(memoryBytes))
    fail(`memoryBytes of request ${uid}`, 'an integer from 0', memoryBytes);
  if (!isCount(gpuCount)) fail(`gpuCount of request ${uid}`, 'an integer from 0', gpuCount);
  if (!isShare(gpuCount, gpuMillis)) {
    const wanted = 'a share from 1 to 1000 of one GPU, 1000 of several, 0 of none';
    fail(`gpuMillis of request ${uid} with gpuCount ${gpuCount}`, wanted, gpuMillis);
  }
}

export function checkPriority({uid, priority}: PlacementRequest): void {
  if (isCount(priority) && priority <= MAX_PRIORITY) return;
  fail(`priority of request ${uid}`, `an integer from 0 to ${MAX_PRIORITY}`, priority);
}

export function checkWorker({name, capacity}: PlacementWorker): void {
  for (const [field, value] of Object.entries(capacity)) {
    if (field === 'gpuType') continue;
    if (!isCount(value)) fail(`${field} of worker ${name}`, 'an integer from 0', value);
  }
  if (capacity.gpuCount > MAX_GPUS) {
    fail(`gpuCount of worker ${name}`, `at most ${MAX_GPUS}`, capacity.gpuCount);
  }
}

export function checkPool({name, loadBound}: PlacementPool): void {
  if (!(loadBound >= 1 && Number.isFinite(loadBound))) {
    fail(`loadBound of pool ${name}`, 'at least 1', loadBound);
  }
}

export function checkAllocation(allocation: Allocation): void {
  const {uid, cpuMillis, memoryBytes, gpuMillis, gpuDevices} = allocation;
  if (!isCount(cpuMillis)) fail(`cpuMillis of allocation ${uid}`, 'an integer from 0', cpuMillis);
  if (!isCount(memoryBytes)) {
    fail(`memoryBytes of allocation ${uid}`, 'an integer from 0', memoryBytes);
  }
  if (!isCount(gpuMillis) || gpuMillis > 1000) {
    fail(`gpuMillis of allocation ${uid}`, 'an integer from 0 to 1000', gpuMillis);
  }
  for (const device of gpuDevices) {
    if (isCount(device) && device < MAX_GPUS) continue;
    fail(`GPU device of allocation ${uid}`, `an integer from 0 below ${MAX_GPUS}`, device);
  }
}

/** At most 2^53 - 1: beyond it sums would round, and a worker could be filled twice. */
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isShare(gpuCount: number, gpuMillis: number): boolean {
  if (gpuCount === 0) return gpuMillis === 0;
  if (gpuCount > 1) return gpuMillis === 1000;
  return isCount(gpuMillis) && gpuMillis >= 1 && gpuMillis <= 1000;
}

function fail(what: string, wanted: string, found: unknown): never {
  assert(false, `${what} must be ${wanted}: current value is ${String(found)}`);
}
