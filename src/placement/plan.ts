import type {Constraints, Taint} from '../api/constraints.ts';
import type {UnfitReason} from '../api/reasons.ts';
import type {AffinityLevel, Strategy} from '../api/records.ts';
import type {Capacity, Demand, Shortage} from '../api/resources.ts';

/** A request as placement sees it. */
export interface PlacementRequest {
  readonly uid: string;
  readonly demand: Demand;
  readonly constraints: Constraints;
  /** Equal for requests with equal demand and constraints. */
  readonly classKey: string;
  readonly affinityKey: string;
  /** `hashString(affinityKey) | 0`, computed once at arrival; signed, as V8 boxes what is not. */
  readonly affinityHash: number;
  /** False when nobody chose the key: then the load is levelled exactly (load bound 1). */
  readonly affinityExplicit: boolean;
  /** 0 to 1000, higher first. */
  readonly priority: number;
}

/** A worker as placement sees it. */
export interface PlacementWorker {
  readonly name: string;
  readonly poolName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly unschedulable: boolean;
  readonly ready: boolean;
  readonly capacity: Capacity;
}

/** What is taken of one worker: the sum over its allocations. */
export interface Usage {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  readonly containers: number;
  /** Thousandths taken of each device; as long as the worker has GPUs. */
  readonly gpuMillis: readonly number[];
}

export interface PlacementPool {
  readonly name: string;
  /** Undefined: Pack where its workers have GPUs, else Spread. */
  readonly strategy: Strategy | undefined;
  readonly loadBound: number;
}

/**
 * All workers at one moment: good for `place` until the source it was taken from changes, and an
 * error afterwards. `place` leaves it as it is.
 */
export interface Snapshot {
  readonly workerCount: number;
  /** Grows with every change of the source it was taken from. */
  readonly generation: number;
}

/** `Request` is what the caller put into the batch: the plan gives the same objects back. */
export interface Assigned<Request extends PlacementRequest = PlacementRequest> {
  readonly request: Request;
  readonly workerName: string;
  /** Device indexes, ascending. */
  readonly gpuDevices: readonly number[];
  readonly affinity: AffinityLevel;
}

export interface Unplaced<Request extends PlacementRequest = PlacementRequest> {
  readonly request: Request;
  readonly verdict: Verdict;
}

/**
 * Why a class of requests fits nowhere: how many workers failed each test first. Judged once a
 * class and batch, for the first of its requests that is left out.
 */
export interface Verdict {
  readonly workerCount: number;
  /** In the order of `UnfitReason`, without zeros. */
  readonly counts: readonly {readonly reason: UnfitReason; readonly workers: number}[];
  /** For people: `0/20 workers fit: 12 insufficient cpu, 8 not ready.` */
  readonly message: string;
  /**
   * Of the workers where only capacity is missing, the one that lacks least. Not part of the
   * message: it changes with every placement, and a changed message is a write to the API server.
   */
  readonly nearest?: NearestWorker;
}

export interface NearestWorker {
  readonly workerName: string;
  /** The first test that it fails. */
  readonly reason: UnfitReason;
  /** At least one; in the order of the tests. */
  readonly shortages: readonly Shortage[];
}

/**
 * The decision for one batch. Every request of the batch is in exactly one of the two lists, in the
 * order of decision.
 */
export interface Plan<Request extends PlacementRequest = PlacementRequest> {
  readonly assigned: readonly Assigned<Request>[];
  readonly unplaced: readonly Unplaced<Request>[];
}
