import type {SeenRequest} from './seen.ts';
import type {RequestState, SeenWorld} from './seenWorld.ts';
import type {Rule, ViolationLog} from './violation.ts';

/** Reasons for which a placed request may lose its worker; of its `Scheduled` condition. */
const unbindReasons: readonly string[] = ['WorkerLost', 'Suspended'];
/** Assignment ids of requests that are gone and remembered: a stale bind comes soon or never. */
const maxOldIds = 10_000;

/** How a request may change from one revision to the next, and who may have changed it. */
export class PlacementRule {
  readonly #world: SeenWorld;
  readonly #log: ViolationLog;
  /** Uid by assignment id, of placed requests. */
  readonly #ids = new Map<string, string>();
  readonly #oldIds = new Map<string, string>();
  /** The highest term in which somebody placed something, and where that was first seen. */
  #highest = {epoch: 0, revision: 0};
  #lateBinds = 0;

  constructor({world, log}: {world: SeenWorld; log: ViolationLog}) {
    this.#world = world;
    this.#log = log;
  }

  /** Binds that an earlier leader had committed and that came after one of its successor. */
  get lateBinds(): number {
    return this.#lateBinds;
  }

  /**
   * One revision of a request. `before` is undefined for a new one, one of another uid included.
   * Returns whether it was placed by it.
   */
  judge(before: SeenRequest | undefined, state: RequestState): boolean {
    const {seen} = state;
    if (before?.isFinished && !seen.isFinished) {
      this.#report('revived', seen, {
        found: `request ${seen.key} had finished and is not finished any more`,
        expected: 'a finished request to stay finished',
      });
    }
    const isPlaced = seen.workerName !== '';
    if (before && before.workerName !== '') this.#judgeMove(before, seen);
    const isNew = isPlaced && before?.workerName !== seen.workerName;
    if (isPlaced) this.#judgeId(seen);
    if (isNew) this.#judgeArrival(state);
    return isNew;
  }

  /** What a list shows: taken in, and judged where one look is enough. */
  note({seen}: RequestState): void {
    if (seen.workerName === '') return;
    this.#judgeId(seen);
    this.#judgeDevices(seen);
    this.#raise(seen);
  }

  gone({uid, assignmentId}: SeenRequest): void {
    if (assignmentId === '' || this.#ids.get(assignmentId) !== uid) return;
    this.#ids.delete(assignmentId);
    this.#oldIds.set(assignmentId, uid);
    if (this.#oldIds.size > maxOldIds) this.#oldIds.delete(this.#oldIds.keys().next().value!);
  }

  #judgeMove(before: SeenRequest, seen: SeenRequest): void {
    if (seen.workerName === '') {
      this.gone(before);
      if (!seen.isFinished) this.#judgeUnbind(before, seen);
      return;
    }
    const place = ({workerName, assignmentId, devices}: SeenRequest) =>
      `worker ${workerName}, assignment ${assignmentId}, GPUs [${devices.join()}]`;
    if (place(before) === place(seen)) return;
    if (before.assignmentId !== seen.assignmentId) this.gone(before);
    this.#report('moved', seen, {
      found: `request ${seen.key} went from ${place(before)} to ${place(seen)}`,
      expected: 'it to lose its worker first, for a reason that it says',
    });
  }

  #judgeUnbind(before: SeenRequest, seen: SeenRequest): void {
    const {reason = 'no reason', status = ''} = seen.scheduled ?? {};
    const isSaid = status !== 'True' && unbindReasons.includes(reason);
    const isTrue = reason !== 'Suspended' || seen.isSuspended;
    if (isSaid && isTrue) return;
    this.#report('moved', seen, {
      found: `request ${seen.key} lost worker ${before.workerName} for ${isSaid ? 'a suspension that it does not ask for' : reason}`,
      expected: `Scheduled=False for one of ${unbindReasons.join(', ')}`,
    });
  }

  #judgeArrival(state: RequestState): void {
    const {seen} = state;
    this.#judgeDevices(seen);
    // On a worker that is gone it takes nothing from anybody, and the leader that found it gone has
    // dropped what was committed there; who may still be placed there, the capacity rule tells.
    const isThere = this.#world.workers.has(seen.workerName);
    if (isThere && seen.epoch < this.#highest.epoch) this.#judgeLate(state);
    else if (isThere) this.#judgeCommitted(seen);
    this.#raise(seen);
  }

  #raise({epoch, revision}: SeenRequest): void {
    if (epoch > this.#highest.epoch) this.#highest = {epoch, revision};
  }

  #judgeDevices(seen: SeenRequest): void {
    const {devices, wish} = seen;
    if (new Set(devices).size === wish.gpuCount && devices.length === wish.gpuCount) return;
    this.#report('device count', seen, {
      found: `request ${seen.key} has GPUs [${devices.join()}]`,
      expected: `${wish.gpuCount} different GPUs`,
    });
  }

  #judgeId(seen: SeenRequest): void {
    const {assignmentId, uid} = seen;
    if (assignmentId === '') return;
    const owner = this.#ids.get(assignmentId) ?? this.#oldIds.get(assignmentId) ?? uid;
    this.#ids.set(assignmentId, uid);
    if (owner === uid) return;
    this.#report('assignment reused', seen, {
      found: `request ${seen.key} (uid ${uid}) has assignment ${assignmentId}, which was given to uid ${owner}`,
      expected: 'an assignment of its own',
    });
  }

  /**
   * A bind of an earlier term is one that was on its way where its capacity had been committed
   * before. Who knows the Ledger object looks it up; else it is surely not so where the request
   * began to wait only after the later term had placed something.
   */
  #judgeLate({seen, waitingSince}: RequestState): void {
    const ledger = this.#ledgerSince(seen.epoch);
    const isCommitted = ledger
      ? this.#world.recordOf(seen.uid)?.workerName === seen.workerName
      : waitingSince <= this.#highest.revision;
    if (isCommitted) {
      this.#lateBinds++;
      return;
    }
    const {epoch, revision} = this.#highest;
    this.#report('epoch went back', seen, {
      found: `request ${seen.key} was placed by epoch ${seen.epoch} after epoch ${epoch} had placed others (revision ${revision})`,
      expected: `an epoch of at least ${epoch}`,
    });
  }

  /** Where the Ledger object knows of no such term yet, capacity is kept in another ledger. */
  #judgeCommitted(seen: SeenRequest): void {
    const ledger = this.#ledgerSince(seen.epoch);
    if (!ledger || seen.epoch === 0) return;
    const record = this.#world.recordOf(seen.uid);
    const devices = record?.gpuDevices ?? [];
    const isSame = record?.workerName === seen.workerName && devices.join() === seen.devices.join();
    if (isSame) return;
    this.#report('not committed', seen, {
      found: record
        ? `request ${seen.key} is on worker ${seen.workerName}, GPUs [${seen.devices.join()}], and Ledger ${ledger.key} holds worker ${record.workerName}, GPUs [${devices.join()}] for it`
        : `request ${seen.key} is on worker ${seen.workerName}, and Ledger ${ledger.key} holds nothing for it`,
      expected: 'its commit before its placement',
    });
  }

  #ledgerSince(epoch: number) {
    for (const ledger of this.#world.ledgers.values()) if (ledger.epoch >= epoch) return ledger;
    return undefined;
  }

  #report(rule: Rule, {key, revision}: SeenRequest, why: {found: string; expected: string}): void {
    this.#log.report(revision, {rule, objects: [`ContainerRequest ${key}`], ...why});
  }
}
