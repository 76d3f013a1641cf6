import {ledgerAwaitedMessage} from '../api/reasons.ts';
import type {RequestKey, RequestRecord} from '../api/records.ts';
import {isNewerVersion} from '../api/resourceVersion.ts';
import {assertNever} from '../lib/assertNever.ts';
import {fullJitterMs} from '../lib/fullJitter.ts';
import type {Verdict} from '../placement/plan.ts';
import {DelayQueue} from './delayQueue.ts';
import {type Entry, goesBefore, lacksReport, newEntry} from './entry.ts';
import {Outside} from './outside.ts';
import {PASSED_OVER, PassedOver} from './passedOver.ts';
import type {QueueCounts, RequestQueueOptions, RequeueOptions} from './requestQueueOptions.ts';
import {type UnreportedRequest, WaitingClasses} from './waitingClasses.ts';

/**
 * How often in a row a request keeps its rank in backoff. What is refused more often will be again,
 * and would take the place in each batch, and the capacity, of those that it comes before.
 */
const MAX_RANKED_REQUEUES = 4;

/** A class of the batch under decision, and whether something happened since that could help it. */
interface Undecided {
  readonly representative: RequestRecord;
  isWoken: boolean;
}

/**
 * All requests without a worker, each in one state:
 *
 * ```
 *            upsert              take, claim              done
 *  (unknown) ------> Ready -------------------> InFlight -------> Placed
 *                    ^ | ^                       |  |  |             |
 *               wake | | '- restart -------------'  |  | requeue     | upsert of a newer
 *                    | | ^                          |  v             | state without a worker
 *                    | | '-- over, or edited -- Delayed              '---> Ready
 *                    | v                            |
 *                   Parked <--------- park ---------'        remove: any state -> (unknown)
 * ```
 *
 * Ready and Parked are states of a whole class (`WaitingClasses`). Who joins a class (upsert, end
 * of a delay, given back) is Parked when it is: a verdict holds for equals.
 *
 * **No inversion**: when a batch is taken, nobody in it has a lower priority than somebody who is
 * Ready, or Delayed and keeps its rank, and was left out. The others do not compete: no worker fits
 * the Parked, and whatever could help them readies them before the next batch; who is InFlight has
 * its decision; who is Delayed without its rank has a bind on its way or refused, or was refused
 * by the ledger again and again. Nobody is too late either: what arrives while a batch is decided
 * is in the next one; of those that find the queue full the best comes in first.
 */
export class RequestQueue {
  readonly #options: RequestQueueOptions;
  readonly #entries = new Map<RequestKey, Entry>();
  readonly #keys = new Map<string, RequestKey>();
  readonly #waiting = new WaitingClasses();
  readonly #delayed: DelayQueue;
  readonly #undecided = new Map<string, Undecided>();
  readonly #outside = new Outside();
  readonly #passedOver = new PassedOver(PASSED_OVER);
  /** While the ledger does not answer: then everybody is. */
  readonly #heldUp = new PassedOver(ledgerAwaitedMessage);
  #onUnreported: () => void = () => {};
  #inFlight = 0;
  #placed = 0;

  constructor(options: RequestQueueOptions) {
    this.#options = options;
    this.#delayed = new DelayQueue(options.clock, (entry) => this.#waiting.add(entry));
  }

  /** Called after each arrival of Ready requests. */
  set onReady(listener: () => void) {
    this.#waiting.onReady = listener;
  }

  /** Called when `takeUnreported`, `takePassedOver` or `takeHeldUp` has something to give. */
  set onUnreported(listener: () => void) {
    this.#onUnreported = listener;
    this.#waiting.onUnreported = listener;
  }

  get readyCount(): number {
    return this.#waiting.readyCount;
  }

  get parkedClassCount(): number {
    return this.#waiting.parkedClassCount;
  }

