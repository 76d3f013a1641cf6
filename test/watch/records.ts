import type {PoolRecord, WorkerRecord} from '../../src/api/records.ts';
import type {Allocation, Capacity} from '../../src/api/resources.ts';

/** A ready worker with 4 CPUs, 8 GiB and no GPU, but for `overrides`. */
export function makeWorker(
  overrides: Partial<Omit<WorkerRecord, 'capacity'>> & {capacity?: Partial<Capacity>} = {},
): WorkerRecord {
  const {capacity, ...others} = overrides;
  return {
    name: 'w-1',
    uid: 'uid-w-1',
    resourceVersion: '1',
    poolName: 'default',
    nodeName: undefined,
    labels: {},
    taints: [],
    unschedulable: false,
    ready: true,
    deleting: false,
    shown: '',
    ...others,
    capacity: {
      cpuMillis: 4_000,
      memoryBytes: 8 * 2 ** 30,
      gpuCount: 0,
      gpuType: '',
      containers: 250,
      ...capacity,
    },
  };
}

export function makePool(overrides: Partial<PoolRecord> = {}): PoolRecord {
  return {name: 'default', strategy: undefined, loadBound: 1.25, ...overrides};
}

/** 100 milli-CPUs and 128 MiB of worker `w-1`, but for `overrides`. */
export function makeAllocation(overrides: Partial<Allocation> = {}): Allocation {
  const uid = overrides.uid ?? 'r-1';
  return {
    uid,
    request: `default/${uid}`,
    workerName: 'w-1',
    cpuMillis: 100,
    memoryBytes: 128 * 2 ** 20,
    gpuDevices: [],
    gpuMillis: 0,
    ...overrides,
  };
}
