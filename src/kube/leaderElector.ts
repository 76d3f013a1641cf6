import {assertNever} from '../lib/assertNever.ts';
import {type Clock, sleep} from '../lib/clock.ts';
import type {Log} from '../lib/log.ts';
import type {Random} from '../lib/random.ts';
import {textOf} from './exchange.ts';
import {Leadership} from './leadership.ts';
import {type LeaseChange, type LeaseOutcome, type LeaseRecord, LeaseStore} from './leaseStore.ts';
import type {Transport} from './transport.ts';

export interface LeaderElectorOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  /** Never used before, not even by this Pod's process before a restart. */
  readonly identity: string;
  /** Default 15, 10 and 2 s, each above the next. */
  readonly durations?: LeaseDurations;
}

export interface LeaseDurations {
  /** Others respect the Lease for so long after the last change they saw. */
  readonly leaseDurationSeconds: number;
  /** A leader that cannot renew for so long leaves. */
  readonly renewDeadlineSeconds: number;
  /** Between renewals; between tries to take it, and up to 2.2 times as long. */
  readonly retryPeriodSeconds: number;
}

export interface LeaderCallbacks {
  /**
   * Called with the epoch of this leadership, higher than every one before it. `leadSignal` aborts
   * when it ends, `lost` only when somebody else may lead already; the Lease is given up once the
   * promise settles, and then tried for again.
   */
  onElected(epoch: number, leadSignal: AbortSignal, lost: AbortSignal): Promise<void>;
  /**
   * Asked after the promise of `onElected` settled: false lets the Lease run out instead of giving
   * it up, as something of this leadership may still arrive. Default true.
   */
  mayGiveUp?(): boolean;
  /** After the promise of `onElected` settled, when the Lease was lost and not given up. */
  onLost?(reason: string): void;
}

const DEFAULT_DURATIONS: LeaseDurations = {
  leaseDurationSeconds: 15,
  renewDeadlineSeconds: 10,
  retryPeriodSeconds: 2,
};
/** Spreads the tries of many candidates, as client-go does. */
const JITTER_FACTOR = 1.2;
const MAX_WAIT_MS = 30_000;

/**
 * Leader election over a Lease; the algorithm of client-go's `tools/leaderelection`, with three
 * differences: every acquisition raises `leaseTransitions`, which is the epoch that fences a leader
 * who does not know yet that it was replaced; the end of a leadership ends no process; and a
 * candidate who knows when the Lease is free looks at it then, not up to 4.4 s later.
 *
 * Times in the Lease are never compared with a clock of ours. A candidate waits a full lease
 * duration, on its own monotonic clock, from the last change it saw; a leader leaves a renew
 * deadline after it sent its last successful renewal. So a clock may jump on any machine.
 */
