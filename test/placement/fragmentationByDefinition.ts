import type {WorkerState} from '../../src/placement/fragmentation.ts';
import type {Shape, TypicalShape} from '../../src/placement/workloadShapes.ts';

/** The definition of the paper, word by word: device by device, shape by shape. */
export function byDefinition(
  gpuType: string,
  state: WorkerState,
  typical: readonly TypicalShape[],
  mayRun = canRun,
): number {
  const devices = [...Array.from({length: state.wholeGpus}, () => 1000), ...state.partials];
  let mean = 0;
  for (const {shape, share} of typical) {
    const isLost = (free: number) =>
      !mayRun(gpuType, state.cpuMillis, devices, shape) || free < shape.gpuMillis;
    for (const free of devices) if (isLost(free)) mean += share * free;
  }
  return mean;
}

function canRun(
  gpuType: string,
  cpuMillis: number,
  devices: readonly number[],
  shape: Shape,
): boolean {
  const isOfType = shape.gpuTypes.length === 0 || shape.gpuTypes.includes(gpuType);
  const usable = devices.filter((free) => free >= shape.gpuMillis).length;
  return shape.gpuCount > 0 && isOfType && cpuMillis >= shape.cpuMillis && usable >= shape.gpuCount;
}