  get counts(): QueueCounts {
    const [inFlight, placed] = [this.#inFlight, this.#placed];
    const [ready, delayed] = [this.#waiting.readyCount, this.#delayed.size];
    const parked = this.#entries.size - ready - inFlight - delayed - placed;
    return {ready, parked, inFlight, delayed, placed};
  }

  /** Takes in a new or changed request without a worker. */
  upsert(record: RequestRecord): void {
    const entry = this.#entries.get(record.key);
    if (entry && entry.record.uid === record.uid) {
      this.#change(entry, record);
      return;
    }
    if (entry) this.#drop(entry);
    const {limits, onRefused} = this.#options;
    if (this.#entries.size < limits.maxRequests) {
      this.#admit(record);
      return;
    }
    this.#outside.set(record);
    onRefused?.(record);
  }

  /** Forgets a request: deleted, suspended, invalid, or seen with a worker. */
  remove(key: RequestKey): void {
    this.#outside.delete(key);
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#drop(entry);
    const next = this.#outside.shift();
    if (next) this.#admit(next);
  }

  /**
   * At most `max` Ready requests, which are InFlight from now on: strictly by priority, then by
   * age, then by key, whatever their class. O(log classes + log members) each.
   */
  take(max: number): RequestRecord[] {
    const batch: RequestRecord[] = [];
    this.#undecided.clear();
    while (batch.length < max) {
      this.#recallRanked();
      const entry = this.#waiting.best;
      if (!entry) break;
      const representative = this.#enterFlight(entry);
      batch.push(representative);
      const {classKey} = representative;
      if (this.#undecided.has(classKey)) continue;
      this.#undecided.set(classKey, {representative, isWoken: false});
    }
    this.#notePassedOver(batch);
    return batch;
  }

  /**
   * Takes one request by uid, as a batch would; undefined when it is unknown or has its decision.
   */
  claim(uid: string): RequestRecord | undefined {
    const entry = this.#byUid(uid);
    if (!entry || entry.state === 'InFlight' || entry.state === 'Placed') return undefined;
    return this.#enterFlight(entry);
  }

  /** True for every known request without a worker, those InFlight included. */
  isWaiting(uid: string): boolean {
    const entry = this.#byUid(uid);
    return entry !== undefined && entry.state !== 'Placed';
  }

  /**
   * The request has its worker. It stays known until `remove`, so that an older state, still on its
   * way through the watch, does not put it back.
   * @param resourceVersion of the write that placed it
   */
  done(key: RequestKey, uid: string, resourceVersion: string): void {
    const entry = this.#inFlightEntry(key, uid);
    if (!entry) return;
    this.#leave(entry);
    entry.state = 'Placed';
    this.#options.onPlaced?.(this.#options.clock.monotonicMs() - entry.seenMs);
    entry.placedVersion = resourceVersion;
    this.#placed++;
    // A list may have been ahead of the reply: placed, and without a worker again.
    this.#change(entry, entry.record);
  }

  /** Its decision came to nothing for a reason of its own: it is tried again after a delay. */
  requeue(key: RequestKey, {uid, delayMs, keepsRank = false}: RequeueOptions = {}): void {
    const entry = this.#inFlightEntry(key, uid);
    if (!entry) return;
    this.#leave(entry);
    const {limits, random} = this.#options;
    const range = {baseMs: limits.backoffBaseMs, maxMs: limits.backoffMaxMs};
    // The reason that was handed out may have been pushed aside by the bind that came to nothing.
    entry.reportedMessage = undefined;
    this.#delayed.add(entry, {
      delayMs: delayMs ?? fullJitterMs(entry.requeues, range, random),
      keepsRank: keepsRank && entry.requeues < MAX_RANKED_REQUEUES,
    });
    entry.requeues++;
  }

  /**
   * No worker fits the class: all its waiting requests are Parked, and so are those of the batch
   * that got this verdict. Unless something happened since the batch was taken that could help
   * them: then the verdict is out of date and they are Ready.
   */
  park(classKey: string, verdict: Verdict, unplaced: readonly RequestRecord[]): void {
    const givenBack = unplaced
      .map(({key, uid}) => this.#inFlightEntry(key, uid))
      .filter((entry) => entry !== undefined);
    const isOutdated = this.#undecided.get(classKey)?.isWoken === true;
    if (!isOutdated) this.#waiting.park(classKey, verdict, givenBack);
    for (const entry of givenBack) {
      this.#leave(entry);
      this.#waiting.add(entry);
    }
  }

  /**
   * Something changed. Every Parked class for which it could help is Ready again: O(classes).
   * @param couldHelp judges a class by one of its requests; equal in demand and constraints
   */
  wake(couldHelp: (representative: RequestRecord) => boolean): void {
    for (const undecided of this.#undecided.values()) {
      undecided.isWoken ||= couldHelp(undecided.representative);
    }
    this.#waiting.wake(couldHelp);
  }

  wakeAll(): void {
    this.wake(() => true);
  }

  /**
   * At most `max` Parked requests whose status does not say their verdict yet; each is given once a
   * verdict. Classes take turns, so that a large one does not keep the others waiting.
   */
  takeUnreported(max: number): UnreportedRequest[] {
    return this.#waiting.takeUnreported(max);
  }

  /**
   * At most `max` Ready requests that have been passed over for `PASSED_OVER_MS`: higher priorities
   * filled every batch. Each is given once, until it is told something else. O(known requests) for
   * all pages together.
   */
  takePassedOver(max: number): RequestRecord[] {
    return this.#takeFrom(this.#passedOver, max);
  }

  /**
   * The ledger does not answer, and nobody has a turn: call it again and again while that lasts,
   * and with false when it is over.
   */
  awaitLedger(isAwaited: boolean): void {
    const below = isAwaited ? Number.POSITIVE_INFINITY : undefined;
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#heldUp.note(below, nowMs, () => this.#entries.values())) this.#onUnreported();
    if (!isAwaited) this.#heldUp.forget();
  }

  /** As `takePassedOver`, of those that wait for the ledger. */
  takeHeldUp(max: number): RequestRecord[] {
    return this.#takeFrom(this.#heldUp, max);
  }

  /**
   * Begins anew, for a new leadership: every decision under way is void and every reason
   * unreported. O(requests), once.
   */
  restart(): void {
    this.#waiting.forgetReports();
    this.#passedOver.forget();
    this.#heldUp.forget();
    for (const entry of this.#entries.values()) {
      entry.reportedMessage = undefined;
      if (entry.state !== 'InFlight') continue;
      this.#leave(entry);
      this.#waiting.add(entry);
    }
    this.wakeAll();
    this.#undecided.clear();
  }

  /** Ends the delay of whoever goes before all that are Ready and has kept its rank. */
  #recallRanked(): void {
    for (;;) {
      const delayed = this.#delayed.foremost;
      const best = this.#waiting.best;
      if (!delayed || !best || !goesBefore(delayed, best)) return;
      this.#rejoin(delayed, delayed.record);
    }
  }

  #takeFrom(passedOver: PassedOver, max: number): RequestRecord[] {
    const page = passedOver.take(max, (entry) => this.#waiting.isReady(entry));
    for (const entry of page) this.#waiting.saysOther(entry, passedOver.message);
    return page.map(({record}) => record);
  }

  #notePassedOver(batch: readonly RequestRecord[]): void {
    const lowest = this.#waiting.readyCount > 0 ? batch.at(-1)?.priority : undefined;
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#passedOver.note(lowest, nowMs, () => this.#entries.values())) this.#onUnreported();
  }

