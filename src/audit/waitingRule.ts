import {fits, type Taken, take, takenBy} from './fits.ts';
import type {SeenRequest, Wish} from './seen.ts';
import type {RequestState, SeenWorld, WorkerState} from './seenWorld.ts';
import type {Rule, ViolationLog} from './violation.ts';

export interface WaitingRuleOptions {
  readonly world: SeenWorld;
  readonly log: ViolationLog;
  /** How long after the last change nobody is blamed. */
  readonly graceMs: number;
}

/** Complaints already made are remembered up to this number; beyond it they may come again. */
const maxSaid = 10_000;

/** A reason that is true as long as what it names lasts, which no watch shows. */
const outage = 'LedgerUnavailable';

/** Nobody has looked for a worker, as requests of higher priority fill the batches. */
const outranked = 'Outranked';
/** Who says one of these waits for something else than its turn. */
const hopeless: readonly string[] = ['Unplaceable', 'InvalidSpec', 'Suspended'];

/**
 * Nobody is lost: who has neither worker nor end says why, and it is so. Judged by deadline, as
 * every answer takes time: only what has stood still for the grace.
 */
export class WaitingRule {
  readonly #options: WaitingRuleOptions;
  readonly #said = new Set<string>();
  /** Of those that may have kept others from their turn. */
  #highest = Number.NEGATIVE_INFINITY;

  constructor(options: WaitingRuleOptions) {
    this.#options = options;
  }

  /** Judges all that wait. O(requests + classes of waiting requests x workers). */
  judge(nowMs: number): void {
    const {world, graceMs} = this.#options;
    const dueMs = nowMs - graceMs;
    const room = new SettledRoom(world, dueMs);
    this.#highest = highestCompeting(world, dueMs);
    for (const state of world.requests.values()) {
      const {seen, changedAtMs} = state;
      if (seen.isFinished || seen.isDeleting || changedAtMs > dueMs) continue;
      if (seen.workerName !== '') this.#judgePlaced(state, dueMs);
      else this.#judgeWaiting(seen, room);
    }
  }

  #judgePlaced({seen}: RequestState, dueMs: number): void {
    const {world} = this.#options;
    if (world.workers.has(seen.workerName)) return;
    const goneAtMs = world.reductionOf(seen.workerName)?.atMs ?? 0;
    if (goneAtMs > dueMs) return;
    this.#report('lost', seen, {
      found: `request ${seen.key} is on worker ${seen.workerName}, which is gone`,
      expected: 'it to be placed anew or to end',
    });
  }

  #judgeWaiting(seen: SeenRequest, room: SettledRoom): void {
    const {scheduled, isSuspended} = seen;
    if (!scheduled) {
      this.#report('lost', seen, {
        found: `request ${seen.key} has no worker and says nothing`,
        expected: 'a worker, or condition Scheduled=False with the reason',
      });
      return;
    }
    const said = `request ${seen.key} says ${scheduled.reason}: ${scheduled.message}`;
    const why = isSuspended ? whyOfSuspended(scheduled.reason) : this.#whyOfWaiting(seen, room);
    if (why !== undefined) this.#report('untrue reason', seen, {found: said, expected: why});
  }

  /** What is so instead of the reason; undefined where that is true. */
  #whyOfWaiting(seen: SeenRequest, room: SettledRoom): string | undefined {
    const {status, reason, message} = seen.scheduled!;
    if (status === 'True') return 'Scheduled=False, as it has no worker';
    if (reason === 'Suspended') return 'another reason, as spec.suspend is not set';
    if (reason === outage) return undefined;
    if (reason === 'InvalidSpec') {
      return seen.isConditionCurrent ? undefined : 'a reason for the present spec';
    }
    if (reason === outranked) {
      return seen.priority < this.#highest
        ? undefined
        : 'another reason, as nobody of higher priority waits for a turn or was placed';
    }
    if (!seen.isReadable) return 'InvalidSpec, as its amounts are no quantities';
    const fitting = room.findFitting(seen.wish);
    // A worker whose agent is silent counts as not ready: its object alone does not show it.
    const hidden = Math.max(0, countNotReady(message) - room.notReadyCount);
    return fitting.length > hidden ? `it to be placed, as it fits ${fitting[0]}` : undefined;
  }

  #report(rule: Rule, seen: SeenRequest, why: {found: string; expected: string}): void {
    const complaint = `${rule} ${seen.uid} ${why.expected}`;
    if (this.#said.has(complaint)) return;
    if (this.#said.size >= maxSaid) this.#said.clear();
    this.#said.add(complaint);
    const objects = [`ContainerRequest ${seen.key}`];
    this.#options.log.report(seen.revision, {rule, objects, ...why});
  }
}

/** The highest priority of those that wait for their turn, or were placed after `dueMs`. */
function highestCompeting(world: SeenWorld, dueMs: number): number {
  let highest = world.highestPlacedSince(dueMs) ?? Number.NEGATIVE_INFINITY;
  for (const {seen} of world.requests.values()) {
    const {isFinished, isDeleting, isSuspended, workerName, scheduled, priority} = seen;
    const waits = !isFinished && !isDeleting && !isSuspended && workerName === '';
    if (waits && !hopeless.includes(scheduled?.reason ?? '')) highest = Math.max(highest, priority);
  }
  return highest;
}

function whyOfSuspended(reason: string): string | undefined {
  return reason === 'Suspended' || reason === 'InvalidSpec'
    ? undefined
    : 'reason Suspended, as spec.suspend is set';
}

/** As the account of a waiting request has it: `0/20 workers fit: 3 not ready, ...`. */
function countNotReady(message: string): number {
  return Number(/(\d+) not ready/.exec(message)?.[1] ?? 0);
}

/** The room that has been there for the whole grace; each kind of request is fitted once. */
class SettledRoom {
  readonly notReadyCount: number;
  readonly #settled: readonly {readonly state: WorkerState; readonly taken: Taken}[];
  readonly #known = new Map<string, readonly string[]>();

  constructor(world: SeenWorld, dueMs: number) {
    const all = [...world.workers.values()];
    this.notReadyCount = all.filter(({seen}) => !seen.isReady).length;
    const inFlight = recordsByWorker(world);
    this.#settled = all
      .filter(({helpedAtMs}) => helpedAtMs <= dueMs)
      .map((state) => {
        const held = world.heldOn(state.seen.key);
        const taken = takenBy(held.values());
        // Committed and not yet bound is taken as well.
        for (const record of inFlight.get(state.seen.key) ?? []) {
          if (!held.has(record.uid)) take(taken, record, record.gpuDevices ?? []);
        }
        return {state, taken};
      });
  }

  findFitting(wish: Wish): readonly string[] {
    const key = JSON.stringify(wish);
    const known = this.#known.get(key);
    if (known) return known;
    const fitting = this.#settled
      .filter(({state, taken}) => fits(wish, state.seen, taken))
      .map(({state}) => state.seen.key);
    this.#known.set(key, fitting);
    return fitting;
  }
}

function recordsByWorker(world: SeenWorld) {
  const records = [...world.ledgers.values()].flatMap(({inFlight}) => [...inFlight.values()]);
  return Map.groupBy(records, ({workerName}) => workerName);
}
