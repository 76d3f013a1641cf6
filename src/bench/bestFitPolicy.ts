import type {Demand} from '../api/resources.ts';
import type {Placement, Policy} from './policy.ts';
import type {Trace} from './trace.ts';

/** Free amounts of one worker. */
interface Free {
  readonly gpuType: string;
  readonly gpuMillis: number[];
  cpuMillis: number;
  memoryBytes: number;
}

/**
 * Best fit as the published figures have it, to check the protocol and not the engine: if this one
 * does not come out where it was published, no other figure of a replay can be trusted.
 *
 * The worker that would keep least: half its CPU left over 128 cores, half its GPU milli left over
 * 8 devices, in steps of 1 % (the score was a whole number, and equal scores are many); memory only
 * has to fit. A share goes to the device with the least left, whole GPUs to the first free ones.
 *
 * One at a time whatever the batch: it never looked ahead. O(workers) a request.
 */
export function bestFitPolicy({workers, arrivals}: Trace): Policy {
  const free = workers.map(
    ({cpuMillis, memoryBytes, gpuCount, gpuType}): Free => ({
      gpuType,
      gpuMillis: Array.from({length: gpuCount}, () => 1000),
      cpuMillis,
      memoryBytes,
    }),
  );
  const placeOne = (arrival: number): Placement[] => {
    const demand = arrivals[arrival]!;
    const worker = tightest(free, demand);
    if (worker < 0) return [];
    return [{arrival, worker, gpuDevices: take(free[worker]!, demand)}];
  };
  return {
    place: (first, end) =>
      Array.from({length: end - first}, (_, index) => placeOne(first + index)).flat(),
  };
}

/** The first of the workers with the least left in whole percents; -1 when none has room. */
function tightest(free: readonly Free[], demand: Demand): number {
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (const [worker, one] of free.entries()) {
    if (!hasRoom(one, demand)) continue;
    const percent = percentLeft(one, demand);
    if (percent >= least) continue;
    least = percent;
    best = worker;
  }
  return best;
}

function hasRoom({cpuMillis, memoryBytes, gpuType, gpuMillis}: Free, demand: Demand): boolean {
  if (cpuMillis < demand.cpuMillis || memoryBytes < demand.memoryBytes) return false;
  if (demand.gpuCount === 0) return true;
  if (demand.gpuTypes.length > 0 && !demand.gpuTypes.includes(gpuType)) return false;
  let devices = 0;
  for (const left of gpuMillis) if (left >= demand.gpuMillis) devices++;
  return devices >= demand.gpuCount;
}

/** 100 * (cpu / 128,000 + gpu / 8,000) / 2, rounded up: the score was 100 - that, rounded down. */
function percentLeft({cpuMillis, gpuMillis}: Free, demand: Demand): number {
  let gpuLeft = -demand.gpuCount * demand.gpuMillis;
  for (const left of gpuMillis) gpuLeft += left;
  return Math.ceil((cpuMillis - demand.cpuMillis + 16 * gpuLeft) / 2560);
}

/** Subtracts the demand and gives the devices it was taken of, ascending. */
function take(free: Free, {cpuMillis, memoryBytes, gpuCount, gpuMillis}: Demand): number[] {
  free.cpuMillis -= cpuMillis;
  free.memoryBytes -= memoryBytes;
  const devices = free.gpuMillis
    .flatMap((left, device) => (left >= gpuMillis ? [{left, device}] : []))
    .sort((one, other) => one.left - other.left || one.device - other.device)
    .slice(0, gpuCount)
    .map(({device}) => device);
  for (const device of devices) free.gpuMillis[device]! -= gpuMillis;
  return devices;
}
