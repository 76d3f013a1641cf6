import type {Allocation} from '../api/resources.ts';
import type {CommitInput, CommitResult, OpenResult} from '../ledger/ledger.ts';
import {MemoryLedger} from '../ledger/memoryLedger.ts';
import type {Clock} from '../lib/clock.ts';

interface Head {
  readonly epoch: number;
  /** Grows with every update. */
  readonly revision: number;
  /** Revision at which somebody took it last. */
  readonly opened: number;
  /** Of the last commit since then. */
  readonly cycle: number;
}

interface Entry {
  readonly atMs: number;
  readonly head: Head;
  readonly update: (ledger: MemoryLedger) => Promise<unknown>;
}

/** An answer, and how far the ledger was when it gave it. */
export interface Told<Answer> {
  readonly answer: Answer;
  readonly revision: number;
}

const empty: Head = {epoch: 0, revision: 0, opened: 0, cycle: 0};
const unending = new AbortController().signal;

/**
 * A ledger that all replicas share and that lives outside of them, with the promises of the Redis
 * scripts (`ledger/lua`): it may be emptied or lose its last second, and every caller says how far
 * it knew it, so that both are noticed. Its journal is what an earlier state is made from.
 */
export class SharedLedger {
  readonly #clock: Clock;
  #ledger = new MemoryLedger();
  #journal: Entry[] = [];
  #head = empty;
  /** Ends once an earlier state is made. */
  #restored: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Of the leader that took it last, and how far it is. */
  get head(): Pick<Head, 'epoch' | 'revision'> {
    return this.#head;
  }

  /** @param isOwn whether the caller has tried to take this epoch before */
  async open(epoch: number, isOwn: boolean): Promise<Told<OpenResult>> {
    await this.#restored;
    const {epoch: current, revision} = this.#head;
    if (current > epoch || (current === epoch && !isOwn)) return this.#fenced();
    const taken = revision + 1;
    const head = {epoch, revision: taken, opened: taken, cycle: 0};
    return this.#update(head, (ledger) => ledger.open(epoch, unending));
  }

  async settle(epoch: number, allocations: readonly Allocation[]): Promise<Told<CommitResult>> {
    await this.#restored;
    const {epoch: current, revision} = this.#head;
    if (current > epoch) return this.#fenced();
    if (current < epoch) return this.#lost();
    const head = {epoch, revision: revision + 2, opened: revision + 1, cycle: 0};
    return this.#update(head, (ledger) => ledger.settle(epoch, allocations, unending));
  }

  /** @param known revision that the caller was told last */
  async commit(input: CommitInput, known: number): Promise<Told<CommitResult>> {
    await this.#restored;
    const {epoch, revision, opened, cycle} = this.#head;
    if (epoch > input.epoch) return this.#fenced();
    const isKnown = revision >= known && known >= opened;
    // One of an earlier cycle was delivered late: nobody waits for its answer any more.
    if (epoch < input.epoch || !isKnown || input.cycle < cycle) return this.#lost();
    const head = {epoch, revision: revision + 1, opened, cycle: input.cycle};
    return this.#update(head, (ledger) => ledger.commit(input, unending));
  }

  /** All that it holds, without taking it. */
  async allocations(): Promise<readonly Allocation[]> {
    const copy = new MemoryLedger();
    for (const {update} of this.#journal) await update(copy);
    const opened = await copy.open(Number.MAX_SAFE_INTEGER, unending);
    return opened.kind === 'opened' ? opened.allocations : [];
  }

  /** Restarts without its contents. */
  empty(): void {
    this.#goBack([]);
  }

  /** Fails over to a copy that lags by `lostMs`. */
  failOver(lostMs: number): void {
    const untilMs = this.#clock.monotonicMs() - lostMs;
    this.#goBack(this.#journal.filter(({atMs}) => atMs <= untilMs));
  }

  #goBack(journal: Entry[]): void {
    const ledger = new MemoryLedger();
    this.#journal = journal;
    this.#ledger = ledger;
    this.#head = journal.at(-1)?.head ?? empty;
    this.#restored = (async () => {
      for (const {update} of journal) await update(ledger);
    })();
  }

  async #update<Answer>(
    head: Head,
    update: (ledger: MemoryLedger) => Promise<Answer>,
  ): Promise<Told<Answer>> {
    this.#head = head;
    this.#journal.push({atMs: this.#clock.monotonicMs(), head, update});
    return {answer: await update(this.#ledger), revision: head.revision};
  }

  #fenced(): Told<{readonly kind: 'fenced'; readonly currentEpoch: number}> {
    const {epoch, revision} = this.#head;
    return {answer: {kind: 'fenced', currentEpoch: epoch}, revision};
  }

  #lost(): Told<{readonly kind: 'lost'}> {
    return {answer: {kind: 'lost'}, revision: this.#head.revision};
  }
}
