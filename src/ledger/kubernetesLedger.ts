import {isSameAllocation} from '../api/allocation.ts';
import type {Allocation} from '../api/resources.ts';
import type {Transport} from '../kube/transport.ts';
import {assertAssignments, Holdings} from './holdings.ts';
import {
  type CommitInput,
  type CommitResult,
  type Ledger,
  type OpenResult,
  Reject,
  type Unavailable,
} from './ledger.ts';
import {LedgerObject, type LedgerState} from './ledgerObject.ts';

/** The bound requests, as the API server shows them. Implemented by the worker cache. */
export interface BoundView {
  /** Of one worker; empty for an unknown one. */
  boundOn(workerName: string): Iterable<Allocation>;
}

export interface KubernetesLedgerOptions {
  readonly transport: Transport;
  /** Name of the Ledger object. */
  readonly name: string;
  readonly bound: BoundView;
  /** Assignments that may wait for their binding at once; what is more is `LedgerFull`. */
  readonly maxInFlight: number;
}

/** Tries of one update while others write; more than two writers are a fault of their own. */
const maxTries = 4;

/** What an update wants the object to say; undefined: it says so already, no write is needed. */
type Wanted = Omit<LedgerState, 'resourceVersion' | 'epoch'> | undefined;

/**
 * The ledger in the status of one Kubernetes object. It holds only what is in flight: committed and
 * not yet seen bound. Taken is what is bound plus what is in flight, each uid once.
 *
 * Every update is a function of the object's present state, so that it can be computed again after
 * a conflict or a lost reply: where the first try was written after all, the second finds its own
 * assignments there and has nothing left to do.
 */
export class KubernetesLedger implements Ledger {
  readonly kind = 'kubernetes';
  readonly #object: LedgerObject;
  readonly #bound: BoundView;
  readonly #maxInFlight: number;
  /** As last read or written; undefined: not known, read it first. */
  #state: LedgerState | undefined;
  #settledEpoch = 0;
  /** Written by this instance, or on its way: the only epoch that it may find there as its own. */
  #triedEpoch = 0;
  /** Told as bound, and not yet both shown by `#bound` and gone from the object. */
  readonly #confirmed = new Set<string>();

  constructor({transport, name, bound, maxInFlight}: KubernetesLedgerOptions) {
    this.#object = new LedgerObject({transport, name});
    this.#bound = bound;
    this.#maxInFlight = maxInFlight;
  }

  /** Returns what is in flight; what is bound is to be listed from the API server. */
  async open(epoch: number, signal: AbortSignal): Promise<OpenResult> {
    this.#settledEpoch = 0;
    for (let tries = 0; tries < maxTries; tries++) {
      const read = await this.#object.read(signal);
      if (read.kind === 'unavailable') return read;
      if (read.kind === 'absent') {
        const failed = await this.#object.create(signal);
        if (failed) return failed;
        continue;
      }
      const {state} = read;
      this.#state = state;
      // An epoch as high as ours and not of ours is that of an earlier Lease, which somebody
      // deleted.
      const isOther = state.epoch === epoch && this.#triedEpoch !== epoch;
      if (state.epoch > epoch || isOther) return {kind: 'fenced', currentEpoch: state.epoch};
      const allocations = [...state.inFlight.values()];
      if (state.epoch === epoch) return {kind: 'opened', allocations};
      this.#triedEpoch = epoch;
      const written = await this.#object.write(state, {...state, epoch, cycle: 0}, signal);
      this.#state = written.kind === 'written' ? written.state : undefined;
      if (written.kind === 'written') return {kind: 'opened', allocations};
      if (written.kind === 'unavailable') return written;
    }
    return tooManyTries();
  }

  async settle(
    epoch: number,
    allocations: readonly Allocation[],
    signal: AbortSignal,
  ): Promise<CommitResult> {
    this.#settledEpoch = 0;
    const isBound = lookUp(this.#bound);
    const inFlight = new Map(
      allocations
        .filter((allocation) => !isBound(allocation))
        .map((allocation) => [allocation.uid, allocation]),
    );
    if (inFlight.size > this.#maxInFlight) {
      const sentence = `Cannot settle ${inFlight.size} unbound allocations as at most ${this.#maxInFlight} may be in flight: wait until more are bound`;
      return {kind: 'unavailable', cause: new Error(sentence)};
    }
    const failed = await this.#update(epoch, signal, ({cycle, inFlight: held}) =>
      isSameContent(held, inFlight) ? undefined : {cycle, inFlight},
    );
    if (failed) return failed;
    this.#settledEpoch = epoch;
    return {kind: 'committed', rejects: []};
  }

