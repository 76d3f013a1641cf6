import type {Demand} from '../api/resources.ts';
import type {FreeCapacity} from './freeCapacity.ts';
import {takeDevices} from './gpuDevices.ts';
import type {Layout} from './layout.ts';
import type {LiveRows} from './liveRows.ts';
import {UNSETTLED} from './load.ts';
import type {WorkerRows} from './workerRows.ts';

/** What a request takes of its worker. */
interface Taking {
  readonly demand: Demand;
  /** Its cpu and its memory: read from an object, a number above 2^31 would be a new object. */
  readonly amounts: Float64Array;
}

/**
 * What one call of `place` changes as it goes: the live rows, saved at the first touch and put back
 * at the end. Within a batch what is free only ever shrinks: every shortcut of `spreadTier.ts`,
 * `leastLoaded.ts` and `candidateHeap.ts` rests on that.
 */
export class BatchState implements WorkerRows {
  readonly rows: LiveRows;
  readonly layout: Layout;
  readonly free: FreeCapacity;
  /** The positions placed on, in order; many in a row on the same one (packing) are one entry. */
  readonly taken: Int32Array;
  /** So many so far; the last one may be placed on again. */
  takenCount = 0;

  constructor(rows: LiveRows, batchSize: number) {
    this.rows = rows;
    this.layout = rows.layout;
    this.free = rows.free;
    this.taken = new Int32Array(batchSize);
  }

  /**
   * Takes of the worker, which has room for it.
   *
   * @param devices takes the indexes of its GPUs, from `at` on
   */
  take(position: number, {demand, amounts}: Taking, devices: Int32Array, at: number): void {
    const {layout, free, rows} = this;
    rows.saved.save(position, layout, free);
    free.cpuMillis[position]! -= amounts[0]!;
    free.memoryBytes[position]! -= amounts[1]!;
    free.containers[position]! -= 1;
    if (demand.gpuCount > 0) takeDevices(this, position, demand, devices, at);
    free.load[position] = UNSETTLED;
    this.#note(position);
    rows.rowChanged(position);
  }

  #note(position: number): void {
    if (this.takenCount > 0 && this.taken[this.takenCount - 1] === position) return;
    this.taken[this.takenCount++] = position;
  }

  /** Leaves the rows as they were before the batch. */
  restore(): void {
    const {rows} = this;
    rows.spareTrees.giveBack();
    rows.spareHeaps.giveBack();
    rows.batchHomes.clear();
    rows.saved.restore(this.layout, this.free, (position) => {
      rows.lowered.note(position);
      rows.rowChanged(position);
    });
  }
}