export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #store: LeaseStore;
  readonly #durations: LeaseDurations;
  readonly #retryMs: number;
  /** Of one call: two fit into the renew deadline. */
  readonly #callTimeoutMs: number;
  #observed: {readonly sign: string; readonly atMs: number} = {sign: '', atMs: 0};
  #leader = '';
  #epochFloor = 0;
  /** By what was seen since the last try to take it. */
  #freeAtMs = Number.POSITIVE_INFINITY;
  #lookAgain: () => void = () => {};
  #term: Leadership | undefined;

  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.#store = new LeaseStore(options);
    this.#durations = options.durations ?? DEFAULT_DURATIONS;
    this.#retryMs = this.#durations.retryPeriodSeconds * 1_000;
    this.#callTimeoutMs = (this.#durations.renewDeadlineSeconds * 1_000) / 2;
  }

  /** True only while nobody else can lead: ask at the moment of a write. */
  get isLeader(): boolean {
    return this.#term?.isHeld ?? false;
  }

  /** Identity of the holder last seen; empty when none was. */
  get leader(): string {
    return this.#leader;
  }

  /**
   * Makes the epoch of the next leadership higher than `epoch`. For a ledger that knows a higher
   * one than the Lease does, as after somebody deleted the Lease; return from `onElected` then.
   */
  raiseEpoch(epoch: number): void {
    this.#epochFloor = Math.max(this.#epochFloor, epoch);
  }

  /**
   * What a watch of Leases shows; others than this one are ignored. A hint that spares a candidate
   * the wait for its next look: the Lease is read before it is taken. That it was deleted is none,
   * as its holder finds out by its next renewal only.
   */
  noticed(object: unknown): void {
    const lease = this.#store.recognize(object);
    if (!lease || this.#term) return;
    this.#observe(lease);
    this.#lookAgain();
  }

  /**
   * Competes for the Lease until `signal` aborts; then ends a leadership, waits for `onElected` to
   * settle, and gives the Lease up.
   * @throws Error when the rights do not suffice or the namespace is missing; what `onElected`
   *   threw
   */
  async run(signal: AbortSignal, callbacks: LeaderCallbacks): Promise<void> {
    while (!signal.aborted) {
      const term = await this.#acquire(signal);
      if (!term) return;
      if (signal.aborted) return term.giveUp();
      await this.#lead(term, signal, callbacks);
    }
  }

  async #acquire(signal: AbortSignal): Promise<Leadership | undefined> {
    const {clock, random, log} = this.#options;
    while (!signal.aborted) {
      const askedMs = clock.monotonicMs();
      const outcome = await this.#tryToAcquire(signal);
      let waitMs = this.#retryMs * (1 + JITTER_FACTOR * random.next());
      switch (outcome.kind) {
        case 'lease':
          return this.#termOf(outcome.lease, askedMs);
        case 'refused':
          throw new Error(outcome.message);
        case 'failed':
          if (signal.aborted) return undefined;
          this.#freeAtMs = Number.POSITIVE_INFINITY;
          log.warn({cause: outcome.message}, 'lease not reached; trying again');
          waitMs = Math.min(Math.max(waitMs, outcome.retryAfterMs ?? 0), MAX_WAIT_MS);
          break;
        case 'absent':
        case 'conflict':
          // Free or not, by what was seen before this try: it did not help.
          this.#freeAtMs = Number.POSITIVE_INFINITY;
          break;
        case 'held':
          break;
        default:
          return assertNever(outcome);
      }
      await this.#untilNextLook(waitMs, signal);
    }
    return undefined;
  }

  /** Waits `waitMs`, or until the Lease is free where that is earlier. */
  async #untilNextLook(waitMs: number, signal: AbortSignal): Promise<void> {
    const {clock} = this.#options;
    const endMs = clock.monotonicMs() + waitMs;
    while (!signal.aborted) {
      const leftMs = Math.min(endMs, this.#freeAtMs) - clock.monotonicMs();
      if (leftMs <= 0) return;
      const noticed = new AbortController();
      this.#lookAgain = () => noticed.abort();
      await sleep(clock, leftMs, AbortSignal.any([signal, noticed.signal]));
    }
  }

  async #tryToAcquire(signal: AbortSignal): Promise<LeaseOutcome | {readonly kind: 'held'}> {
    const found = await this.#store.read(this.#callTimeoutMs, signal);
    // The writes are not aborted: an acquisition that nobody knows of would block the Lease.
    if (found.kind === 'absent') {
      return this.#store.create(this.#acquisition(0), this.#callTimeoutMs);
    }
    if (found.kind !== 'lease') return found;
    const {lease} = found;
    this.#observe(lease);
    if (!this.#isFree(lease)) return {kind: 'held'};
    return this.#store.update(lease, this.#acquisition(lease.transitions), this.#callTimeoutMs);
  }

  /** Notes when a sign of life was seen first, on our own clock. */
  #observe(lease: LeaseRecord): void {
    if (lease.sign !== this.#observed.sign) {
      this.#observed = {sign: lease.sign, atMs: this.#options.clock.monotonicMs()};
    }
    this.#freeAtMs = lease.holder === '' ? 0 : this.#observed.atMs + this.#durationOf(lease);
    // A Lease that somebody deletes must not take the epoch back to where it began.
    this.raiseEpoch(lease.transitions);
    if (lease.holder === this.#leader) return;
    this.#leader = lease.holder;
    this.#options.log.info({leader: lease.holder}, 'leader seen');
  }

  #isFree(lease: LeaseRecord): boolean {
    // Our own name in it: an acquisition whose reply was lost, or a leadership that has ended.
    if (lease.holder === '' || lease.holder === this.#options.identity) return true;
    const unseenMs = this.#options.clock.monotonicMs() - this.#observed.atMs;
    return unseenMs >= this.#durationOf(lease);
  }

  #durationOf({durationMs}: LeaseRecord): number {
    return durationMs ?? this.#durations.leaseDurationSeconds * 1_000;
  }

  #acquisition(transitions: number): LeaseChange {
    return {
      holder: this.#options.identity,
      durationSeconds: this.#durations.leaseDurationSeconds,
      transitions: Math.max(transitions, this.#epochFloor) + 1,
      nowMs: this.#options.clock.nowMs(),
      isAcquisition: true,
    };
  }

  #termOf(lease: LeaseRecord, acquiredMs: number): Leadership {
    const {clock, log, identity} = this.#options;
    this.raiseEpoch(lease.transitions);
    return new Leadership({
      store: this.#store,
      clock,
      log,
      identity,
      durationSeconds: this.#durations.leaseDurationSeconds,
      deadlineMs: this.#durations.renewDeadlineSeconds * 1_000,
      retryMs: this.#retryMs,
      callTimeoutMs: this.#callTimeoutMs,
      lease,
      acquiredMs,
    });
  }

  async #lead(term: Leadership, signal: AbortSignal, callbacks: LeaderCallbacks): Promise<void> {
    const {clock, log, namespace, name, identity} = this.#options;
    const {epoch} = term;
    log.info({lease: `${namespace}/${name}`, epoch}, 'elected leader');
    this.#term = term;
    this.#leader = identity;
    const over = new AbortController();
    // A stopping leader is still the leader while it finishes: only its work is told to end.
    const keeping = term.keep(over.signal);
    try {
      await callbacks.onElected(epoch, AbortSignal.any([signal, term.lost]), term.lost);
    } finally {
      over.abort();
      await keeping;
      this.#term = undefined;
      this.#leader = '';
      if (!term.lost.aborted && (callbacks.mayGiveUp?.() ?? true)) await term.giveUp();
      log.info({epoch}, 'leadership over');
    }
    if (term.lost.aborted) callbacks.onLost?.(textOf(term.lost.reason));
    // A leadership that ended by itself must not be taken again in a tight loop.
    await sleep(clock, this.#retryMs, signal);
  }
}
