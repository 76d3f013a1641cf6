import type {Allocation} from '../../api/resources.ts';
import type {CommitInput, CommitResult, Ledger, OpenResult} from '../../ledger/ledger.ts';
import {errorOf} from '../../lib/errorOf.ts';
import {lock, type WorkerLocks} from './workerLocks.ts';

/**
 * Counts what commits change, and takes a lock a worker around each where `locks` are given: as
 * schedulers do that have no update which is atomic over workers.
 */
export class MeasuredLedger implements Ledger {
  readonly #ledger: Ledger;
  readonly #locks: WorkerLocks | undefined;
  #workerUpdates = 0;
  #lockCount = 0;
  #underWay = 0;

  constructor(ledger: Ledger, locks?: WorkerLocks) {
    this.#ledger = ledger;
    this.#locks = locks;
  }

  get kind(): Ledger['kind'] {
    return this.#ledger.kind;
  }

  /** (worker, commit) pairs. */
  get workerUpdates(): number {
    return this.#workerUpdates;
  }

  get locks(): number | undefined {
    return this.#locks && this.#lockCount;
  }

  /** Then a count of its calls and one of the cycles may not agree yet. */
  get isCommitting(): boolean {
    return this.#underWay > 0;
  }

  open(epoch: number, signal: AbortSignal): Promise<OpenResult> {
    return this.#ledger.open(epoch, signal);
  }

  settle(
    epoch: number,
    allocations: readonly Allocation[],
    signal: AbortSignal,
  ): Promise<CommitResult> {
    return this.#ledger.settle(epoch, allocations, signal);
  }

  async commit(input: CommitInput, signal: AbortSignal): Promise<CommitResult> {
    this.#underWay++;
    try {
      return await this.#commit(input, signal);
    } finally {
      this.#underWay--;
    }
  }

  close(): Promise<void> {
    return this.#ledger.close();
  }

  async #commit(input: CommitInput, signal: AbortSignal): Promise<CommitResult> {
    const names = [...new Set(input.assignments.map(({workerName}) => workerName))].sort();
    this.#workerUpdates += names.length;
    if (!this.#locks) return this.#ledger.commit(input, signal);
    const held: string[] = [];
    try {
      for (const name of names) {
        await lock(this.#locks, name, signal);
        held.push(name);
        this.#lockCount++;
      }
      return await this.#ledger.commit(input, signal);
    } catch (cause) {
      return {kind: 'unavailable', cause: errorOf(cause)};
    } finally {
      for (const name of held) await this.#locks.unlock(name);
    }
  }
}