  async commit(input: CommitInput, signal: AbortSignal): Promise<CommitResult> {
    assertAssignments(input.assignments);
    const known = this.#state?.epoch ?? 0;
    if (input.epoch < known) return {kind: 'fenced', currentEpoch: known};
    if (input.epoch !== this.#settledEpoch) return {kind: 'lost'};
    for (const uid of input.confirmed) this.#confirmed.add(uid);
    let rejects: readonly (Reject | undefined)[] = [];
    const failed = await this.#update(input.epoch, signal, (state) => {
      const decided = this.#decide(state, input);
      ({rejects} = decided);
      const isWritten =
        !decided.hasChanged && (state.cycle === input.cycle || input.assignments.length === 0);
      return isWritten ? undefined : {cycle: input.cycle, inFlight: decided.inFlight};
    });
    if (failed?.kind === 'lost') this.#settledEpoch = 0;
    return failed ?? {kind: 'committed', rejects};
  }

  async close(): Promise<void> {
    this.#settledEpoch = 0;
    this.#state = undefined;
  }

  /** Brings the object to what `want` makes of its present state. Undefined: done. */
  async #update(
    epoch: number,
    signal: AbortSignal,
    want: (state: LedgerState) => Wanted,
  ): Promise<Exclude<CommitResult, {kind: 'committed'}> | undefined> {
    for (let tries = 0; tries < maxTries; tries++) {
      const failed = await this.#ensureState(signal);
      if (failed) return failed;
      const state = this.#state;
      if (!state) return {kind: 'lost'};
      if (state.epoch > epoch) return {kind: 'fenced', currentEpoch: state.epoch};
      if (state.epoch < epoch) return {kind: 'lost'};
      const wanted = want(state);
      if (!wanted) return undefined;
      const written = await this.#object.write(state, {...wanted, epoch}, signal);
      // Even what looks like a refusal may have been written, so read before the next decision.
      this.#state = written.kind === 'written' ? written.state : undefined;
      if (written.kind === 'written') return undefined;
      if (written.kind === 'unavailable') return written;
      if (written.kind === 'absent') return {kind: 'lost'};
    }
    return tooManyTries();
  }

  async #ensureState(signal: AbortSignal): Promise<Unavailable | undefined> {
    if (this.#state) return undefined;
    const read = await this.#object.read(signal);
    if (read.kind === 'unavailable') return read;
    this.#state = read.kind === 'found' ? read.state : undefined;
    return undefined;
  }

  #decide(state: LedgerState, input: CommitInput) {
    const {assignments, capacities} = input;
    const inFlight = new Map(state.inFlight);
    let hasChanged = false;
    for (const uid of [...input.releases, ...this.#settledDown(state)]) {
      if (inFlight.delete(uid)) hasChanged = true;
    }
    const holdings = this.#holdings(inFlight, input);
    const rejects = assignments.map((assignment) => {
      const {uid, workerName} = assignment;
      const reject = holdings.judge(assignment, capacities.get(workerName));
      if (reject !== undefined || holdings.get(uid)) return reject;
      if (inFlight.size >= this.#maxInFlight) return Reject.LedgerFull;
      holdings.add(assignment);
      inFlight.set(uid, assignment);
      hasChanged = true;
      return undefined;
    });
    return {inFlight, rejects, hasChanged};
  }

  /**
   * In flight, told as bound, and shown as bound: only then does the view hold the capacity. The
   * reply to a binding may come before the view has seen it, so what is not shown yet is kept.
   */
  #settledDown({inFlight}: LedgerState): string[] {
    const isBound = lookUp(this.#bound);
    const shown: string[] = [];
    for (const uid of this.#confirmed) {
      const allocation = inFlight.get(uid);
      if (!allocation) this.#confirmed.delete(uid);
      else if (isBound(allocation)) shown.push(uid);
    }
    return shown;
  }

  /** What is taken of the workers that are asked for. */
  #holdings(inFlight: ReadonlyMap<string, Allocation>, input: CommitInput): Holdings {
    const holdings = new Holdings();
    for (const workerName of new Set(input.assignments.map((asked) => asked.workerName))) {
      // What is released too: shown as bound, it has been bound since.
      for (const bound of this.#bound.boundOn(workerName)) holdings.add(bound);
    }
    for (const allocation of inFlight.values()) {
      const bound = holdings.get(allocation.uid);
      if (!bound) holdings.add(allocation);
      // Bound here and in flight there: one of them is about to go, until then both are taken.
      else if (bound.workerName !== allocation.workerName) {
        holdings.add({...allocation, uid: `${allocation.uid} in flight`});
      }
    }
    return holdings;
  }
}

/** Whether an allocation is shown as bound; asks the view once a worker. */
function lookUp(view: BoundView): (allocation: Allocation) => boolean {
  const uidsByWorker = new Map<string, Set<string>>();
  return ({uid, workerName}) => {
    let uids = uidsByWorker.get(workerName);
    if (!uids) {
      uids = new Set(Array.from(view.boundOn(workerName), (bound) => bound.uid));
      uidsByWorker.set(workerName, uids);
    }
    return uids.has(uid);
  };
}

function tooManyTries(): Unavailable {
  const sentence = `Cannot write the Ledger as it must stand still for one write: it changed ${maxTries} times`;
  return {kind: 'unavailable', cause: new Error(sentence)};
}

function isSameContent(
  left: ReadonlyMap<string, Allocation>,
  right: ReadonlyMap<string, Allocation>,
): boolean {
  if (left.size !== right.size) return false;
  for (const [uid, allocation] of left) {
    const other = right.get(uid);
    if (!other || !isSameAllocation(allocation, other)) return false;
  }
  return true;
}
