import {apiVersionOf, containerRequests, workers} from '../kube/resource.ts';

/** The part of an object that every kind has. */
export interface SeenMeta {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface SeenCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

export interface SeenRequest {
  readonly metadata: SeenMeta;
  readonly spec: {
    readonly resources?: {
      readonly cpu?: string | number;
      readonly memory?: string | number;
      readonly gpu?: {
        readonly count: number;
        readonly types?: readonly string[];
        readonly shareMillis?: number;
      };
    };
    readonly workerSelector?: {readonly matchLabels?: Readonly<Record<string, string>>};
    readonly workerName?: string;
    readonly suspend?: boolean;
  };
  readonly status?: {
    readonly phase?: string;
    readonly workerName?: string;
    readonly assignment?: {
      readonly id: string;
      readonly epoch: number;
      readonly cycle: number;
      readonly gpuDevices?: readonly number[];
      readonly affinity?: string;
    };
    readonly attempts?: number;
    readonly conditions?: readonly SeenCondition[];
  };
}

export interface SeenWorker {
  readonly metadata: SeenMeta;
  readonly spec: {
    readonly capacity: {
      readonly cpu: string | number;
      readonly memory: string | number;
      readonly gpu?: {readonly type: string; readonly count: number};
      readonly containers?: number;
    };
    readonly unschedulable?: boolean;
    readonly taints?: readonly {readonly key: string; readonly effect: string}[];
  };
  readonly status?: Readonly<Record<string, unknown>>;
}

/** A worker of 4 CPUs and 16 GiB, but for `spec`. */
export function makeWorker(name: string, spec: object = {}, labels: object = {}): object {
  return {
    apiVersion: apiVersionOf(workers),
    kind: workers.kind,
    metadata: {name, labels},
    spec: {capacity: {cpu: '4', memory: '16Gi'}, ...spec},
  };
}

/** A request of 100m and 128Mi, but for `spec`. */
export function makeRequest(name: string, spec: object = {}): object {
  return {
    apiVersion: apiVersionOf(containerRequests),
    kind: containerRequests.kind,
    metadata: {name, namespace: 'default'},
    spec: {
      container: {image: 'app'},
      resources: {cpu: '100m', memory: '128Mi'},
      ...spec,
    },
  };
}

export function conditionOf(request: SeenRequest, type: string): SeenCondition | undefined {
  return request.status?.conditions?.find((condition) => condition.type === type);
}

/**
 * `w-1`, `w-2`, ... with as many digits as the last one needs, so that names sort as they count.
 */
export function numbered(prefix: string, count: number): readonly string[] {
  const digits = String(count).length;
  const nameOf = (index: number) => `${prefix}-${String(index + 1).padStart(digits, '0')}`;
  return Array.from({length: count}, (_, index) => nameOf(index));
}
