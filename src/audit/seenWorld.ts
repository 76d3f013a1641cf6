import type {LedgerRecord} from './observed.ts';
import type {SeenLease, SeenLedger, SeenRequest, SeenWorker} from './seen.ts';

export interface RequestState {
  readonly seen: SeenRequest;
  /** When it last changed in a way that a decision depends on. */
  readonly changedAtMs: number;
  /** Revision since which it waits, or waited until its placement. */
  readonly waitingSince: number;
}

/** A worker shrank or went, and what was on its way there by then. */
export interface Reduction {
  readonly atMs: number;
  /** Uids that the Ledger object held for it. */
  readonly committed: ReadonlySet<string>;
}

export interface WorkerState {
  readonly seen: SeenWorker;
  /** When its spec or what it holds last changed. */
  readonly changedAtMs: number;
  /** When it last got more room, or began to suit more requests. */
  readonly helpedAtMs: number;
  readonly reduction: Reduction | undefined;
}

/** More objects than this are beyond what an audit is meant for: it says so and ends. */
const maxObjects = 1_000_000;
/** Workers that are gone and remembered: a bind may still be on its way to one. */
const maxGone = 10_000;

/** What the API server holds at one revision, as far as an audit knows it. */
export class SeenWorld {
  readonly requests = new Map<string, RequestState>();
  readonly workers = new Map<string, WorkerState>();
  readonly ledgers = new Map<string, SeenLedger>();
  readonly leases = new Map<string, SeenLease>();
  readonly #gone = new Map<string, Reduction>();
  readonly #onWorker = new Map<string, Map<string, SeenRequest>>();
  /** When somebody of a priority was last placed; as many as the API has priorities. */
  readonly #placedAtMs = new Map<number, number>();
  #placed = 0;

  /** Requests that hold something. */
  get placedCount(): number {
    return this.#placed;
  }

  /** What sits on a worker, whether that is there or not. */
  heldOn(workerName: string): ReadonlyMap<string, SeenRequest> {
    return this.#onWorker.get(workerName) ?? nothing;
  }

  /** Names of all workers on which something sits. */
  occupied(): Iterable<string> {
    return this.#onWorker.keys();
  }

  /** The record of a Ledger object for a request. */
  recordOf(uid: string): LedgerRecord | undefined {
    for (const {inFlight} of this.ledgers.values()) {
      const record = inFlight.get(uid);
      if (record) return record;
    }
    return undefined;
  }

  reductionOf(workerName: string): Reduction | undefined {
    return this.workers.get(workerName)?.reduction ?? this.#gone.get(workerName);
  }

  putRequest(seen: SeenRequest, atMs: number): void {
    const before = this.requests.get(seen.key);
    if (before) this.#unhold(before.seen, atMs);
    const isNew = before?.seen.uid !== seen.uid;
    const isWaiting = seen.workerName === '' && !seen.isFinished;
    const startsToWait = isNew || (isWaiting && before.seen.workerName !== '');
    const waitingSince = startsToWait ? seen.revision : before.waitingSince;
    this.requests.set(seen.key, {seen, changedAtMs: atMs, waitingSince});
    if (this.requests.size > maxObjects) {
      throw new Error(`Cannot audit more than ${maxObjects} ContainerRequests: name a namespace`);
    }
    if (seen.workerName === '') return;
    this.#hold(seen, atMs);
    if (isNew || before.seen.workerName !== seen.workerName) {
      this.#placedAtMs.set(seen.priority, atMs);
    }
  }

  /** The highest priority of those placed after `afterMs`; undefined where nobody was. */
  highestPlacedSince(afterMs: number): number | undefined {
    let highest: number | undefined;
    for (const [priority, atMs] of this.#placedAtMs) {
      if (atMs > afterMs) highest = Math.max(priority, highest ?? priority);
    }
    return highest;
  }

  removeRequest(key: string, atMs: number): void {
    const before = this.requests.get(key);
    if (!before) return;
    this.#unhold(before.seen, atMs);
    this.requests.delete(key);
  }

  putWorker(seen: SeenWorker, atMs: number): void {
    const before = this.workers.get(seen.key);
    const reduction =
      before && isReduced(before.seen, seen)
        ? {atMs, committed: this.#committedTo(seen.key)}
        : this.reductionOf(seen.key);
    const isSame = before !== undefined && isSameOffer(before.seen, seen);
    this.#gone.delete(seen.key);
    this.workers.set(seen.key, {
      seen,
      changedAtMs: isSame ? before.changedAtMs : atMs,
      helpedAtMs: isSame ? before.helpedAtMs : atMs,
      reduction,
    });
  }

  removeWorker(name: string, atMs: number): void {
    if (!this.workers.delete(name)) return;
    this.#gone.set(name, {atMs, committed: this.#committedTo(name)});
    if (this.#gone.size > maxGone) this.#gone.delete(this.#gone.keys().next().value!);
  }

  #committedTo(workerName: string): ReadonlySet<string> {
    const uids = new Set<string>();
    for (const {inFlight} of this.ledgers.values()) {
      for (const [uid, record] of inFlight) if (record.workerName === workerName) uids.add(uid);
    }
    return uids;
  }

  #hold(seen: SeenRequest, atMs: number): void {
    const held = this.#onWorker.get(seen.workerName) ?? new Map<string, SeenRequest>();
    this.#onWorker.set(seen.workerName, held.set(seen.uid, seen));
    this.#placed++;
    this.#touch(seen.workerName, {changedAtMs: atMs});
  }

  #unhold({uid, workerName}: SeenRequest, atMs: number): void {
    const held = this.#onWorker.get(workerName);
    if (!held?.delete(uid)) return;
    if (held.size === 0) this.#onWorker.delete(workerName);
    this.#placed--;
    this.#touch(workerName, {changedAtMs: atMs, helpedAtMs: atMs});
  }

  #touch(workerName: string, times: Partial<WorkerState>): void {
    const worker = this.workers.get(workerName);
    if (worker) this.workers.set(workerName, {...worker, ...times});
  }
}

const nothing: ReadonlyMap<string, SeenRequest> = new Map();

function isReduced(before: SeenWorker, after: SeenWorker): boolean {
  return (
    after.cpuMillis < before.cpuMillis ||
    after.memoryBytes < before.memoryBytes ||
    after.containers < before.containers ||
    after.gpuCount < before.gpuCount
  );
}

/** Whether nothing but the view and the revision differs. */
function isSameOffer(before: SeenWorker, after: SeenWorker): boolean {
  const offer = (seen: SeenWorker) => JSON.stringify({...seen, revision: 0, view: undefined});
  return offer(before) === offer(after);
}
