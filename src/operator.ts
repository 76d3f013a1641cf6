import type {RequestKey} from './api/records.ts';
import {fixedLimits} from './config.ts';
import {fencedTransport} from './kube/fencedTransport.ts';
import {LeaderElector} from './kube/leaderElector.ts';
import {Leader} from './leader.ts';
import {sleep} from './lib/clock.ts';
import type {Check} from './observe/endpoints.ts';
import {createReflectors, type Mirror} from './reflectors.ts';
import {createStages, type OperatorOptions, type Stages} from './stages.ts';

export type {OperatorOptions} from './stages.ts';

/** How a run ended: as asked, or as this replica may not lead any more and must leave. */
export type OperatorEnd = 'stopped' | 'leadership lost';

/**
 * One replica. Its caches are warm from the start; it decides only while it leads, and leaves when
 * it has lost that, as whatever it still believes then may be old.
 */
export class Operator {
  readonly stages: Stages;
  readonly #options: OperatorOptions;
  readonly #leader: Leader;
  readonly #elector: LeaderElector;
  readonly #reflectors: readonly Mirror[];
  /** Those that a decision rests on. */
  readonly #decisive: readonly Mirror[];
  /** Whether the last leadership has ended with binds that may still arrive. */
  #leftBinds = false;
  /** That the ledger is known to have seen. */
  #highestEpoch = 0;
  /** Those that bring the signs of life of workers. */
  readonly #signs: readonly Mirror[];

