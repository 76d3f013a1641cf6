import {assertNever} from '../lib/assertNever.ts';
import {type Clock, sleep} from '../lib/clock.ts';
import type {Log} from '../lib/log.ts';
import type {LeaseChange, LeaseRecord, LeaseStore} from './leaseStore.ts';

export interface LeadershipOptions {
  readonly store: LeaseStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly identity: string;
  readonly durationSeconds: number;
  readonly deadlineMs: number;
  readonly retryMs: number;
  /** Of one call to the API server. */
  readonly callTimeoutMs: number;
  /** The Lease as the acquisition left it. */
  readonly lease: LeaseRecord;
  /** Monotonic time just before that write: nobody can have seen it earlier. */
  readonly acquiredMs: number;
}

/** What became of an attempt to write the Lease that we hold. */
type Write =
  | {readonly kind: 'written'; readonly lease: LeaseRecord}
  | {readonly kind: 'taken'; readonly reason: string}
  | {readonly kind: 'failed'; readonly message: string};

/** One term of office: keeps the Lease from its acquisition until it is given up or lost. */
export class Leadership {
  readonly #options: LeadershipOptions;
  readonly #lost = new AbortController();
  #lease: LeaseRecord;
  #deadlineAtMs: number;
  #lastFailure = 'no renewal was answered';

  constructor(options: LeadershipOptions) {
    this.#options = options;
    this.#lease = options.lease;
    this.#deadlineAtMs = options.acquiredMs + options.deadlineMs;
  }

  get epoch(): number {
    return this.#options.lease.transitions;
  }

  /** Aborts when the Lease is lost, at the latest a renew deadline after the last renewal. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Whether nobody else can lead at this moment, by the clock and not by the timer of `lost`: a
   * process that was stopped for a minute reads what came for it before its timers fire.
   */
  get isHeld(): boolean {
    return !this.lost.aborted && this.#options.clock.monotonicMs() < this.#deadlineAtMs;
  }

  /** Renews until `over` aborts or the Lease is lost. */
  async keep(over: AbortSignal): Promise<void> {
    const {clock, log, retryMs} = this.#options;
    const stop = AbortSignal.any([over, this.lost]);
    let disarm = this.#armDeadline(this.#options.acquiredMs);
    while (!stop.aborted) {
      await sleep(clock, retryMs, stop);
      if (stop.aborted) break;
      const sentMs = clock.monotonicMs();
      const write = await this.#write(this.#sign(), this.lost);
      if (this.lost.aborted) break;
      switch (write.kind) {
        case 'written':
          this.#lease = write.lease;
          disarm();
          disarm = this.#armDeadline(sentMs);
          break;
        case 'taken':
          this.#lose(write.reason);
          break;
        case 'failed':
          this.#lastFailure = write.message;
          log.warn({epoch: this.epoch, cause: write.message}, 'lease not renewed; trying again');
          break;
        default:
          assertNever(write);
      }
    }
    disarm();
  }

  /** Lets the next leader in at once; without it, that one waits for the lease duration. */
  async giveUp(): Promise<void> {
    const change = {...this.#sign(), holder: '', durationSeconds: 1};
    const write = await this.#write(change);
    if (write.kind === 'written') return;
    const cause = write.kind === 'taken' ? write.reason : write.message;
    this.#options.log.warn({cause}, 'lease not given up; the next leader waits for its end');
  }

  #armDeadline(sentMs: number): () => void {
    const {clock, deadlineMs} = this.#options;
    this.#deadlineAtMs = sentMs + deadlineMs;
    return clock.setTimer(this.#deadlineAtMs - clock.monotonicMs(), () =>
      this.#lose(`not renewed for ${deadlineMs} ms: ${this.#lastFailure}`),
    );
  }

  #lose(reason: string): void {
    this.#options.log.error({epoch: this.epoch, reason}, 'lease lost');
    this.#lost.abort(new Error(`Cannot lead any longer: ${reason}`));
  }

  #sign(): LeaseChange {
    const {identity, durationSeconds, clock} = this.#options;
    return {
      holder: identity,
      durationSeconds,
      transitions: this.epoch,
      nowMs: clock.nowMs(),
      isAcquisition: false,
    };
  }

  async #write(change: LeaseChange, signal?: AbortSignal): Promise<Write> {
    const {store, identity, callTimeoutMs} = this.#options;
    let outcome = await store.update(this.#lease, change, callTimeoutMs, signal);
    if (outcome.kind === 'conflict') {
      // A label was put on it, or the reply to our last write was lost; or it is no longer ours.
      outcome = await store.read(callTimeoutMs, signal);
      if (outcome.kind === 'lease') {
        const {lease} = outcome;
        if (lease.holder !== identity || lease.transitions !== this.epoch) {
          return {kind: 'taken', reason: `taken by ${lease.holder || 'nobody'}`};
        }
        outcome = await store.update(lease, change, callTimeoutMs, signal);
      }
    }
    switch (outcome.kind) {
      case 'lease':
        return {kind: 'written', lease: outcome.lease};
      case 'absent':
        return {kind: 'taken', reason: 'the Lease was deleted'};
      case 'conflict':
        return {kind: 'failed', message: 'somebody else wrote the Lease twice in a row'};
      case 'refused':
      case 'failed':
        return {kind: 'failed', message: outcome.message};
      default:
        return assertNever(outcome);
    }
  }
}
