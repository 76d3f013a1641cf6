import type {FreeCapacity} from './freeCapacity.ts';
import type {Layout} from './layout.ts';
import type {Snapshot} from './plan.ts';

/** The one implementation of `Snapshot`: the workers, and what was free of them at that moment. */
export class FrozenSnapshot implements Snapshot {
  readonly layout: Layout;
  /** Its own copy. Typed arrays cannot be frozen: read it, copy it, leave it. */
  readonly free: FreeCapacity;
  readonly generation: number;

  constructor(layout: Layout, free: FreeCapacity, generation: number) {
    this.layout = layout;
    this.free = free;
    this.generation = generation;
    Object.freeze(this);
  }

  get workerCount(): number {
    return this.layout.workers.length;
  }
}
