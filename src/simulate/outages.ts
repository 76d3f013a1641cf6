import type {Fault as CallFault} from '../embedded/faultyTransport.ts';
import type {ApiCall} from '../kube/transport.ts';
import type {Clock} from '../lib/clock.ts';
import type {Random} from '../lib/random.ts';
import {answered, type LedgerFate} from './ledgerLine.ts';
import type {Replica} from './replica.ts';

interface Lag {
  readonly replica: Replica;
  readonly plural: string;
  readonly byMs: number;
  readonly untilMs: number;
}

/** What does not work at present, of the server, of the ledger outside, and on the way to them. */
export class Outages {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #unreachable = new Map<Replica, number>();
  #lags: Lag[] = [];
  #serverDownUntilMs = 0;
  #overload = {status: 500, untilMs: 0};
  #ledgerDownUntilMs = 0;
  #ledgerSlow = {byMs: 0, untilMs: 0};

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  serverDown(forMs: number): void {
    this.#serverDownUntilMs = this.#at(forMs);
  }

  overload(status: number, forMs: number): void {
    this.#overload = {status, untilMs: this.#at(forMs)};
  }

  /** The replica reaches nobody. */
  unreachable(replica: Replica, forMs: number): void {
    this.#unreachable.set(replica, this.#at(forMs));
  }

  /** Lines of watches of one kind come late. */
  lag(replica: Replica, plural: string, byMs: number, forMs: number): void {
    this.#lags.push({replica, plural, byMs, untilMs: this.#at(forMs)});
  }

  ledgerDown(forMs: number): void {
    this.#ledgerDownUntilMs = this.#at(forMs);
  }

  ledgerSlow(byMs: number, forMs: number): void {
    this.#ledgerSlow = {byMs, untilMs: this.#at(forMs)};
  }

  heal(): void {
    this.#unreachable.clear();
    this.#lags = [];
    this.#serverDownUntilMs = 0;
    this.#overload = {status: 500, untilMs: 0};
    this.#ledgerDownUntilMs = 0;
    this.#ledgerSlow = {byMs: 0, untilMs: 0};
  }

  /** What becomes of a call that the replica makes now. */
  faultOf(replica: Replica): CallFault | undefined {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#serverDownUntilMs || this.#isUnreachable(replica)) return {kind: 'unsent'};
    if (nowMs >= this.#overload.untilMs || this.#random.next() < 0.5) return undefined;
    return {kind: 'status', status: this.#overload.status, retryAfterMs: 1_000};
  }

  lagMs(replica: Replica, {path}: ApiCall): number {
    if (this.#lags.length === 0) return 0;
    const nowMs = this.#clock.monotonicMs();
    this.#lags = this.#lags.filter(({untilMs}) => untilMs > nowMs);
    return this.#lags
      .filter((lag) => lag.replica === replica && path.endsWith(`/${lag.plural}`))
      .reduce((sum, {byMs}) => sum + byMs, 0);
  }

  ledgerFate(replica: Replica): LedgerFate {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#ledgerDownUntilMs || this.#isUnreachable(replica)) {
      return {...answered, end: 'refused'};
    }
    if (nowMs >= this.#ledgerSlow.untilMs) return answered;
    return {...answered, slowMs: this.#ledgerSlow.byMs};
  }

  #isUnreachable(replica: Replica): boolean {
    const untilMs = this.#unreachable.get(replica);
    return untilMs !== undefined && this.#clock.monotonicMs() < untilMs;
  }

  #at(forMs: number): number {
    return this.#clock.monotonicMs() + forMs;
  }
}
