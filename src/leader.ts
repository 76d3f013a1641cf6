import {chosenKeyOf} from './api/allocation.ts';
import type {RequestRecord} from './api/records.ts';
import type {Allocation} from './api/resources.ts';
import type {Ledger, Unavailable} from './ledger/ledger.ts';
import type {PendingUpdate} from './ledger/pendingUpdate.ts';
import {type TakeOver, takeOver} from './ledger/takeOver.ts';
import {type Clock, sleep} from './lib/clock.ts';
import type {Log} from './lib/log.ts';
import type {BindIntent} from './status/intent.ts';

export interface LeaderOptions {
  readonly ledger: Ledger;
  readonly update: PendingUpdate;
  /** Brings every cache to a consistent read taken after this call. */
  readonly readConsistently: (signal: AbortSignal) => Promise<void>;
  readonly cache: {
    boundAllocations(): Iterable<Allocation>;
    assume(allocation: Allocation, chosenKey?: number): void;
    forgetAssumed(uid: string): unknown;
    worker(name: string): unknown;
    stillTakes(allocation: Allocation): boolean;
  };
  readonly queue: {
    /** Takes a waiting request by uid, as a batch does; undefined when none waits. */
    claim(uid: string): RequestRecord | undefined;
    requeue(key: RequestRecord['key'], options: {uid: string; delayMs: number}): void;
    awaitLedger(isAwaited: boolean): void;
  };
  readonly writer: {write(intent: BindIntent): void};
  readonly router: {
    /** Of the placements seen so far. */
    readonly highestEpoch: number;
  };
  readonly clock: Clock;
  readonly log: Log;
  readonly retryMs: number;
}

interface Claimed extends TakeOver {
  /** The requests to roll forward, by uid. */
  readonly claimed: ReadonlyMap<string, RequestRecord>;
}

export type Prepared =
  | {readonly kind: 'ready'}
  | {readonly kind: 'fenced'; readonly currentEpoch: number}
  | {readonly kind: 'stopped'};

/** What a new leader does before its first batch (DESIGN §3). */
export class Leader {
  readonly #options: LeaderOptions;
  #waitingFor: string | undefined;

  constructor(options: LeaderOptions) {
    this.#options = options;
  }

  /** What keeps batches from being taken; undefined once they are. For `/readyz`. */
  get waitingFor(): string | undefined {
    return this.#waitingFor;
  }

  /**
   * Fences the leader before it, reads what is true, and settles the ledger. Tries again until the
   * ledger answers, a later leader has fenced this one, or `signal` aborts.
   */
  async prepare(epoch: number, signal: AbortSignal): Promise<Prepared> {
    const {ledger, readConsistently, router, log} = this.#options;

    // 1 Write the epoch: from now on the leader before this one is refused.
    this.#waitingFor = `the ${ledger.kind} ledger to accept epoch ${epoch}`;
    const opened = await this.#untilAnswered(epoch, signal, () => ledger.open(epoch, signal));
    if (opened === undefined) return {kind: 'stopped'};
    if (opened.kind === 'fenced') return opened;

    // 2 Read after the fence: what the old leader still managed to bind is in this read.
    this.#waitingFor = 'a consistent read of requests and workers';
    await readConsistently(signal);
    if (signal.aborted) return {kind: 'stopped'};
    // Of this epoch nothing is placed yet: it was that of another leader, and somebody has deleted
    // the Lease and emptied the ledger since. That leader would not be fenced by its own epoch.
    const {highestEpoch} = router;
    if (highestEpoch >= epoch) return {kind: 'fenced', currentEpoch: highestEpoch};

    // 3 Settle: roll forward, release, add.
    this.#waitingFor = `the ${ledger.kind} ledger to be settled`;
    const plan = this.#assumeHeld(opened.allocations);
    const settled = await this.#untilAnswered(epoch, signal, () =>
      ledger.settle(epoch, plan.truth, signal),
    );
    // Emptied between the open and the settle: what is true has not changed, so begin anew.
    if (settled?.kind === 'lost') {
      this.#giveBack(plan);
      return this.prepare(epoch, signal);
    }
    if (settled === undefined) return {kind: 'stopped'};
    if (settled.kind === 'fenced') return settled;
    this.#bind(plan, epoch);

