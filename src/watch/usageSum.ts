import type {Allocation} from '../api/resources.ts';
import type {Usage} from '../placement/plan.ts';

/** The running sum over the allocations of one worker. All are integers: coming back gives 0. */
export class UsageSum {
  #cpuMillis = 0;
  #memoryBytes = 0;
  #containers = 0;
  readonly #gpuMillis: number[] = [];

  static of(allocations: Iterable<Allocation>): UsageSum {
    const sum = new UsageSum();
    for (const allocation of allocations) sum.add(allocation);
    return sum;
  }

  add(allocation: Allocation): void {
    this.#change(allocation, 1);
  }

  subtract(allocation: Allocation): void {
    this.#change(allocation, -1);
  }

  /** @param gpuCount the worker's; a device beyond it that is taken all the same is shown too */
  usage(gpuCount: number): Usage {
    const length = Math.max(gpuCount, this.#gpuMillis.findLastIndex((millis) => millis !== 0) + 1);
    return {
      cpuMillis: this.#cpuMillis,
      memoryBytes: this.#memoryBytes,
      containers: this.#containers,
      gpuMillis: Array.from({length}, (_, device) => this.#gpuMillis[device] ?? 0),
    };
  }

  #change({cpuMillis, memoryBytes, gpuDevices, gpuMillis}: Allocation, sign: 1 | -1): void {
    this.#cpuMillis += sign * cpuMillis;
    this.#memoryBytes += sign * memoryBytes;
    this.#containers += sign;
    for (const device of gpuDevices) {
      while (this.#gpuMillis.length <= device) this.#gpuMillis.push(0);
      this.#gpuMillis[device]! += sign * gpuMillis;
    }
  }
}

export function isSameUsage(left: Usage, right: Usage): boolean {
  return (
    left.cpuMillis === right.cpuMillis &&
    left.memoryBytes === right.memoryBytes &&
    left.containers === right.containers &&
    left.gpuMillis.length === right.gpuMillis.length &&
    left.gpuMillis.every((millis, device) => millis === right.gpuMillis[device])
  );
}