  #admit(record: RequestRecord): void {
    this.#outside.delete(record.key);
    const added = newEntry(record, this.#options.clock.monotonicMs());
    this.#entries.set(record.key, added);
    this.#keys.set(record.uid, record.key);
    this.#waiting.add(added);
  }

  #drop(entry: Entry): void {
    this.#leave(entry);
    this.#entries.delete(entry.record.key);
    this.#keys.delete(entry.record.uid);
  }

  #change(entry: Entry, record: RequestRecord): void {
    const isEdited = entry.record.generation !== record.generation;
    if (isEdited) entry.requeues = 0;
    if (isEdited || lacksReport(entry, record)) entry.reportedMessage = undefined;
    switch (entry.state) {
      case 'Member':
        this.#waiting.replace(entry, record);
        break;
      case 'InFlight':
        entry.record = record;
        break;
      case 'Delayed':
        if (isEdited) this.#rejoin(entry, record);
        else this.#delayed.replace(entry, record);
        break;
      case 'Placed':
        // An older state than the one in which it was placed says nothing: it has its worker.
        if (isNewerVersion(record.resourceVersion, entry.placedVersion)) {
          this.#rejoin(entry, record);
        }
        break;
      default:
        assertNever(entry.state);
    }
  }

  #rejoin(entry: Entry, record: RequestRecord): void {
    this.#leave(entry);
    entry.record = record;
    this.#waiting.add(entry);
  }

  #enterFlight(entry: Entry): RequestRecord {
    this.#leave(entry);
    entry.state = 'InFlight';
    this.#inFlight++;
    return entry.record;
  }

  /** Takes an entry out of its state; the caller puts it into the next one. */
  #leave(entry: Entry): void {
    switch (entry.state) {
      case 'Member':
        this.#waiting.remove(entry);
        break;
      case 'InFlight':
        this.#inFlight--;
        break;
      case 'Delayed':
        this.#delayed.remove(entry);
        break;
      case 'Placed':
        this.#placed--;
        break;
      default:
        assertNever(entry.state);
    }
  }

  #byUid(uid: string): Entry | undefined {
    const key = this.#keys.get(uid);
    return key === undefined ? undefined : this.#entries.get(key);
  }

  #inFlightEntry(key: RequestKey, uid: string | undefined): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry?.state !== 'InFlight') return undefined;
    return uid === undefined || entry.record.uid === uid ? entry : undefined;
  }
}
