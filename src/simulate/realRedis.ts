import type {Allocation} from '../api/resources.ts';
import type {Ledger} from '../ledger/ledger.ts';
import {RedisLedger} from '../ledger/redisLedger.ts';
import {systemClock} from '../lib/clock.ts';
import {Gate} from '../lib/gate.ts';

export interface RealRedisOptions {
  readonly url: string;
  /** Never used before. */
  readonly keyPrefix: string;
}

const unending = new AbortController().signal;
/** Above every epoch of a run. */
const lastEpoch = 2 ** 40;

/**
 * A ledger in a real Redis, under operators on a virtual clock: time stands still for them while an
 * answer is on its way. Which of two answers comes first is for the server to say, so that a run is
 * the same again only as far as each waits for its own.
 */
export class RealRedis {
  readonly #options: RealRedisOptions;
  readonly #ledgers: RedisLedger[] = [];
  readonly #answered = new Gate();
  #pending = 0;

  constructor(options: RealRedisOptions) {
    this.#options = options;
  }

  /** One replica's connection. */
  connect(): Ledger {
    const ledger = this.#open();
    return {
      kind: 'redis',
      open: (epoch, signal) => this.#hold(ledger.open(epoch, signal)),
      settle: (epoch, allocations, signal) => this.#hold(ledger.settle(epoch, allocations, signal)),
      commit: (input, signal) => this.#hold(ledger.commit(input, signal)),
      audit: (signal) => this.#hold(ledger.audit(signal)),
      close: async () => {},
    };
  }

  /** Undefined while no answer is on its way. */
  answered(): Promise<void> | undefined {
    return this.#pending === 0 ? undefined : this.#answered.wait(unending);
  }

  /** All that it held at the end; takes it away, and closes every connection. */
  async end(): Promise<readonly Allocation[]> {
    const ledger = this.#open();
    const opened = await ledger.open(lastEpoch, unending);
    if (opened.kind === 'opened') await ledger.settle(lastEpoch, [], unending);
    for (const one of this.#ledgers) await one.close();
    if (opened.kind === 'unavailable') throw opened.cause;
    return opened.kind === 'opened' ? opened.allocations : [];
  }

  #open(): RedisLedger {
    const redis = {...this.#options, commandTimeoutMs: 1_000};
    const ledger = new RedisLedger({redis, name: 'berth', clock: systemClock});
    this.#ledgers.push(ledger);
    return ledger;
  }

  async #hold<Answer>(asked: Promise<Answer>): Promise<Answer> {
    this.#pending++;
    try {
      return await asked;
    } finally {
      this.#pending--;
      this.#answered.open();
    }
  }
}
