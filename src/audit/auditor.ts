import {CapacityRule} from './capacityRule.ts';
import {LeadershipRule} from './leadershipRule.ts';
import type {Kind, LedgerRecord, ObservedEvent} from './observed.ts';
import {PlacementRule} from './placementRule.ts';
import {type Seen, type SeenLease, type SeenLedger, type SeenRequest, see} from './seen.ts';
import {SeenWorld} from './seenWorld.ts';
import {SettledRule} from './settledRule.ts';
import {type Violation, ViolationLog} from './violation.ts';
import {WaitingRule} from './waitingRule.ts';

/** What an audit is told, in the order of the revisions; `atMs` is when it arrived. */
export type Observation =
  | {readonly what: 'present' | 'gone'; readonly seen: Seen; readonly atMs: number}
  /** From here on this kind is not known: nothing is judged until a list of it comes. */
  | {readonly what: 'gap'; readonly kind: Kind}
  | Listed;

/** All objects of a kind at one revision. */
export interface Listed {
  readonly what: 'listed';
  readonly kind: Kind;
  readonly revision: number;
  readonly all: readonly Seen[];
  readonly atMs: number;
}

export interface AuditorOptions {
  /** What follows a change by itself must have followed after this. Default 60 s. */
  readonly graceMs?: number;
  /**
   * A placement within this after its worker shrank or was deleted is counted as on its way, and is
   * no violation. Default 0: one that the Ledger object held by then is known to be.
   */
  readonly crossingMs?: number;
  /** Kinds of which a list must have come before anything is judged. Default none. */
  readonly awaits?: readonly Kind[];
  /** False where only some requests are seen: sums and room are not judged then. Default true. */
  readonly seesAll?: boolean;
  /** Name of the operator's Lease. Default `berth`. */
  readonly leaseName?: string;
  /** Told of each violation as it is found. */
  readonly onViolation?: (violation: Violation) => void;
}

const defaultGraceMs = 60_000;

/**
 * Checks, from watch events alone and at every revision, what Berth promises (`Rule` lists it). It
 * shares nothing with the operator: not its parser, not its sums, not its idea of what fits. Feed
 * it in the order of the revisions (`RevisionOrder` makes one order of several watches); call
 * `tick` from time to time for what only a deadline can tell.
 *
 * Memory: some hundred bytes an object that is there; nothing grows with the revisions.
 */
export class Auditor {
  readonly #world = new SeenWorld();
  readonly #log: ViolationLog;
  readonly #capacity: CapacityRule;
  readonly #placement: PlacementRule;
  readonly #leadership: LeadershipRule;
  readonly #waiting: WaitingRule;
  readonly #settled: SettledRule;
  readonly #graceMs: number;
  readonly #seesAll: boolean;
  readonly #leaseName: string;
  readonly #awaited: Set<Kind>;
  readonly #listed = new Set<Kind>();
  #revisions = 0;
  #gaps = 0;
  #skipped = 0;

