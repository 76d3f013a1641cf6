import type {WorkerRows} from './workerRows.ts';

/**
 * Weight of the resources beside the fullest one: enough to break ties, too little to outvote it.
 */
const TIE_WEIGHT = 1 / 1024;

/** What is added to a worker before its load is asked for. */
export interface Addition {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  readonly containers: number;
  readonly gpuMillis: number;
}

export const NOTHING: Addition = {cpuMillis: 0, memoryBytes: 0, containers: 0, gpuMillis: 0};

/**
 * Writes a worker's load with `added` on it into `loads[at]`: the share of its fullest resource, 1
 * when that is full. The small addend makes it grow with every container, also where another
 * resource is the fullest.
 *
 * Written, not returned: a fraction that a call returns is an object on the heap.
 */
export function writeLoad(
  {layout, free}: WorkerRows,
  position: number,
  added: Addition,
  loads: Float64Array,
  at: number,
): void {
  const cpu =
    (layout.cpuMillis[position]! - free.cpuMillis[position]! + added.cpuMillis) *
    layout.perCpu[position]!;
  const memory =
    (layout.memoryBytes[position]! - free.memoryBytes[position]! + added.memoryBytes) *
    layout.perMemory[position]!;
  const containers =
    (layout.containers[position]! - free.containers[position]! + added.containers) *
    layout.perContainer[position]!;
  const perGpu = layout.perGpuMilli[position]!;
  const gpu = perGpu === 0 ? 0 : 1 - (free.gpuTotal[position]! - added.gpuMillis) * perGpu;
  const fullest = Math.max(cpu, memory, containers, gpu);
  loads[at] = fullest + (cpu + memory + containers + gpu) * TIE_WEIGHT;
}

/** What stands for a load that has not been asked for since the row changed. */
export const UNSETTLED = Number.NaN;

/** Brings `free.load` of a worker in line with its row. */
export function settleLoad(rows: WorkerRows, position: number): void {
  const {load} = rows.free;
  if (Number.isNaN(load[position])) writeLoad(rows, position, NOTHING, load, position);
}
