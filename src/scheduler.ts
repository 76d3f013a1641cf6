import {allocationOf, chosenKeyOf} from './api/allocation.ts';
import {ledgerAwaitedMessage, ScheduledReason} from './api/reasons.ts';
import type {RequestRecord} from './api/records.ts';
import type {Allocation} from './api/resources.ts';
import type {Committed, Committer} from './ledger/committer.ts';
import {Reject} from './ledger/ledger.ts';
import type {PendingUpdate} from './ledger/pendingUpdate.ts';
import type {Clock} from './lib/clock.ts';
import type {Log} from './lib/log.ts';
import type {CycleSummary} from './observe/cycleSummary.ts';
import {PhaseWatch} from './observe/phaseWatch.ts';
import type {Plan, Snapshot, Verdict} from './placement/plan.ts';
import type {BindIntent, PendingIntent} from './status/intent.ts';

export interface SchedulerOptions {
  readonly batcher: {next(signal: AbortSignal, most: number): Promise<readonly RequestRecord[]>};
  readonly queue: {
    park(classKey: string, verdict: Verdict, unplaced: readonly RequestRecord[]): void;
    requeue(
      key: RequestRecord['key'],
      options: {readonly uid: string; readonly keepsRank?: boolean},
    ): void;
    awaitLedger(isAwaited: boolean): void;
  };
  readonly cache: {
    snapshot(): Snapshot;
    assume(allocation: Allocation, chosenKey?: number): void;
    forgetAssumed(uid: string): unknown;
    isBound(uid: string): boolean;
    stillTakes(allocation: Allocation): boolean;
  };
  readonly place: (batch: readonly RequestRecord[], snapshot: Snapshot) => Plan<RequestRecord>;
  readonly committer: Committer;
  readonly update: PendingUpdate;
  readonly writer: {
    room(signal: AbortSignal): Promise<void>;
    write(intent: BindIntent): void;
    isWriting(key: RequestRecord['key'], uid: string): boolean;
  };
  /** Takes the reason of a request that waits for the ledger. */
  readonly report: (intent: PendingIntent) => void;
  readonly onCycle: (summary: CycleSummary) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: {
    readonly releasesPerCommit: number;
    readonly idleFlushMs: number;
    /** Requests in the first batch of a leadership, and how many times as many in each next one. */
    readonly firstBatch: number;
    readonly batchGrowth: number;
  };
}

/** Runs cycles one after the other: read `#runCycle` first, it is the product. */
export class Scheduler {
  readonly #options: SchedulerOptions;
  #cycle = 0;
  /** What the cycle under way has assumed, by uid. */
  #deciding: ReadonlySet<string> = new Set();

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Whether the cycle under way has a decision about it: its commit may be tried for minutes. */
  isDeciding(uid: string): boolean {
    return this.#deciding.has(uid);
  }

