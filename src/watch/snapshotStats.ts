import type {Clock} from '../lib/clock.ts';

/** For the report: how decisions got at the state of the workers. */
export interface CacheStats {
  /** Snapshots taken from memory alone. */
  readonly hits: number;
  /**
   * Snapshots that had to wait for a list of the API server: the cold first one, and after relists.
   */
  readonly misses: number;
  /** Times that a frozen snapshot was given up, as something in it had changed. */
  readonly invalidations: number;
  /** Snapshots frozen anew; the others were the same object as before. */
  readonly frozen: number;
  /** Age of the snapshot that was given out last, at that moment. */
  readonly stalenessMs: number;
  /** The highest age of any snapshot when it was given out. */
  readonly maxStalenessMs: number;
}

/** Counts how snapshots come about. */
export class SnapshotStats {
  readonly #clock: Clock;
  #isCold = true;
  #frozenAtMs = 0;
  #stats = {
    hits: 0,
    misses: 0,
    invalidations: 0,
    frozen: 0,
    stalenessMs: 0,
    maxStalenessMs: 0,
  };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get stats(): CacheStats {
    return {...this.#stats};
  }

  /** A whole list came in: the next snapshot rests on a read of the API server. */
  loaded(): void {
    this.#isCold = true;
  }

  invalidated(): void {
    this.#stats.invalidations++;
  }

  read(isFrozenAnew: boolean): void {
    const nowMs = this.#clock.monotonicMs();
    if (isFrozenAnew) {
      this.#stats.frozen++;
      this.#frozenAtMs = nowMs;
    }
    if (this.#isCold) this.#stats.misses++;
    else this.#stats.hits++;
    this.#isCold = false;
    this.#stats.stalenessMs = nowMs - this.#frozenAtMs;
    this.#stats.maxStalenessMs = Math.max(this.#stats.maxStalenessMs, this.#stats.stalenessMs);
  }
}
