import type {Allocation} from '../api/resources.ts';
import {assert} from '../lib/assert.ts';
import {hashString} from '../lib/hash.ts';
import type {PlacementWorker} from './plan.ts';

/** One worker in a table, known or only named by an allocation, and what is taken of it. */
export class WorkerEntry {
  readonly name: string;
  readonly hash: number;
  /** Undefined while only allocations speak of it. */
  worker: PlacementWorker | undefined;
  /** Where its row is; -1 while it has none. */
  position = -1;
  /** Whether its row is older than what is here. */
  isStale = false;
  cpuMillis = 0;
  memoryBytes = 0;
  containers = 0;
  /**
   * Thousandths taken of each device; shorter than the worker's GPUs where the last are untouched.
   */
  readonly gpuMillis: number[] = [];

  constructor(name: string) {
    this.name = name;
    this.hash = hashString(name);
  }

  /** Counts one allocation in (1) or out (-1). All are integers, so that coming back gives 0. */
  add(allocation: Allocation, sign: 1 | -1): void {
    this.cpuMillis += sign * allocation.cpuMillis;
    this.memoryBytes += sign * allocation.memoryBytes;
    this.containers += sign;
    let isSound = this.cpuMillis >= 0 && this.memoryBytes >= 0 && this.containers >= 0;
    for (const device of allocation.gpuDevices) {
      while (this.gpuMillis.length <= device) this.gpuMillis.push(0);
      this.gpuMillis[device]! += sign * allocation.gpuMillis;
      isSound &&= this.gpuMillis[device]! >= 0;
    }
    assert(isSound, `what ${allocation.uid} releases of worker ${this.name} was taken before`);
  }
}
