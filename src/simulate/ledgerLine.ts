import type {Allocation} from '../api/resources.ts';
import type {CommitInput, CommitResult, Ledger, OpenResult, Unavailable} from '../ledger/ledger.ts';
import type {Clock} from '../lib/clock.ts';
import {delay, never} from './delay.ts';

export type LedgerCall = 'open' | 'settle' | 'commit';

/** What becomes of one call to the ledger. */
export interface LedgerFate {
  /** Before it arrives, beside the latency of the line. */
  readonly slowMs: number;
  /** `refused`: it never arrives. `unanswered`: it is done, and nobody hears of it. */
  readonly end: 'answered' | 'refused' | 'unanswered';
  /** No word comes back at all: the caller gives up by its own clock. */
  readonly hangs: boolean;
  /** The call waits for it before it leaves; for ever where its process ended. */
  readonly wait?: Promise<void> | undefined;
  /** Called when it is done; its answer waits for what that returns. */
  readonly onDone?: () => Promise<void> | undefined;
}

export const answered: LedgerFate = {slowMs: 0, end: 'answered', hangs: false};

export interface LedgerLineOptions {
  /** The ledger as seen by this replica alone: a connection of its own. */
  readonly ledger: Ledger;
  /** The world's. */
  readonly clock: Clock;
  /** The replica's own: it gives a call up by it, and is told nothing while that stands still. */
  readonly ownClock: Clock;
  readonly latencyMs: () => number;
  /** Waits while nothing of this replica moves on the network. */
  readonly flowing: () => Promise<void>;
  /** Asked at each call. */
  readonly fateOf: (call: LedgerCall) => LedgerFate;
}

/** As the operator's Redis client has it. */
const timeoutMs = 1_000;

/** The way of one replica to a ledger outside of it, with all that can happen on it. */
export class LedgerLine implements Ledger {
  readonly kind;
  readonly #options: LedgerLineOptions;
  /** Calls made so far. */
  #calls = 0;

  constructor(options: LedgerLineOptions) {
    this.#options = options;
    this.kind = options.ledger.kind;
  }

  open(epoch: number, signal: AbortSignal): Promise<OpenResult> {
    return this.#ask('open', () => this.#options.ledger.open(epoch, signal));
  }

  settle(
    epoch: number,
    allocations: readonly Allocation[],
    signal: AbortSignal,
  ): Promise<CommitResult> {
    return this.#ask('settle', () => this.#options.ledger.settle(epoch, allocations, signal));
  }

  commit(input: CommitInput, signal: AbortSignal): Promise<CommitResult> {
    return this.#ask('commit', () => this.#options.ledger.commit(input, signal));
  }

  close(): Promise<void> {
    return this.#options.ledger.close();
  }

  /** What its sender gives up arrives all the same. */
  async #ask<Answer>(call: LedgerCall, act: () => Promise<Answer>): Promise<Answer | Unavailable> {
    const {ownClock} = this.#options;
    const givenUp = Promise.withResolvers<Unavailable>();
    const cancel = ownClock.setTimer(timeoutMs, () =>
      givenUp.resolve(unavailable('no reply within 1 s')),
    );
    const answer = await Promise.race([this.#carry(call, act), givenUp.promise]);
    cancel();
    // On the own clock, so that a paused replica hears of nothing.
    await delay(ownClock, 0);
    return answer;
  }

  async #carry<Answer>(
    call: LedgerCall,
    act: () => Promise<Answer>,
  ): Promise<Answer | Unavailable> {
    const {clock, fateOf, latencyMs, flowing} = this.#options;
    const number = ++this.#calls;
    const {slowMs, end, hangs, wait, onDone} = fateOf(call);
    await wait;
    await delay(clock, slowMs + latencyMs());
    await flowing();
    // A settle goes by the revision that was read before it, and a later call has moved that on.
    if (call === 'settle' && number !== this.#calls) return never();
    const isLost = end !== 'answered';
    const answer = end === 'refused' ? undefined : await act();
    await onDone?.();
    if (hangs) return never();
    await delay(clock, latencyMs());
    return isLost || answer === undefined ? unavailable(whyOf[end]) : answer;
  }
}

const whyOf = {
  answered: 'no answer',
  refused: 'connection refused',
  unanswered: 'connection reset',
} as const;

function unavailable(why: string): Unavailable {
  return {kind: 'unavailable', cause: new Error(`Cannot reach the ledger: ${why}`)};
}
