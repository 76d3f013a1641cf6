import type {SelectorRequirement, Taint, Toleration} from '../../src/api/constraints.ts';
import type {UnfitReason} from '../../src/api/reasons.ts';
import type {Allocation} from '../../src/api/resources.ts';
import type {PlacementRequest, PlacementWorker, Plan} from '../../src/placement/plan.ts';
import {allocationOf} from './builders.ts';

/*
 * A second opinion on plans: slow, and obvious enough to be believed. It shares no code with
 * `src/placement/` but the types, and recounts everything from the list of allocations.
 */

/** What one plan was made from. */
export interface Scenario {
  readonly workers: readonly PlacementWorker[];
  /** On the workers before the batch; may overcommit them. */
  readonly bound: readonly Allocation[];
  readonly batch: readonly PlacementRequest[];
}

/** Everything that is wrong with the plan, one sentence each; empty when it keeps the contract. */
export function findViolations(scenario: Scenario, plan: Plan): string[] {
  return [
    ...countRequests(scenario, plan),
    ...checkAssignments(scenario, plan),
    ...findLeftOut(scenario, plan),
    ...findInversions(scenario, plan),
  ];
}

function countRequests({batch}: Scenario, {assigned, unplaced}: Plan): string[] {
  const planned = [...assigned, ...unplaced].map(({request}) => request);
  const strangers = planned.filter((request) => !batch.includes(request));
  const wrong = batch.filter((one) => planned.filter((other) => other === one).length !== 1);
  return [
    ...strangers.map(({uid}) => `${uid} was never in the batch`),
    ...wrong.map(({uid}) => `${uid} is not exactly once in the plan`),
  ];
}

/** Repeats the plan step by step: each assignment must have room when its turn comes. */
function checkAssignments({workers, bound}: Scenario, {assigned}: Plan): string[] {
  const held = [...bound];
  const violations: string[] = [];
  for (const one of assigned) {
    const {request, workerName, gpuDevices} = one;
    const worker = workers.find(({name}) => name === workerName);
    if (!worker) {
      violations.push(`${request.uid} is on ${workerName}, which does not exist`);
      continue;
    }
    const reason = whyNot(request, worker, held);
    if (reason) violations.push(`${request.uid} is on ${workerName} in spite of ${reason}`);
    violations.push(...checkDevices(request, worker, gpuDevices, held));
    violations.push(...checkWishes(request, worker, workers, held));
    held.push(allocationOf(one));
  }
  return violations;
}

function checkDevices(
  {uid, demand}: PlacementRequest,
  worker: PlacementWorker,
  devices: readonly number[],
  held: readonly Allocation[],
): string[] {
  const violations: string[] = [];
  if (devices.length !== demand.gpuCount) violations.push(`${uid} has ${devices.length} devices`);
  for (const [index, device] of devices.entries()) {
    if (index > 0 && device <= devices[index - 1]!) violations.push(`${uid} has devices unsorted`);
    if (device < 0 || device >= worker.capacity.gpuCount) {
      violations.push(`${uid} has device ${device}, which ${worker.name} does not have`);
    } else if (takenOfDevice(worker, device, held) + demand.gpuMillis > 1000) {
      violations.push(`${uid} takes too much of device ${device} of ${worker.name}`);
    }
  }
  return violations;
}

/** What is wished and not required, the most important first: never against a worker with room. */
function checkWishes(
  request: PlacementRequest,
  chosen: PlacementWorker,
  workers: readonly PlacementWorker[],
  held: readonly Allocation[],
): string[] {
  const own = dislikeOf(request, chosen);
  return workers
    .filter((other) => dislikeOf(request, other) < own && !whyNot(request, other, held))
    .map(({name}) => `${request.uid} is on ${chosen.name}, and likes ${name} better`);
}

/** GPU types in the order of the request, or rather no GPU; then no PreferNoSchedule. */
function dislikeOf({demand, constraints}: PlacementRequest, worker: PlacementWorker): number {
  const {gpuCount, gpuType} = worker.capacity;
  const wantsType = demand.gpuTypes.length > 0;
  const type = wantsType ? demand.gpuTypes.indexOf(gpuType) : 0;
  const isAvoided = worker.taints
    .filter(({effect}) => effect === 'PreferNoSchedule')
    .some((taint) => !constraints.tolerations.some((one) => covers(one, taint)));
  const gpu = demand.gpuCount > 0 ? type : gpuCount > 0 ? 1 : 0;
  return gpu * 2 + (isAvoided ? 1 : 0);
}

