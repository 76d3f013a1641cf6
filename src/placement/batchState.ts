import type {Demand} from '../api/resources.ts';
import type {FreeCapacity} from './freeCapacity.ts';
import type {FrozenSnapshot} from './frozenSnapshot.ts';
import type {Layout} from './layout.ts';

/**
 * What one call of `place` changes as it goes: a scratch copy of what is free, and the ranks it has
 * placed on, in that order. Within a batch what is free only ever shrinks; every shortcut of
 * `spreadTier.ts` and `packTier.ts` rests on that.
 */
export class BatchState {
  readonly layout: Layout;
  readonly free: FreeCapacity;
  /** What was free before the batch; never written to. */
  readonly freeBefore: FreeCapacity;
  readonly touched: Int32Array;
  touchedCount = 0;

  constructor(snapshot: FrozenSnapshot, batchSize: number) {
    this.layout = snapshot.layout;
    this.free = snapshot.free.copy();
    this.freeBefore = snapshot.free;
    this.touched = new Int32Array(batchSize);
  }

  take(rank: number, demand: Demand, devices: readonly number[]): void {
    this.free.subtract(rank, demand, devices, this.layout);
    this.touched[this.touchedCount++] = rank;
  }
}
