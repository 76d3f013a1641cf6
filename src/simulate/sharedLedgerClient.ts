import type {Allocation} from '../api/resources.ts';
import type {CommitInput, CommitResult, Ledger, OpenResult} from '../ledger/ledger.ts';
import type {SharedLedger, Told} from './sharedLedger.ts';

/** One replica's view of the shared ledger: it remembers how far that was, and who fenced it. */
export class SharedLedgerClient implements Ledger {
  readonly kind = 'memory';
  readonly #shared: SharedLedger;
  #known = 0;
  #triedEpoch = 0;
  #fencedBy = 0;

  constructor(shared: SharedLedger) {
    this.#shared = shared;
  }

  async open(epoch: number, _signal: AbortSignal): Promise<OpenResult> {
    // An epoch as high as ours and not of ours is that of an earlier Lease, which was deleted.
    const isOwn = this.#triedEpoch === epoch;
    const told = await this.#shared.open(epoch, isOwn);
    this.#triedEpoch = epoch;
    return this.#learn(told);
  }

  async settle(
    epoch: number,
    allocations: readonly Allocation[],
    _signal: AbortSignal,
  ): Promise<CommitResult> {
    return this.#learn(await this.#shared.settle(epoch, allocations));
  }

  async commit(input: CommitInput, _signal: AbortSignal): Promise<CommitResult> {
    if (input.epoch < this.#fencedBy) return {kind: 'fenced', currentEpoch: this.#fencedBy};
    return this.#learn(await this.#shared.commit(input, this.#known));
  }

  async close(): Promise<void> {}

  #learn<Answer extends OpenResult | CommitResult>({answer, revision}: Told<Answer>): Answer {
    if (answer.kind === 'fenced') this.#fencedBy = answer.currentEpoch;
    if (answer.kind === 'opened' || answer.kind === 'committed') this.#known = revision;
    return answer;
  }
}
