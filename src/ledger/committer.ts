import type {Allocation, Capacity} from '../api/resources.ts';
import {assertNever} from '../lib/assertNever.ts';
import {type Clock, sleep} from '../lib/clock.ts';
import {type BackoffRange, fullJitterMs} from '../lib/fullJitter.ts';
import type {Log} from '../lib/log.ts';
import type {Random} from '../lib/random.ts';
import type {CommitInput, CommitResult, Ledger, Reject, Unavailable} from './ledger.ts';
import type {PendingUpdate} from './pendingUpdate.ts';

export interface CommitterOptions {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** What is known to be taken: bound, and assumed by batches before this one. */
  readonly allocations: () => Iterable<Allocation>;
  /** Of those of the workers that take something new. */
  readonly capacities: (workerNames: Iterable<string>) => ReadonlyMap<string, Capacity>;
  readonly update: Pick<PendingUpdate, 'adopt' | 'takeAdopted'>;
  /** Told once when commits stop, until they have gone on. */
  readonly onOutage: () => void;
  readonly backoff: BackoffRange;
  /** A commit under way outlives the stop by so long: its outcome says whether binds follow. */
  readonly drainMs: number;
}

/** What is to be committed; capacities are read at each try, as workers change during an outage. */
export type CommitRequest = Omit<CommitInput, 'capacities'>;

/** The definite end of one commit. */
export type Committed =
  | {readonly kind: 'committed'; readonly rejects: readonly (Reject | undefined)[]}
  | {readonly kind: 'fenced'; readonly currentEpoch: number}
  /** The operator is stopping and the ledger gave no answer: the next leader settles it. */
  | {readonly kind: 'stopped'};

/**
 * Brings a commit to a definite end. A commit whose fate is unknown is tried again as it was: it is
 * idempotent per (uid, worker), while deciding anew could leave a request with two allocations.
 */
export class Committer {
  readonly #options: CommitterOptions;
  #outage: Error | undefined;

  constructor(options: CommitterOptions) {
    this.#options = options;
  }

  /** Why commits wait at present; undefined when they do not. */
  get outage(): Error | undefined {
    return this.#outage;
  }

  /**
   * @param onWaiting called at each failure of this commit but the first, which may be a blip
   */
  async commit(
    input: CommitRequest,
    signal: AbortSignal,
    onWaiting: (cause: Error) => void = () => {},
  ): Promise<Committed> {
    const {clock, drainMs} = this.#options;
    const late = new AbortController();
    let cancel = () => {};
    const onStop = () => {
      cancel = clock.setTimer(drainMs, () => late.abort());
    };
    if (signal.aborted) onStop();
    else signal.addEventListener('abort', onStop, {once: true});
    try {
      return await this.#commit(input, {signal, late: late.signal, onWaiting});
    } finally {
      signal.removeEventListener('abort', onStop);
      cancel();
    }
  }

  async #commit(
    input: CommitRequest,
    until: {signal: AbortSignal; late: AbortSignal; onWaiting: (cause: Error) => void},
  ): Promise<Committed> {
    const {clock, random, backoff, log, ledger} = this.#options;
    const {signal, late, onWaiting} = until;
    for (let attempt = 0; ; attempt++) {
      const result = await this.#try(input, signal, late);
      switch (result.kind) {
        case 'committed':
        case 'fenced':
          this.#setOutage(undefined, input);
          return result;
        case 'lost': {
          const keys = {epoch: input.epoch, cycle: input.cycle, ledger: ledger.kind};
          log.warn(keys, 'ledger has lost its contents; restoring them');
          const settled = await this.#settle(input, signal);
          if (settled.kind === 'fenced') return settled;
          if (settled.kind === 'unavailable') this.#setOutage(settled.cause, input);
          break;
        }
        case 'unavailable':
          this.#setOutage(result.cause, input);
          break;
        default:
          assertNever(result);
      }
      if (this.#outage && attempt > 0) onWaiting(this.#outage);
      if (signal.aborted) return {kind: 'stopped'};
      const askedMs = result.kind === 'unavailable' ? (result.retryAfterMs ?? 0) : 0;
      await sleep(clock, Math.max(askedMs, fullJitterMs(attempt, backoff, random)), signal);
      if (signal.aborted) return {kind: 'stopped'};
    }
  }

  /** Commits; what was placed behind our back is settled first. */
  async #try(input: CommitRequest, signal: AbortSignal, late: AbortSignal): Promise<CommitResult> {
    const {ledger, update, capacities} = this.#options;
    if (update.takeAdopted()) {
      const settled = await this.#settle(input, signal);
      if (settled.kind !== 'settled') {
        update.adopt();
        return settled;
      }
    }
    const workerNames = new Set(input.assignments.map(({workerName}) => workerName));
    return ledger.commit({...input, capacities: capacities(workerNames)}, late);
  }

  /** Tells the ledger what is true, without this commit's own part. */
  async #settle(
    input: CommitRequest,
    signal: AbortSignal,
  ): Promise<{kind: 'settled'} | {kind: 'fenced'; currentEpoch: number} | Unavailable> {
    const {ledger, log, allocations} = this.#options;
    const {epoch, cycle} = input;
    const asked = new Set(input.assignments.map((assignment) => assignment.uid));
    const known = [...allocations()].filter((allocation) => !asked.has(allocation.uid));
    log.info({epoch, cycle, ledger: ledger.kind, allocations: known.length}, 'settling the ledger');
    const opened = await ledger.open(epoch, signal);
    if (opened.kind !== 'opened') return opened;
    const settled = await ledger.settle(epoch, known, signal);
    // Lost between the two: the commit says so again.
    return settled.kind === 'committed' || settled.kind === 'lost' ? {kind: 'settled'} : settled;
  }

  #setOutage(cause: Error | undefined, {epoch, cycle}: CommitRequest): void {
    const {log, onOutage, ledger} = this.#options;
    const before = this.#outage;
    this.#outage = cause;
    // Each new cause is said: what refused connections may refuse the password next.
    if (cause?.message === before?.message) return;
    const keys = {epoch, cycle, ledger: ledger.kind};
    if (cause) log.error({...keys, cause: cause.message}, 'ledger unavailable; commits wait');
    else log.info(keys, 'ledger available; commits go on');
    if (cause && !before) onOutage();
  }
}