    // 4 Only now batches are taken.
    this.#waitingFor = undefined;
    const {released, added, rollForward, truth} = plan;
    log.info(
      {epoch, held: truth.length, rolledForward: rollForward.length, released, added},
      'ledger settled; taking batches',
    );
    return {kind: 'ready'};
  }

  #assumeHeld(held: readonly Allocation[]): Claimed {
    const {cache, update, queue} = this.#options;
    const claimed = new Map<string, RequestRecord>();
    for (const allocation of held) {
      const record = queue.claim(allocation.uid);
      if (!record) continue;
      const canBind =
        isFor(allocation, record) && cache.worker(allocation.workerName) !== undefined;
      if (canBind) claimed.set(record.uid, record);
      else queue.requeue(record.key, {uid: record.uid, delayMs: 0});
    }
    const plan = takeOver({
      held,
      bound: cache.boundAllocations(),
      canBind: (uid) => claimed.has(uid),
    });
    for (const allocation of plan.rollForward) {
      cache.assume(allocation, chosenKeyOf(claimed.get(allocation.uid)!));
    }
    update.begin();
    return {...plan, claimed};
  }

  #giveBack({claimed}: Claimed): void {
    const {cache, queue} = this.#options;
    for (const {key, uid} of claimed.values()) {
      cache.forgetAssumed(uid);
      queue.requeue(key, {uid, delayMs: 0});
    }
  }

  #bind({rollForward, claimed}: Claimed, epoch: number): void {
    const {cache, queue, update, writer} = this.#options;
    for (const [index, allocation] of rollForward.entries()) {
      const {uid, workerName, gpuDevices} = allocation;
      const record = claimed.get(uid)!;
      if (!cache.stillTakes(allocation)) {
        cache.forgetAssumed(uid);
        update.release(uid);
        queue.requeue(record.key, {uid, delayMs: 0});
        continue;
      }
      const id = `${epoch}.0.${index}`;
      const assignment = {id, epoch, cycle: 0, gpuDevices, affinity: 'None' as const};
      writer.write({kind: 'bind', record, workerName, assignment});
    }
  }

  async #untilAnswered<Answer extends {readonly kind: string}>(
    epoch: number,
    signal: AbortSignal,
    ask: () => Promise<Answer | Unavailable>,
  ): Promise<Answer | undefined> {
    const {clock, retryMs, log, ledger, queue} = this.#options;
    let said = '';
    for (;;) {
      const answer = await ask();
      queue.awaitLedger(isUnavailable(answer));
      if (!isUnavailable(answer)) return answer;
      const cause = answer.cause.message;
      this.#waitingFor = `the ${ledger.kind} ledger: ${cause}`;
      // Once a cause: an outage of an hour must not bury the log.
      if (cause !== said)
        log.error({epoch, ledger: ledger.kind, cause}, 'ledger unavailable; trying again');
      said = cause;
      await sleep(clock, answer.retryAfterMs ?? retryMs, signal);
      if (signal.aborted) return undefined;
    }
  }
}

function isUnavailable(answer: {readonly kind: string}): answer is Unavailable {
  return answer.kind === 'unavailable';
}

/**
 * Whether an allocation was made for what the request asks for now: it may have been edited since.
 */
function isFor(allocation: Allocation, {demand, suspended}: RequestRecord): boolean {
  return (
    !suspended &&
    allocation.cpuMillis === demand.cpuMillis &&
    allocation.memoryBytes === demand.memoryBytes &&
    allocation.gpuMillis === demand.gpuMillis &&
    allocation.gpuDevices.length === demand.gpuCount
  );
}
