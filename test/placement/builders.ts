import type {Allocation} from '../../src/api/resources.ts';
import {hashString} from '../../src/lib/hash.ts';
import {place} from '../../src/placement/place.ts';
import type {
  Assigned,
  PlacementRequest,
  PlacementWorker,
  Snapshot,
} from '../../src/placement/plan.ts';
import {createWorkerTable, type WorkerTable} from '../../src/placement/workerTable.ts';

const GIBIBYTE = 2 ** 30;

export type WorkerOptions = Partial<Omit<PlacementWorker, 'capacity'>> &
  Partial<PlacementWorker['capacity']>;

/** A ready worker of 4 cores and 8 GiB in pool `default`, but for what is given. */
export function makeWorker(options: WorkerOptions = {}): PlacementWorker {
  const {cpuMillis, memoryBytes, gpuCount, gpuType, containers, ...rest} = options;
  const gpus = gpuCount ?? 0;
  return {
    name: 'w-1',
    poolName: 'default',
    labels: {},
    taints: [],
    unschedulable: false,
    ready: true,
    ...rest,
    capacity: {
      cpuMillis: cpuMillis ?? 4000,
      memoryBytes: memoryBytes ?? 8 * GIBIBYTE,
      gpuCount: gpus,
      gpuType: gpuType ?? (gpus > 0 ? 'A100' : ''),
      containers: containers ?? 250,
    },
  };
}

/** `count` workers alike, named `w-1` and so on. */
export function makeWorkers(count: number, options: WorkerOptions = {}): PlacementWorker[] {
  return Array.from({length: count}, (_, index) =>
    makeWorker({name: `w-${index + 1}`, ...options}),
  );
}

export type RequestOptions = Partial<Omit<PlacementRequest, 'demand' | 'constraints'>> &
  Partial<PlacementRequest['demand']> &
  Partial<PlacementRequest['constraints']>;

let requestCount = 0;

/**
 * A request for 100m and 128 MiB with a uid of its own and no chosen key, but for what is given.
 */
export function makeRequest(options: RequestOptions = {}): PlacementRequest {
  const gpuCount = options.gpuCount ?? 0;
  const demand = {
    cpuMillis: options.cpuMillis ?? 100,
    memoryBytes: options.memoryBytes ?? 128 * 2 ** 20,
    gpuCount,
    gpuMillis: options.gpuMillis ?? (gpuCount > 0 ? 1000 : 0),
    gpuTypes: options.gpuTypes ?? [],
  };
  const {poolName, workerName, selector, affinityKey = 'image'} = options;
  const constraints = {
    ...(poolName !== undefined && {poolName}),
    ...(workerName !== undefined && {workerName}),
    ...(selector && {selector}),
    tolerations: options.tolerations ?? [],
  };
  return {
    uid: options.uid ?? `uid-${++requestCount}`,
    demand,
    constraints,
    classKey: options.classKey ?? JSON.stringify([demand, constraints]),
    affinityKey,
    affinityHash: hashString(affinityKey) | 0,
    affinityExplicit: options.affinityExplicit ?? options.affinityKey !== undefined,
    priority: options.priority ?? 0,
  };
}

export function makeRequests(count: number, options: RequestOptions = {}): PlacementRequest[] {
  return Array.from({length: count}, () => makeRequest(options));
}

/** A table that holds these workers and nothing on them. */
export function tableOf(workers: readonly PlacementWorker[]): WorkerTable {
  const table = createWorkerTable();
  for (const worker of workers) table.upsertWorker(worker);
  return table;
}

export function snapshotOf(workers: readonly PlacementWorker[]): Snapshot {
  return tableOf(workers).snapshot();
}

/** Name of the worker that a single such request would get now. */
export function placedOn(table: WorkerTable, options: RequestOptions = {}): string | undefined {
  return place([makeRequest(options)], table.snapshot()).assigned[0]?.workerName;
}

/** What a request holds once its assignment is committed. */
export function allocationOf({request, workerName, gpuDevices}: Assigned): Allocation {
  const {cpuMillis, memoryBytes, gpuMillis} = request.demand;
  const {uid} = request;
  return {
    uid,
    request: `default/${uid}`,
    workerName,
    cpuMillis,
    memoryBytes,
    gpuDevices,
    gpuMillis,
  };
}

/** An allocation of 100m and 128 MiB on `w-1`, but for what is given. */
export function makeAllocation(options: Partial<Allocation> = {}): Allocation {
  return {
    uid: 'bound',
    request: 'default/bound',
    workerName: 'w-1',
    cpuMillis: 100,
    memoryBytes: 128 * 2 ** 20,
    gpuDevices: [],
    gpuMillis: 0,
    ...options,
  };
}

/** Number of assignments a worker; workers without one are there with 0. */
export function countByWorker(
  assigned: readonly Assigned[],
  workers: readonly PlacementWorker[],
): Map<string, number> {
  const counts = new Map(workers.map(({name}) => [name, 0]));
  for (const {workerName} of assigned) counts.set(workerName, (counts.get(workerName) ?? 0) + 1);
  return counts;
}
