import type {Placement} from './policy.ts';
import type {Trace} from './trace.ts';

/**
 * Everything that is wrong with the end of a replay, one sentence each; empty when all is well.
 * Counted anew from the placements alone, in the plainest way: it shares nothing with a policy.
 */
export function recount({workers, arrivals}: Trace, placements: readonly Placement[]): string[] {
  const cpuMillis = workers.map(() => 0);
  const memoryBytes = workers.map(() => 0);
  const gpuMillis = workers.map(({gpuCount}) => Array.from({length: gpuCount}, () => 0));
  const seen = new Set<number>();
  const wrong: string[] = [];
  for (const {arrival, worker, gpuDevices} of placements) {
    const demand = arrivals[arrival];
    const capacity = workers[worker];
    if (demand === undefined || capacity === undefined) {
      wrong.push(`arrival ${arrival} is on worker ${worker}: one of them does not exist`);
      continue;
    }
    if (seen.has(arrival)) wrong.push(`arrival ${arrival} was placed twice`);
    seen.add(arrival);
    cpuMillis[worker]! += demand.cpuMillis;
    memoryBytes[worker]! += demand.memoryBytes;
    if (new Set(gpuDevices).size !== demand.gpuCount || gpuDevices.length !== demand.gpuCount) {
      wrong.push(`arrival ${arrival} wanted ${demand.gpuCount} devices: has ${gpuDevices.join()}`);
    }
    const {gpuTypes} = demand;
    if (gpuTypes.length > 0 && !gpuTypes.includes(capacity.gpuType)) {
      wrong.push(`arrival ${arrival} wanted ${gpuTypes.join('|')}: has ${capacity.gpuType}`);
    }
    const devices = gpuMillis[worker]!;
    for (const device of gpuDevices) {
      if (devices[device] === undefined) wrong.push(`worker ${worker} has no device ${device}`);
      else devices[device] += demand.gpuMillis;
    }
  }
  for (const [worker, capacity] of workers.entries()) {
    const cpuLeft = capacity.cpuMillis - cpuMillis[worker]!;
    const memoryLeft = capacity.memoryBytes - memoryBytes[worker]!;
    if (cpuLeft < 0) wrong.push(`worker ${worker} has ${cpuLeft} cpu milli left`);
    if (memoryLeft < 0) wrong.push(`worker ${worker} has ${memoryLeft} bytes left`);
    for (const [device, millis] of gpuMillis[worker]!.entries()) {
      if (millis > 1000) wrong.push(`device ${device} of worker ${worker} gives ${millis} milli`);
    }
  }
  return wrong;
}
