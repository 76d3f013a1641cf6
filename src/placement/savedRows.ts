import {countDevices, type FreeCapacity} from './freeCapacity.ts';
import type {Layout} from './layout.ts';

/** Numbers saved of a row before those of its devices: its position, and a value a column. */
const FIXED = 5;

/**
 * What rows were before a batch first wrote to them.
 *
 *     marks  [ 0 1 0 0 1 ... ]                       1 = saved, by position
 *     saved  [ 4 cpu mem con load d0 d1 | 1 cpu mem con load | ...
 *
 * So a plan costs what it touches, not a copy of all workers. O(1) a row, and O(devices).
 */
export class SavedRows {
  #marks = new Uint8Array(0);
  #saved = new Float64Array(0);
  #used = 0;

  save(position: number, layout: Layout, free: FreeCapacity): void {
    if (this.#marks.length < layout.hash.length) this.#marks = new Uint8Array(layout.hash.length);
    if (this.#marks[position] === 1) return;
    this.#marks[position] = 1;
    const start = layout.gpuStart[position]!;
    const end = layout.gpuEnd[position]!;
    this.#reserve(FIXED + end - start);
    const saved = this.#saved;
    let at = this.#used;
    saved[at++] = position;
    saved[at++] = free.cpuMillis[position]!;
    saved[at++] = free.memoryBytes[position]!;
    saved[at++] = free.containers[position]!;
    saved[at++] = free.load[position]!;
    for (let device = start; device < end; device++) saved[at++] = free.gpuMillis[device]!;
    this.#used = at;
  }

  /** Puts back all rows, and tells of each. */
  restore(layout: Layout, free: FreeCapacity, told: (position: number) => void): void {
    this.writeTo(layout, free, (position) => {
      this.#marks[position] = 0;
      told(position);
    });
    this.#used = 0;
  }

  /** Writes all rows as they were, and tells of each. */
  writeTo(layout: Layout, free: FreeCapacity, told: (position: number) => void = () => {}): void {
    const saved = this.#saved;
    for (let at = 0; at < this.#used; ) {
      const position = saved[at++]!;
      free.cpuMillis[position] = saved[at++]!;
      free.memoryBytes[position] = saved[at++]!;
      free.containers[position] = saved[at++]!;
      free.load[position] = saved[at++]!;
      const end = layout.gpuEnd[position]!;
      for (let device = layout.gpuStart[position]!; device < end; device++) {
        free.gpuMillis[device] = saved[at++]!;
      }
      countDevices(free, layout, position);
      told(position);
    }
  }

  #reserve(count: number): void {
    if (this.#used + count <= this.#saved.length) return;
    const larger = new Float64Array(2 * (this.#used + count));
    larger.set(this.#saved);
    this.#saved = larger;
  }
}
