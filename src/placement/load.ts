import type {FreeCapacity} from './freeCapacity.ts';
import type {Layout} from './layout.ts';

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
 * A worker's load with `added` on it: the share of its fullest resource, 1 when that is full. The
 * small addend makes it grow with every container, also where another resource is the fullest.
 */
export function loadWith(
  layout: Layout,
  free: FreeCapacity,
  position: number,
  added: Addition,
): number {
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
  return Math.max(cpu, memory, containers, gpu) + (cpu + memory + containers + gpu) * TIE_WEIGHT;
}