  /**
   * Cycles until `signal` aborts, after the one under way, or until another leader fences this one.
   * Many may have waited for a new leader: its batches begin small and grow, so that a short commit
   * gives the connections, which are not open yet either, something to write during a longer one.
   */
  async run(epoch: number, signal: AbortSignal): Promise<'stopped' | 'fenced'> {
    const {firstBatch, batchGrowth} = this.#options.limits;
    this.#cycle = 0;
    for (let most = firstBatch; !signal.aborted; most *= batchGrowth) {
      if ((await this.#runCycle(epoch, signal, most)) === 'fenced') return 'fenced';
    }
    return 'stopped';
  }

  async #runCycle(epoch: number, signal: AbortSignal, most: number): Promise<Committed['kind']> {
    const {cache, queue, place, committer, update, writer, clock, limits} = this.#options;
    const watch = new PhaseWatch(clock);

    // 1 Take a batch: as long as the writer has room, so that what is decided is soon written.
    await writer.room(signal);
    const batch = this.#withoutWritten(await this.#nextBatch(signal, most));
    watch.end('batch');

    // 2 One snapshot for the whole batch.
    const snapshot = cache.snapshot();
    watch.end('snapshot');

    // 3 Decide. Pure: no wait, no clock, no chance.
    const plan = place(batch, snapshot);
    watch.end('place');

    // 4 Assume, so that the next cycle sees the capacity as taken before anybody has confirmed it.
    const assignments = plan.assigned.map((assigned) =>
      allocationOf(assigned.request, assigned, assigned.request.demand),
    );
    this.#deciding = new Set(assignments.map(({uid}) => uid));
    for (const [index, assignment] of assignments.entries()) {
      cache.assume(assignment, chosenKeyOf(plan.assigned[index]!.request));
    }
    watch.end('assume');

    // 5 Commit: one ledger update, which carries the releases gathered since the last one too.
    const isEmpty = assignments.length === 0 && !update.isWaiting;
    // Not taken in vain: what is seen bound would never leave the ledger.
    const gathered = isEmpty ? nothing : update.take(limits.releasesPerCommit, assignments);
    const cycle = isEmpty ? this.#cycle : ++this.#cycle;
    let isHeldUp = false;
    const committed: Committed = isEmpty
      ? {kind: 'committed', rejects: []}
      : await committer.commit({epoch, cycle, ...gathered, assignments}, signal, (cause) => {
          if (!isHeldUp) this.#sayWaiting(batch, cause);
          isHeldUp = true;
          queue.awaitLedger(true);
        });
    if (isHeldUp) queue.awaitLedger(false);
    watch.end('commit');
    if (committed.kind !== 'committed') return committed.kind;

    // 6 Hand over: accepted ones to the status writer, the rest back to the queue with its reason.
    const rejected = this.#handOver(plan, assignments, committed.rejects, {epoch, cycle});
    this.#deciding = new Set();
    watch.end('handOver');

    this.#options.onCycle({
      epoch,
      cycle,
      batchSize: batch.length,
      accepted: assignments.length - rejected,
      rejected,
      unplaced: plan.unplaced.length,
      commits: isEmpty ? 0 : 1,
      phasesMs: watch.phasesMs,
    });
    return 'committed';
  }

  #handOver(
    plan: Plan<RequestRecord>,
    assignments: readonly Allocation[],
    rejects: readonly (Reject | undefined)[],
    at: {epoch: number; cycle: number},
  ): number {
    const {cache, queue, writer, update, log} = this.#options;
    let rejected = 0;
    for (const [index, assigned] of plan.assigned.entries()) {
      const {request: record, workerName, gpuDevices, affinity} = assigned;
      const reject = rejects[index];
      if (reject === undefined && cache.stillTakes(assignments[index]!)) {
        const id = `${at.epoch}.${at.cycle}.${index}`;
        writer.write({
          kind: 'bind',
          record,
          workerName,
          assignment: {id, ...at, gpuDevices, affinity},
        });
        continue;
      }
      rejected++;
      cache.forgetAssumed(record.uid);
      // A worker that changed during a long commit; or a Pending request with an allocation
      // elsewhere, a leftover nobody will ever bind: the ledger holds it for nothing.
      const isHeld = reject === undefined || reject === Reject.AssignedElsewhere;
      if (isHeld && !cache.isBound(record.uid)) update.release(record.uid);
      queue.requeue(record.key, {uid: record.uid, keepsRank: true});
      const keys = {...at, request: record.key, workerName, reject: reject ?? 'WorkerChanged'};
      log.debug(keys, 'assignment rejected');
    }
    for (const [classKey, unplaced] of Map.groupBy(
      plan.unplaced,
      ({request}) => request.classKey,
    )) {
      queue.park(
        classKey,
        unplaced[0]!.verdict,
        unplaced.map(({request}) => request),
      );
    }
    return rejected;
  }

  /**
   * A request that left the queue and came back (suspended and resumed) while its bind is still on
   * its way waits for the end of that: a second decision would give away what the first one may yet
   * take.
   */
  #withoutWritten(batch: readonly RequestRecord[]): readonly RequestRecord[] {
    const {queue, writer} = this.#options;
    return batch.filter(({key, uid}) => {
      if (!writer.isWriting(key, uid)) return true;
      queue.requeue(key, {uid});
      return false;
    });
  }

  /** The ledger does not answer: whoever looks at a request of the batch shall see why it waits. */
  #sayWaiting(batch: readonly RequestRecord[], cause: Error): void {
    const message = `${ledgerAwaitedMessage}: ${cause.message}`;
    const reason = ScheduledReason.LedgerUnavailable;
    for (const record of batch) this.#options.report({kind: 'pending', record, reason, message});
  }

  /** A batch, or an empty one when only releases have been waiting for `idleFlushMs`. */
  async #nextBatch(signal: AbortSignal, most: number): Promise<readonly RequestRecord[]> {
    const {batcher, update, clock, limits} = this.#options;
    const idle = new AbortController();
    let cancel = () => {};
    const arm = () => {
      cancel = clock.setTimer(limits.idleFlushMs, () => idle.abort());
    };
    if (update.releaseCount > 0) arm();
    else update.onFirst = arm;
    const batch = await batcher.next(AbortSignal.any([signal, idle.signal]), most);
    update.onFirst = () => {};
    cancel();
    return batch;
  }
}

const nothing = {releases: [], confirmed: []} as const;