function findLeftOut({workers, bound}: Scenario, {assigned, unplaced}: Plan): string[] {
  const held = [...bound, ...assigned.map(allocationOf)];
  return unplaced.flatMap(({request}) =>
    workers
      .filter((worker) => whyNot(request, worker, held) === undefined)
      .map((worker) => `${request.uid} is unplaced, but ${worker.name} has room for it`),
  );
}

/** A request may be left out only if it has no room among those of its own priority and above. */
function findInversions({workers, bound}: Scenario, {assigned, unplaced}: Plan): string[] {
  return unplaced.flatMap(({request}) => {
    const before = assigned.filter((one) => one.request.priority >= request.priority);
    const held = [...bound, ...before.map(allocationOf)];
    return workers
      .filter((worker) => whyNot(request, worker, held) === undefined)
      .map((worker) => `${request.uid} gave way on ${worker.name} to a lower priority`);
  });
}

/** The first test that the worker fails for the request; undefined when it could hold it. */
export function whyNot(
  request: PlacementRequest,
  worker: PlacementWorker,
  held: readonly Allocation[],
): UnfitReason | undefined {
  const {demand, constraints} = request;
  const {capacity, labels} = worker;
  const mine = held.filter(({workerName}) => workerName === worker.name);
  const total = (amount: (one: Allocation) => number) =>
    mine.reduce((sum, one) => sum + amount(one), 0);

  if (!worker.ready) return 'NotReady';
  if (worker.unschedulable) return 'Unschedulable';
  if (constraints.workerName !== undefined && constraints.workerName !== worker.name) {
    return 'WorkerNameMismatch';
  }
  if (constraints.poolName !== undefined && constraints.poolName !== worker.poolName) {
    return 'PoolMismatch';
  }
  const wanted = Object.entries(constraints.selector?.matchLabels ?? {});
  const expressions = constraints.selector?.matchExpressions ?? [];
  const isSelected =
    wanted.every(([key, value]) => labels[key] === value) &&
    expressions.every((expression) => isMet(expression, labels[expression.key]));
  if (!isSelected) return 'SelectorMismatch';
  const repelling = worker.taints.filter(({effect}) => effect !== 'PreferNoSchedule');
  if (repelling.some((taint) => !constraints.tolerations.some((one) => covers(one, taint)))) {
    return 'UntoleratedTaint';
  }
  if (demand.gpuCount > 0) {
    if (demand.gpuTypes.length > 0 && !demand.gpuTypes.includes(capacity.gpuType)) {
      return 'GpuTypeMismatch';
    }
    const devices = Array.from({length: capacity.gpuCount}, (_, device) => device);
    const open = devices.filter(
      (device) => takenOfDevice(worker, device, held) + demand.gpuMillis <= 1000,
    );
    if (open.length < demand.gpuCount) return 'InsufficientGpu';
  }
  if (total((one) => one.cpuMillis) + demand.cpuMillis > capacity.cpuMillis) {
    return 'InsufficientCpu';
  }
  if (total((one) => one.memoryBytes) + demand.memoryBytes > capacity.memoryBytes) {
    return 'InsufficientMemory';
  }
  return mine.length + 1 > capacity.containers ? 'TooManyContainers' : undefined;
}

function takenOfDevice(
  worker: PlacementWorker,
  device: number,
  held: readonly Allocation[],
): number {
  return held
    .filter((one) => one.workerName === worker.name && one.gpuDevices.includes(device))
    .reduce((sum, one) => sum + one.gpuMillis, 0);
}

function isMet({operator, values = []}: SelectorRequirement, label: string | undefined): boolean {
  const isListed = label !== undefined && values.includes(label);
  if (operator === 'In') return isListed;
  if (operator === 'NotIn') return !isListed;
  if (operator === 'Exists') return label !== undefined;
  if (operator === 'DoesNotExist') return label === undefined;
  // Small numbers only here: those of 64 bits have rows of their own.
  if (![label, values[0]].every((text) => /^[+-]?[0-9]+$/.test(text ?? ''))) return false;
  return operator === 'Gt' ? Number(label) > Number(values[0]) : Number(label) < Number(values[0]);
}

function covers(toleration: Toleration, taint: Taint): boolean {
  const {key, operator = 'Equal', value = '', effect} = toleration;
  const isSameKey = key === undefined || key === taint.key;
  const isSameEffect = effect === undefined || effect === taint.effect;
  return isSameKey && isSameEffect && (operator === 'Exists' || value === (taint.value ?? ''));
}
