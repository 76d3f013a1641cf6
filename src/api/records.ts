import type {Condition} from './conditions.ts';
import type {Constraints, Taint} from './constraints.ts';
import type {Capacity, Demand} from './resources.ts';

/** `namespace/name`. */
export type RequestKey = string & {readonly brand: 'RequestKey'};

export type Phase = 'Pending' | 'Scheduled' | 'Running' | 'Succeeded' | 'Failed';
export type AffinityLevel = 'Warm' | 'Near' | 'None';

/** What every object of the API server has and the operator needs. */
export interface Identity {
  readonly key: RequestKey;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
}

/** Where a request was placed, as its status says. */
export interface Placement {
  readonly workerName: string;
  readonly assignmentId: string;
  readonly epoch: number;
  readonly gpuDevices: readonly number[];
}

/** A ContainerRequest as the operator works with it: parsed once, integers, no optional spec. */
export interface RequestRecord extends Identity {
  readonly kind: 'valid';
  readonly createdMs: number;
  readonly deleting: boolean;
  readonly suspended: boolean;
  readonly phase: Phase;
  readonly demand: Demand;
  readonly constraints: Constraints;
  /** Equal for requests with equal demand and constraints: one verdict serves all of them. */
  readonly classKey: string;
  /** `spec.affinityKey`, else the image. */
  readonly affinityKey: string;
  /** `hashString` of it as a signed integer: once here instead of in each decision. */
  readonly affinityHash: number;
  /** False when the key is only the image: then the load is levelled exactly. */
  readonly affinityExplicit: boolean;
  readonly priority: number;
  readonly placementTimeoutSeconds: number | undefined;
  readonly activeDeadlineSeconds: number | undefined;
  readonly ttlSecondsAfterFinished: number | undefined;
  readonly retryLimit: number;
  readonly attempts: number;
  /** When its container started, as its agent or Pod says; undefined before. */
  readonly startedMs: number | undefined;
  /** Undefined while the request has no worker. */
  readonly placement: Placement | undefined;
  readonly conditions: readonly Condition[];
}

/** A ContainerRequest that cannot be understood: it gets a condition and blocks nobody. */
export interface InvalidRequest extends Identity {
  readonly kind: 'invalid';
  readonly phase: Phase;
  readonly problem: Problem;
  readonly placement: Placement | undefined;
  /** Undefined where it is what cannot be understood, or a part of it. */
  readonly demand: Demand | undefined;
  readonly conditions: readonly Condition[];
}

/**
 * A ContainerRequest in phase Succeeded or Failed: nothing of its spec but its time to live counts.
 */
export interface FinishedRequest extends Identity {
  readonly kind: 'finished';
  readonly phase: 'Succeeded' | 'Failed';
  readonly completedMs: number | undefined;
  readonly ttlSecondsAfterFinished: number | undefined;
}

export type ParsedRequest = RequestRecord | InvalidRequest | FinishedRequest;

/** A value that was found where another one was wanted. */
export interface Problem {
  /** JSON path below the object, for example `spec.resources.memory`. */
  readonly field: string;
  /** The value found, as JSON, cut to 64 characters. */
  readonly found: string;
  readonly wanted: string;
}

/** A Worker as the operator works with it. */
export interface WorkerRecord {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly poolName: string;
  readonly nodeName: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly unschedulable: boolean;
  /** False only when condition Ready is False or Unknown; a worker that says nothing is ready. */
  readonly ready: boolean;
  readonly deleting: boolean;
  readonly capacity: Capacity;
  /** The sums in its status, as canonical text: a view that need not be written again. */
  readonly shown: string;
}

export type Strategy = 'Spread' | 'Pack';

/** Of a pool that names no load bound, and of workers whose pool has no object (PLACEMENT.md). */
export const DEFAULT_LOAD_BOUND = 1.25;

export interface PoolRecord {
  readonly name: string;
  /** Undefined: Pack where its workers have GPUs, else Spread. */
  readonly strategy: Strategy | undefined;
  /** At least 1; 1.25 lets a worker take a quarter more than the mean. */
  readonly loadBound: number;
}
