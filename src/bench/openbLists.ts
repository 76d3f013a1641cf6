import type {Capacity, Demand} from '../api/resources.ts';
import {CsvTable, type TextFile} from './csvTable.ts';

/** What a Kubernetes node of the trace has; it says nothing of how many containers it runs. */
export type TraceCapacity = Omit<Capacity, 'containers'>;

const BYTES_PER_MIB = 2 ** 20;

/** A million cores, a pebibyte, and devices: sums over any list stay exact below 2^53. */
const MAX_CPU_MILLIS = 1_000_000_000;
const MAX_MEMORY_MIB = 2 ** 30;
const MAX_GPUS = 1024;

/**
 * The node list of a trace: columns cpu_milli, memory_mib, gpu (devices) and model; others are left
 * alone.
 *
 * @throws Error naming file, line, the value found and the one wanted
 */
export function readNodeList(file: TextFile): TraceCapacity[] {
  const table = new CsvTable(file, ['cpu_milli', 'memory_mib', 'gpu', 'model']);
  return Array.from({length: table.rowCount}, (_, row) => {
    const gpuCount = table.integer(row, 'gpu', MAX_GPUS);
    const model = table.text(row, 'model');
    if (gpuCount > 0 && model === '') table.refuse(row, 'model', `name the ${gpuCount} GPUs`);
    return {
      cpuMillis: table.integer(row, 'cpu_milli', MAX_CPU_MILLIS),
      memoryBytes: table.integer(row, 'memory_mib', MAX_MEMORY_MIB) * BYTES_PER_MIB,
      gpuCount,
      gpuType: gpuCount > 0 ? model : '',
    };
  });
}

/**
 * The pod list of a trace: columns cpu_milli, memory_mib, num_gpu, gpu_milli (of each device) and,
 * where it is there, gpu_spec (accepted models, `|` between them); others are left alone.
 *
 * @throws Error naming file, line, the value found and the one wanted
 */
export function readPodList(file: TextFile): Demand[] {
  const table = new CsvTable(file, ['cpu_milli', 'memory_mib', 'num_gpu', 'gpu_milli']);
  return Array.from({length: table.rowCount}, (_, row) => ({
    cpuMillis: table.integer(row, 'cpu_milli', MAX_CPU_MILLIS),
    memoryBytes: table.integer(row, 'memory_mib', MAX_MEMORY_MIB) * BYTES_PER_MIB,
    ...readGpus(table, row),
  }));
}

function readGpus(
  table: CsvTable,
  row: number,
): Pick<Demand, 'gpuCount' | 'gpuMillis' | 'gpuTypes'> {
  const gpuCount = table.integer(row, 'num_gpu', MAX_GPUS);
  const gpuMillis = table.integer(row, 'gpu_milli', 1000);
  const models = table.text(row, 'gpu_spec').split('|');
  const gpuTypes = [...new Set(models.map((model) => model.trim()).filter(Boolean))];
  if (gpuCount === 0 && gpuMillis !== 0) table.refuse(row, 'gpu_milli', 'be 0 with num_gpu 0');
  if (gpuCount === 1 && gpuMillis === 0) {
    table.refuse(row, 'gpu_milli', 'be from 1 to 1000 with num_gpu 1');
  }
  if (gpuCount > 1 && gpuMillis !== 1000) {
    table.refuse(row, 'gpu_milli', `be 1000 with num_gpu ${gpuCount}`);
  }
  if (gpuCount === 0 && gpuTypes.length > 0) {
    table.refuse(row, 'gpu_spec', 'be empty with num_gpu 0');
  }
  return {gpuCount, gpuMillis, gpuTypes};
}
