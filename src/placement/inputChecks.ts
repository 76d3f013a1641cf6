import type {Constraints, SelectorRequirement, TaintEffect} from '../api/constraints.ts';
import {type Allocation, type Demand, WHOLE_GPU_MILLIS} from '../api/resources.ts';
import {assert} from '../lib/assert.ts';
import type {PlacementPool, PlacementRequest, PlacementWorker} from './plan.ts';

/*
 * The border of placement. Parsing has refused all of this with a condition on the object; what
 * comes here all the same is a defect of the caller, and a plan made from it would be wrong.
 */

/** As the schema of a request says; the sort of a batch counts on it. */
export const MAX_PRIORITY = 1000;

/**
 * Devices of one worker; far above any machine, and it keeps sums of thousandths exact in int32.
 */
const MAX_GPUS = 1024;

const COUNT = 'an integer from 0 to 2^53 - 1';
const EFFECTS: readonly TaintEffect[] = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** How many values a requirement may have, by its operator. */
const VALUES: Readonly<
  Record<SelectorRequirement['operator'], {readonly min: number; readonly max: number}>
> = {
  In: {min: 1, max: Number.POSITIVE_INFINITY},
  NotIn: {min: 1, max: Number.POSITIVE_INFINITY},
  Exists: {min: 0, max: 0},
  DoesNotExist: {min: 0, max: 0},
  Gt: {min: 1, max: 1},
  Lt: {min: 1, max: 1},
};

/** Stops on a request that parsing should never have let through. */
export function checkRequest(request: PlacementRequest): void {
  checkClass(request);
  checkMember(request);
}

/** What all requests of a class share. */
export function checkClass({uid, demand, constraints}: PlacementRequest): void {
  const of = `of request ${uid}`;
  checkDemand(demand, of);
  checkConstraints(constraints, of);
}

/** What each request has of its own; called for each of a batch. */
export function checkMember({uid, priority, affinityHash}: PlacementRequest): void {
  if (!isCount(priority) || priority > MAX_PRIORITY) {
    fail(`priority of request ${uid}`, `an integer from 0 to ${MAX_PRIORITY}`, priority);
  }
  if (Number.isSafeInteger(affinityHash)) return;
  fail(`affinityHash of request ${uid}`, 'an integer', affinityHash);
}

export function checkWorker(worker: PlacementWorker): void {
  const {name, capacity, taints} = worker;
  if (!isName(name)) fail('name of a worker', 'a text that is not empty', name);
  const of = `of worker ${name}`;
  if (!isName(worker.poolName)) fail(`poolName ${of}`, 'a text that is not empty', worker.poolName);
  for (const field of ['cpuMillis', 'memoryBytes', 'gpuCount', 'containers'] as const) {
    if (!isCount(capacity[field])) fail(`${field} ${of}`, COUNT, capacity[field]);
  }
  const {gpuCount, gpuType} = capacity;
  if (gpuCount > MAX_GPUS) fail(`gpuCount ${of}`, `at most ${MAX_GPUS}`, gpuCount);
  if (typeof gpuType !== 'string') fail(`gpuType ${of}`, 'a text', gpuType);
  for (const field of ['ready', 'unschedulable'] as const) {
    if (typeof worker[field] !== 'boolean') fail(`${field} ${of}`, 'true or false', worker[field]);
  }
  for (const {effect} of taints) checkOneOf(`effect of a taint ${of}`, EFFECTS, effect);
}

export function checkPool({name, strategy, loadBound}: PlacementPool): void {
  if (!isName(name)) fail('name of a pool', 'a text that is not empty', name);
  if (strategy !== undefined) checkOneOf(`strategy of pool ${name}`, ['Spread', 'Pack'], strategy);
  if (!(loadBound >= 1 && Number.isFinite(loadBound))) {
    fail(`loadBound of pool ${name}`, 'a number from 1', loadBound);
  }
}

export function checkAllocation(allocation: Allocation): void {
  const {uid, gpuMillis, gpuDevices} = allocation;
  for (const field of ['cpuMillis', 'memoryBytes'] as const) {
    if (!isCount(allocation[field]))
      fail(`${field} of allocation ${uid}`, COUNT, allocation[field]);
  }
  if (!isCount(gpuMillis) || gpuMillis > WHOLE_GPU_MILLIS) {
    fail(`gpuMillis of allocation ${uid}`, 'an integer from 0 to 1000', gpuMillis);
  }
  for (const device of gpuDevices) {
    if (isCount(device) && device < MAX_GPUS) continue;
    fail(`GPU device of allocation ${uid}`, `an integer from 0 below ${MAX_GPUS}`, device);
  }
}

function checkDemand(demand: Demand, of: string): void {
  for (const field of ['cpuMillis', 'memoryBytes', 'gpuCount'] as const) {
    if (!isCount(demand[field])) fail(`${field} ${of}`, COUNT, demand[field]);
  }
  const {gpuCount, gpuMillis, gpuTypes} = demand;
  if (!isShare(gpuCount, gpuMillis)) {
    const wanted = 'a share from 1 to 1000 of one GPU, 1000 of several, 0 of none';
    fail(`gpuMillis ${of} with gpuCount ${gpuCount}`, wanted, gpuMillis);
  }
  for (const type of gpuTypes) {
    if (!isName(type)) fail(`gpuTypes ${of}`, 'texts that are not empty', type);
  }
}

function checkConstraints({tolerations, selector}: Constraints, of: string): void {
  for (const {operator = 'Equal', effect} of tolerations) {
    checkOneOf(`operator of a toleration ${of}`, ['Equal', 'Exists'], operator);
    if (effect !== undefined) checkOneOf(`effect of a toleration ${of}`, EFFECTS, effect);
  }
  for (const {key, operator, values = []} of selector?.matchExpressions ?? []) {
    checkOneOf(`operator of the selector ${of} on ${key}`, Object.keys(VALUES), operator);
    const {min, max} = VALUES[operator];
    if (values.length >= min && values.length <= max) continue;
    const wanted = max > 1 ? `at least ${min}` : `${max}`;
    fail(`number of values of the selector ${of} for ${key} ${operator}`, wanted, values.length);
  }
}

function checkOneOf(what: string, known: readonly string[], value: string): void {
  if (!known.includes(value)) fail(what, `one of ${known.join(', ')}`, value);
}

/** At most 2^53 - 1: beyond it sums would round, and a worker could be filled twice. */
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isShare(gpuCount: number, gpuMillis: number): boolean {
  if (gpuCount === 0) return gpuMillis === 0;
  if (gpuCount > 1) return gpuMillis === WHOLE_GPU_MILLIS;
  return isCount(gpuMillis) && gpuMillis >= 1 && gpuMillis <= WHOLE_GPU_MILLIS;
}

function fail(what: string, wanted: string, found: unknown): never {
  assert(false, `${what} must be ${wanted}: current value is ${String(found)}`);
}
