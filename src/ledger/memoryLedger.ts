import type {Allocation} from '../api/resources.ts';
import {assertAssignments, Holdings} from './holdings.ts';
import type {CommitInput, CommitResult, Ledger, OpenResult} from './ledger.ts';

/**
 * The ledger inside one process: for the simulation, tests and the demo. Forgets all at its end.
 */
export class MemoryLedger implements Ledger {
  readonly kind = 'memory';
  #epoch = 0;
  #settledEpoch = 0;
  #holdings = new Holdings();

  async open(epoch: number, _signal: AbortSignal): Promise<OpenResult> {
    if (epoch < this.#epoch) return {kind: 'fenced', currentEpoch: this.#epoch};
    this.#epoch = epoch;
    this.#settledEpoch = 0;
    return {kind: 'opened', allocations: [...this.#holdings.allocations()]};
  }

  async settle(
    epoch: number,
    allocations: readonly Allocation[],
    _signal: AbortSignal,
  ): Promise<CommitResult> {
    if (epoch < this.#epoch) return {kind: 'fenced', currentEpoch: this.#epoch};
    if (epoch > this.#epoch) return {kind: 'lost'};
    this.#holdings = new Holdings(allocations);
    this.#settledEpoch = epoch;
    return {kind: 'committed', rejects: []};
  }

  async commit(input: CommitInput, _signal: AbortSignal): Promise<CommitResult> {
    assertAssignments(input.assignments);
    if (input.epoch < this.#epoch) return {kind: 'fenced', currentEpoch: this.#epoch};
    if (input.epoch !== this.#settledEpoch) return {kind: 'lost'};
    for (const uid of input.releases) this.#holdings.remove(uid);
    const rejects = input.assignments.map((assignment) => {
      const reject = this.#holdings.judge(assignment, input.capacities.get(assignment.workerName));
      if (reject === undefined) this.#holdings.add(assignment);
      return reject;
    });
    return {kind: 'committed', rejects};
  }

  async close(): Promise<void> {}
}
