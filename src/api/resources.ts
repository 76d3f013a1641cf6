/** Thousandths of one whole GPU device. */
export const WHOLE_GPU_MILLIS = 1000;

/** What one request needs of a worker, as integers. */
export interface Demand {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  /** Number of GPU devices; 0 when none is asked for. */
  readonly gpuCount: number;
  /** Thousandths of each of those devices: 1000 for whole GPUs, less for a share, 0 without GPU. */
  readonly gpuMillis: number;
  /** Accepted GPU types in order of preference; empty means any. */
  readonly gpuTypes: readonly string[];
}

/** What a worker has in total, as integers. */
export interface Capacity {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  readonly gpuCount: number;
  /** Type of all its GPUs; empty when it has none. */
  readonly gpuType: string;
  /** How many containers it may run at once. */
  readonly containers: number;
}

/** What one request holds of one worker. The record every ledger keeps, keyed by `uid`. */
export interface Allocation {
  readonly uid: string;
  /** `namespace/name`, for people; `uid` is the identity. */
  readonly request: string;
  readonly workerName: string;
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  /** Device indexes, ascending; empty without GPU. */
  readonly gpuDevices: readonly number[];
  /** Thousandths taken of each of those devices; 0 without GPU. */
  readonly gpuMillis: number;
}

/** What of one resource a worker lacks for one request. */
export interface Shortage {
  /** `gpuCount` counts wholly free devices, `gpuMillis` is of the freest one. */
  readonly resource: 'gpuCount' | 'gpuMillis' | 'cpuMillis' | 'memoryBytes' | 'containers';
  readonly wanted: number;
  /** Less than `wanted`; below zero where more is bound than the worker has. */
  readonly free: number;
}
