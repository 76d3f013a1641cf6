import type {Constraints} from '../api/constraints.ts';
import {type Allocation, type Capacity, type Demand, WHOLE_GPU_MILLIS} from '../api/resources.ts';
import {assert} from '../lib/assert.ts';
import {hashString} from '../lib/hash.ts';
import {checkRequest} from './inputChecks.ts';
import {place} from './place.ts';
import type {Assigned, PlacementPool, PlacementRequest, PlacementWorker, Plan} from './plan.ts';
import {createWorkerTable, type WorkerTable} from './workerTable.ts';

export type {Constraints, LabelSelector, Taint, Toleration} from '../api/constraints.ts';
export type {UnfitReason} from '../api/reasons.ts';
export type {AffinityLevel, Strategy} from '../api/records.ts';
export type {Capacity, Demand, Shortage} from '../api/resources.ts';
export type {
  Assigned,
  NearestWorker,
  PlacementPool,
  PlacementRequest,
  PlacementWorker,
  Plan,
  Unplaced,
  Verdict,
} from './plan.ts';

/** What `prepareRequest` takes. */
export interface RequestOptions {
  /** Identity; once in a batch, and held once. */
  readonly uid: string;
  /**
   * Integers: cpu in thousandths of a core, memory in bytes. Of GPUs `gpuCount` whole ones, or with
   * `gpuMillis` below 1000 that share of one; `gpuTypes` in order of preference, empty for any.
   */
  readonly demand: Pick<Demand, 'cpuMillis' | 'memoryBytes'> & Partial<Demand>;
  /** Where it may go; anywhere without. core/v1 semantics. */
  readonly constraints?: Partial<Constraints>;
  /** Requests with one key prefer the same workers. Without one the load is levelled exactly. */
  readonly affinityKey?: string;
  /** 0 to 1000, higher first. Default 0. */
  readonly priority?: number;
}

/** A worker as `upsertWorker` takes it: name and capacity, the rest as a fresh worker has it. */
export type WorkerOptions = Pick<PlacementWorker, 'name'> &
  Partial<Omit<PlacementWorker, 'capacity'>> & {
    readonly capacity: Pick<Capacity, 'cpuMillis' | 'memoryBytes'> & Partial<Capacity>;
  };

/** Containers of a worker that does not say how many it may run: as a kubelet has it. */
const DEFAULT_CONTAINERS = 110;

/**
 * Places requests on workers, in memory: the engine of the Berth operator without Kubernetes.
 *
 * `place` decides and changes nothing, `take` holds what was decided, `release` gives it back.
 * Between the first two is where a caller commits to a store of its own; one that has none calls
 * them one after the other.
 */
export interface Placer {
  /** Adds a worker, or changes the one with that name; what runs there stays. */
  upsertWorker(worker: WorkerOptions): void;
  /** It gets nothing new; what it holds is remembered until released. Unknown names are fine. */
  removeWorker(name: string): void;
  /** Strategy and load bound of the workers with that `poolName`. */
  upsertPool(pool: PlacementPool): void;
  removePool(name: string): void;
  /**
   * One decision for all of `requests` against what is free now. Higher priority strictly first;
   * each request is in exactly one of the plan's two lists, the unplaced ones with the reason.
   *
   * @throws Error naming the value, when a uid is there twice or already held
   */
  place<Request extends PlacementRequest>(requests: readonly Request[]): Plan<Request>;
  /**
   * Holds assignments of a plan, or what was found running at the start.
   *
   * @throws Error when one of the uids is held already
   */
  take(assigned: Iterable<Pick<Assigned, 'request' | 'workerName' | 'gpuDevices'>>): void;
  /** Gives back what `uid` holds; false when it holds nothing. */
  release(uid: string): boolean;
}

/** A placer with no workers. */
export function createPlacer(): Placer {
  return new TablePlacer();
}

/**
 * A request as `place` takes it: checked and hashed once, when it arrives, not in every decision.
 * Keep the object for as long as the request waits; it may be spread into one with fields of yours,
 * which the plan gives back.
 *
 * @throws Error naming field, value and wanted value
 */
export function prepareRequest(options: RequestOptions): PlacementRequest {
  const {uid, affinityKey, priority = 0} = options;
  const demand = demandOf(options.demand);
  const constraints = {tolerations: [], ...options.constraints};
  const request = {
    uid,
    demand,
    constraints,
    classKey: JSON.stringify([demand, constraints]),
    affinityKey: affinityKey ?? '',
    affinityHash: hashString(affinityKey ?? '') | 0,
    affinityExplicit: affinityKey !== undefined,
    priority,
  };
  checkRequest(request);
  return request;
}

function demandOf({gpuCount, gpuMillis, gpuTypes = [], ...rest}: RequestOptions['demand']): Demand {
  const count = gpuCount ?? (gpuMillis === undefined ? 0 : 1);
  return {
    cpuMillis: rest.cpuMillis,
    memoryBytes: rest.memoryBytes,
    gpuCount: count,
    gpuMillis: gpuMillis ?? (count > 0 ? WHOLE_GPU_MILLIS : 0),
    gpuTypes,
  };
}

class TablePlacer implements Placer {
  readonly #table: WorkerTable = createWorkerTable();
  readonly #held = new Map<string, Allocation>();

  upsertWorker({capacity, ...worker}: WorkerOptions): void {
    this.#table.upsertWorker({
      poolName: 'default',
      labels: {},
      taints: [],
      unschedulable: false,
      ready: true,
      ...worker,
      capacity: {gpuCount: 0, gpuType: '', containers: DEFAULT_CONTAINERS, ...capacity},
    });
  }

  removeWorker(name: string): void {
    this.#table.removeWorker(name);
  }

  upsertPool(pool: PlacementPool): void {
    this.#table.upsertPool(pool);
  }

  removePool(name: string): void {
    this.#table.removePool(name);
  }

  place<Request extends PlacementRequest>(requests: readonly Request[]): Plan<Request> {
    for (const {uid} of requests) {
      assert(!this.#held.has(uid), `request ${uid} is placed once: it holds a worker already`);
    }
    return place(requests, this.#table.snapshot());
  }

  take(assigned: Iterable<Pick<Assigned, 'request' | 'workerName' | 'gpuDevices'>>): void {
    for (const {request, workerName, gpuDevices} of assigned) {
      const {uid, demand} = request;
      assert(!this.#held.has(uid), `request ${uid} is taken once: it holds a worker already`);
      const {cpuMillis, memoryBytes, gpuMillis} = demand;
      const allocation = {
        uid,
        request: uid,
        workerName,
        cpuMillis,
        memoryBytes,
        gpuDevices,
        gpuMillis,
      };
      this.#table.take(allocation, request.affinityExplicit ? request.affinityHash : undefined);
      this.#held.set(uid, allocation);
    }
  }

  release(uid: string): boolean {
    const allocation = this.#held.get(uid);
    if (!allocation) return false;
    this.#table.release(allocation);
    this.#held.delete(uid);
    return true;
  }
}