  constructor(options: OperatorOptions) {
    this.#options = options;
    const {config, clock, log} = options;
    this.#elector = new LeaderElector({
      ...options,
      name: config.leaderElection.leaseName,
      durations: config.leaderElection,
    });
    // What a leader decided must not leave once another one may lead, however late it is sent.
    const mayWrite = () => !config.leaderElection.enabled || this.#elector.isLeader;
    const transport = fencedTransport(options.transport, mayWrite);
    this.stages = createStages({...options, transport});
    const onLease = (object: unknown) => this.#elector.noticed(object);
    const {decisive, finished} = createReflectors(options, this.stages, onLease);
    this.#decisive = Object.values(decisive);
    this.#reflectors = [...this.#decisive, ...finished];
    this.#signs = [decisive.leases, decisive.nodes];
    this.#leader = new Leader({
      ...this.stages,
      readConsistently: async (signal) => {
        await Promise.all(this.#decisive.map((reflector) => reflector.readConsistently(signal)));
      },
      clock,
      log,
      retryMs: config.leaderElection.retryPeriodSeconds * 1000,
    });
  }

  /** What `/readyz` shows. A replica that stands by with warm caches is ready. */
  get checks(): readonly Check[] {
    const {committer, health} = this.stages;
    return [
      {
        name: 'watch',
        waitingFor: () => this.#decisive.map(({waitingFor}) => waitingFor).find(Boolean),
      },
      {name: 'leadership', waitingFor: () => this.#leader.waitingFor},
      {name: 'ledger', waitingFor: () => committer.outage?.message},
      {name: 'workers', waitingFor: () => health.blindness},
    ];
  }

  get isLeader(): boolean {
    return this.#elector.isLeader;
  }

  /**
   * Runs until `signal` aborts, and drains then: the cycle under way is finished, outstanding
   * writes get their time, the Lease is given up.
   * @throws Error with one sentence when rights or the namespace of the Lease are missing
   */
  async run(signal: AbortSignal): Promise<OperatorEnd> {
    const watching = new AbortController();
    const reflecting = this.#reflectors.map((reflector) => reflector.run(watching.signal));
    const failed = Promise.all(reflecting).then(() => 'stopped' as const);
    try {
      return await Promise.race([this.#compete(signal), failed]);
    } finally {
      watching.abort();
      await Promise.allSettled(reflecting);
      await this.stages.ledger.close();
    }
  }

  async #compete(signal: AbortSignal): Promise<OperatorEnd> {
    const leave = new AbortController();
    let end: OperatorEnd = 'stopped';
    const lose = () => {
      end = 'leadership lost';
      leave.abort();
    };
    if (!this.#options.config.leaderElection.enabled) {
      // Nobody else ever runs: a higher epoch in the ledger is one of our own, from before a
      // restart.
      let ended = await this.#lead(1, signal);
      while (ended === 'again') ended = await this.#lead(this.#highestEpoch + 1, signal);
      if (ended === 'fenced') lose();
      return end;
    }
    await this.#elector.run(AbortSignal.any([signal, leave.signal]), {
      onElected: async (epoch, leadSignal, lost) => {
        const ended = await this.#lead(epoch, leadSignal, lost);
        if (ended === 'fenced') lose();
      },
      // Redis may fail over and forget what they hold; nobody may decide before they have arrived.
      mayGiveUp: () => this.stages.ledger.kind !== 'redis' || !this.#leftBinds,
      onLost: (reason) => {
        this.#options.log.error({reason}, 'leadership lost; leaving');
        lose();
      },
    });
    return end;
  }

  /**
   * @param lost aborts when another replica may lead already: from then on nothing more is written
   */
  async #lead(
    epoch: number,
    signal: AbortSignal,
    lost: AbortSignal = new AbortController().signal,
  ): Promise<'stopped' | 'fenced' | 'again'> {
    const {log} = this.#options;
    const {scheduler, lifecycle, nodeWorkers, view, writer} = this.stages;
    const over = new AbortController();
    let drainUntil = lost;
    const {followers, drain} = this.#startFollowers(AbortSignal.any([over.signal, lost]));
    try {
      this.stages.queue.restart();
      const prepared = await this.#leader.prepare(epoch, signal);
      if (prepared.kind === 'fenced') {
        // A ledger that knows no lower epoch than the Lease: somebody deleted the Lease.
        log.warn(
          {epoch, currentEpoch: prepared.currentEpoch},
          'ledger has this epoch or a higher one; trying above it',
        );
        this.#highestEpoch = prepared.currentEpoch;
        this.#elector.raiseEpoch(prepared.currentEpoch);
        return 'again';
      }
      if (prepared.kind === 'stopped') return 'stopped';
      // Not before: to the lifecycle, a Worker or a Pod that is not read yet is gone, and a Worker
      // whose requests are not read yet looks empty. And no longer than the leadership, while what
      // was decided in it may still be written.
      const leading = AbortSignal.any([signal, over.signal]);
      followers.push(lifecycle.run(leading), nodeWorkers.run(leading), view.run(leading));
      followers.push(this.#housekeep(leading));
      const ended = await scheduler.run(epoch, signal);
      if (ended === 'fenced') {
        log.error({epoch}, 'another leader has the ledger; leaving');
        drainUntil = AbortSignal.abort();
      }
      return ended;
    } finally {
      await drain(drainUntil);
      this.#leftBinds = writer.outstandingBinds > 0;
      over.abort();
      await Promise.all(followers);
    }
  }

  /** What writes for a leader, from the moment it leads. */
  #startFollowers(over: AbortSignal): {
    followers: Promise<void>[];
    drain: (until: AbortSignal) => Promise<void>;
  } {
    const {writer, reporter, events} = this.stages;
    const {clock, config} = this.#options;
    const followers = [writer.run(over), reporter.run(over), events.run(over)];
    const drain = async (until: AbortSignal) => {
      const tooLate = new AbortController();
      const cancel = clock.setTimer(config.shutdown.drainMs, () => tooLate.abort());
      await writer.drain(AbortSignal.any([until, tooLate.signal]));
      cancel();
    };
    return {followers, drain};
  }

  /**
   * Looks regularly at what no event tells: assumptions without an end, silent workers, the cache.
   */
  async #housekeep(signal: AbortSignal): Promise<void> {
    const {clock, config, log} = this.#options;
    const {cache, nodeWorkers} = this.stages;
    let auditedMs = clock.monotonicMs();
    while (!signal.aborted) {
      await this.#judgeWorkers(signal);
      await sleep(clock, fixedLimits.housekeepingMs, signal);
      if (signal.aborted) return;
      await this.#endAssumptions(signal);
      if (clock.monotonicMs() - auditedMs < config.cache.auditIntervalMs) continue;
      auditedMs = clock.monotonicMs();
      for (const reflector of this.#reflectors) await reflector.audit(signal);
      nodeWorkers.resync();
      for (const {workerName} of cache.audit())
        log.error({workerName}, 'usage differs from its allocations');
      await this.#auditLedger(signal);
    }
  }

  /** Only said: what is wrong there is made right by the settle of the next leader. */
  async #auditLedger(signal: AbortSignal): Promise<void> {
    const audit = await this.stages.ledger.audit?.(signal);
    if (audit?.kind !== 'audited') return;
    for (const difference of audit.differences)
      this.#options.log.error(difference, 'sum in the ledger differs from its allocations');
  }

  /**
   * The silence of a worker may be that of our watches: it is lost only when a read says the same.
   */
  async #judgeWorkers(signal: AbortSignal): Promise<void> {
    const {health, lifecycle, lostWorkers} = this.stages;
    if (health.hasSuspects) {
      await Promise.all(this.#signs.map((reflector) => reflector.readConsistently(signal)));
    }
    if (!signal.aborted) lostWorkers.hide(lifecycle.judgeWorkers());
  }

  /**
   * An assumption that nobody is writing any more and nobody has confirmed: after a read that shows
   * the request without a worker it is released, and the request decided anew.
   */
  async #endAssumptions(signal: AbortSignal): Promise<void> {
    const {config, log} = this.#options;
    const {cache, writer, update, queue, scheduler} = this.stages;
    const isUnderWay = (uid: string) => {
      const key = cache.allocationOf(uid)?.request as RequestKey | undefined;
      return scheduler.isDeciding(uid) || (key !== undefined && writer.isWriting(key, uid));
    };
    const stale = cache
      .assumedOlderThan(config.cache.assumeTimeoutMs)
      .filter((uid) => !isUnderWay(uid));
    if (stale.length === 0) return;
    log.warn({assumptions: stale.length}, 'assumptions without an end; reading the requests again');
    await Promise.all(this.#decisive.map((reflector) => reflector.readConsistently(signal)));
    if (signal.aborted) return;
    for (const uid of stale) {
      const key = cache.allocationOf(uid)?.request as RequestKey | undefined;
      if (key === undefined || isUnderWay(uid) || cache.isBound(uid)) continue;
      cache.forgetAssumed(uid);
      update.release(uid);
      queue.requeue(key, {uid, delayMs: 0});
    }
  }
}