  constructor(options: AuditorOptions = {}) {
    const {graceMs = defaultGraceMs, crossingMs = 0, awaits = [], seesAll = true} = options;
    const [world, log] = [this.#world, new ViolationLog(options.onViolation)];
    this.#log = log;
    this.#capacity = new CapacityRule({world, log, crossingMs});
    this.#placement = new PlacementRule({world, log});
    this.#leadership = new LeadershipRule(log);
    this.#waiting = new WaitingRule({world, log, graceMs});
    this.#settled = new SettledRule({world, log, graceMs});
    this.#graceMs = graceMs;
    this.#seesAll = seesAll;
    this.#leaseName = options.leaseName ?? 'berth';
    this.#awaited = new Set(awaits);
  }

  /** Revisions checked so far. */
  get revisions(): number {
    return this.#revisions;
  }

  /** The first 1,000. */
  get violations(): readonly Violation[] {
    return this.#log.kept;
  }

  get violationCount(): number {
    return this.#log.total;
  }

  get placedCount(): number {
    return this.#world.placedCount;
  }

  /** What was seen, and what could not be: nothing of it is a violation. */
  get counts() {
    const {requests, workers} = this.#world;
    return {
      revisions: this.#revisions,
      requests: requests.size,
      placed: this.#world.placedCount,
      workers: workers.size,
      /** How often a kind was not known for some revisions. */
      gaps: this.#gaps,
      /** Objects that were different after a gap: how they came to be so was not seen. */
      skipped: this.#skipped,
      /** Workers above their capacity, as they were edited. */
      overloaded: this.#capacity.overloadedCount(),
      crossings: this.#capacity.crossings,
      lateBinds: this.#placement.lateBinds,
      commits: this.#leadership.commits,
    };
  }

  /** Requests on each known worker, workers without any included. */
  distribution(): ReadonlyMap<string, number> {
    const names = [...this.#world.workers.keys()].sort();
    return new Map(names.map((name) => [name, this.#world.heldOn(name).size]));
  }

  observeWorker(event: ObservedEvent, atMs = 0): void {
    this.#observeEvent('worker', event, atMs);
  }

  observeRequest(event: ObservedEvent, atMs = 0): void {
    this.#observeEvent('request', event, atMs);
  }

  observeLedger(event: ObservedEvent, atMs = 0): void {
    this.#observeEvent('ledger', event, atMs);
  }

  observeLease(event: ObservedEvent, atMs = 0): void {
    this.#observeEvent('lease', event, atMs);
  }

  observe(observation: Observation): void {
    if (observation.what === 'listed') {
      this.#takeList(observation);
      return;
    }
    if (observation.what === 'gap') {
      this.#gaps++;
      this.#awaited.add(observation.kind);
      return;
    }
    this.#revisions++;
    const {what, seen, atMs} = observation;
    switch (seen.kind) {
      case 'request':
        this.#takeRequest(what, seen, atMs);
        return;
      case 'worker':
        if (what === 'gone') this.#world.removeWorker(seen.key, atMs);
        else this.#world.putWorker(seen, atMs);
        return;
      case 'ledger':
        this.#takeLedger(what, seen);
        return;
      case 'lease':
        this.#takeLease(what, seen, atMs);
        return;
    }
  }

  /**
   * Judges what must have come true by `nowMs`, on the clock of `atMs`. Give the time up to which
   * everything was observed, not a later one. O(requests).
   */
  tick(nowMs: number): void {
    if (this.#awaited.size > 0 || !this.#seesAll) return;
    if (this.#listed.has('lease') && !this.#isLed(nowMs)) return;
    this.#waiting.judge(nowMs);
    this.#settled.judgeViews(nowMs);
    this.#settled.judgeInFlight(nowMs);
  }

  /**
   * Compares what a ledger holds, read just now, with the placements; for ledgers that hold bound
   * requests too (Redis, memory). A difference counts once it has lasted for the grace.
   */
  compareLedger(records: readonly LedgerRecord[], nowMs: number): void {
    if (this.#seesAll) this.#settled.judgeLedger(records, nowMs);
  }

  /** Whether somebody has led for the whole grace: without a leader nobody answers. */
  #isLed(nowMs: number): boolean {
    const sinceMs = this.#leadership.ledSinceMs(nowMs);
    return sinceMs !== undefined && nowMs - sinceMs >= this.#graceMs;
  }

  #observeEvent(kind: Kind, {type, object}: ObservedEvent, atMs: number): void {
    const what = type === 'DELETED' ? 'gone' : 'present';
    this.observe({what, seen: see(kind, object), atMs});
  }

  #takeRequest(what: 'present' | 'gone', seen: SeenRequest, atMs: number): void {
    const known = this.#world.requests.get(seen.key)?.seen;
    const before = known?.uid === seen.uid ? known : undefined;
    if (known && (!before || what === 'gone')) this.#placement.gone(known);
    if (what === 'gone') {
      this.#world.removeRequest(seen.key, atMs);
      return;
    }
    this.#world.putRequest(seen, atMs);
    const state = this.#world.requests.get(seen.key)!;
    if (this.#awaited.size > 0) {
      if (before) this.#placement.gone(before);
      this.#placement.note(state);
      return;
    }
    const isPlaced = this.#placement.judge(before, state);
    if (isPlaced) this.#capacity.judgeArrival(seen, atMs);
  }

  #takeLedger(what: 'present' | 'gone', seen: SeenLedger): void {
    const {ledgers} = this.#world;
    if (what === 'gone') {
      ledgers.delete(seen.key);
      return;
    }
    this.#leadership.judgeLedger(ledgers.get(seen.key), seen);
    ledgers.set(seen.key, seen);
  }

  #takeLease(what: 'present' | 'gone', seen: SeenLease, atMs: number): void {
    const {leases} = this.#world;
    // Agents have Leases too, which say nothing about who leads.
    if (seen.key.slice(seen.key.lastIndexOf('/') + 1) !== this.#leaseName) return;
    if (what === 'gone') {
      leases.delete(seen.key);
      this.#leadership.leaseGone(seen.key);
      return;
    }
    this.#leadership.judgeLease(leases.get(seen.key), seen, atMs);
    leases.set(seen.key, seen);
  }

  #takeList({kind, revision, all, atMs}: Listed): void {
    this.#revisions++;
    const isFirst = !this.#listed.has(kind);
    this.#listed.add(kind);
    const changed = this.#swapIn(kind, all, atMs);
    if (!isFirst) this.#skipped += changed.length;
    this.#awaited.delete(kind);
    if (this.#awaited.size > 0) return;
    for (const name of this.#world.workers.keys()) this.#capacity.judgeStanding(name, revision);
  }

  /** Makes `all` what is there, whatever happened between; returns what was different. */
  #swapIn(kind: Kind, all: readonly Seen[], atMs: number): readonly Seen[] {
    const known: ReadonlyMap<string, Seen | {readonly seen: Seen}> = this.#mapOf(kind);
    const seenOf = (entry: Seen | {readonly seen: Seen} | undefined) =>
      entry === undefined || 'revision' in entry ? entry : entry.seen;
    const listed = new Set(all.map(({key}) => key));
    const missing = [...known].filter(([key]) => !listed.has(key)).map(([, one]) => seenOf(one)!);
    const changed = all.filter(({key, revision}) => seenOf(known.get(key))?.revision !== revision);
    for (const seen of missing) this.#replace('gone', seen, atMs);
    for (const seen of changed) this.#replace('present', seen, atMs);
    return [...missing, ...changed];
  }

  #replace(what: 'present' | 'gone', seen: Seen, atMs: number): void {
    const world = this.#world;
    switch (seen.kind) {
      case 'request': {
        const before = world.requests.get(seen.key)?.seen;
        if (before) this.#placement.gone(before);
        if (what === 'gone') world.removeRequest(seen.key, atMs);
        else world.putRequest(seen, atMs);
        if (what === 'present') this.#placement.note(world.requests.get(seen.key)!);
        return;
      }
      case 'worker':
        if (what === 'gone') world.removeWorker(seen.key, atMs);
        else world.putWorker(seen, atMs);
        return;
      case 'ledger':
        this.#takeLedger(what, seen);
        return;
      case 'lease':
        this.#takeLease(what, seen, atMs);
        return;
    }
  }

  #mapOf(kind: Kind) {
    const {requests, workers, ledgers, leases} = this.#world;
    return {request: requests, worker: workers, ledger: ledgers, lease: leases}[kind];
  }
}
