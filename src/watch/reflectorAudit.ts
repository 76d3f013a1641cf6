import type {RawObject} from '../api/rawObject.ts';
import {compareResourceVersions, isOlder} from '../api/resourceVersion.ts';
import type {Transport} from '../kube/transport.ts';
import {type Clock, sleep} from '../lib/clock.ts';
import {fullJitterMs} from '../lib/fullJitter.ts';
import type {Log} from '../lib/log.ts';
import type {Random} from '../lib/random.ts';
import {TimeSlice} from '../lib/timeSlice.ts';
import type {Held, HeldObjects} from './heldObjects.ts';
import {identityOf, type ObjectIdentity, withoutManagedFields} from './identity.ts';
import {
  collectionPath,
  listPage,
  type PageResult,
  readVersion,
  type Selection,
} from './listPage.ts';
import type {WatchLimits} from './watchLimits.ts';

export type AuditOutcome =
  | {
      readonly kind: 'audited';
      readonly objects: number;
      /** Differences that the watch should have delivered; all repaired. */
      readonly missed: number;
    }
  /** The API server gave no whole list; nothing was changed. */
  | {readonly kind: 'unavailable'; readonly cause: string; readonly retryAfterMs?: number}
  | {readonly kind: 'stopped'};

export interface ReflectorAuditOptions<T> {
  readonly transport: Transport;
  readonly selection: Selection;
  readonly decode: (object: RawObject) => T;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits: WatchLimits;
  readonly metrics: {missed(count: number): void};
  readonly held: HeldObjects;
  /** The side of the reflector that an audit changes. */
  readonly target: AuditTarget<T>;
}

export interface AuditTarget<T> {
  /** Changes whenever a list begins or ends; odd while one is being read. */
  listCount(): number;
  put(identity: ObjectIdentity, decoded: T): void;
  remove(key: string, resourceVersion: string): void;
  /** All up to this version is in the sink. */
  reached(resourceVersion: string): void;
  /** Whether the watch itself has brought everything up to this version. */
  hasPassed(resourceVersion: string): boolean;
  /** Resolves once it has; never when `signal` aborts before. */
  whenPassed(resourceVersion: string, signal: AbortSignal): Promise<void>;
  /** Has the server say soon how far the watch is. */
  askProgress(): void;
  /** Takes a consistent list in the place of everything. */
  relist(): void;
}

/** One object in which the list and the sink differ. */
type Difference<T> =
  | {readonly kind: 'behind'; readonly identity: ObjectIdentity; readonly decoded: T}
  | {readonly kind: 'gone'; readonly key: string; readonly held: Held};

type PageRead = Extract<PageResult, {kind: 'page'}> | Exclude<AuditOutcome, {kind: 'audited'}>;

type Comparison<T> =
  | {
      readonly kind: 'compared';
      readonly resourceVersion: string;
      readonly objects: number;
      readonly differences: readonly Difference<T>[];
    }
  /** So much differs that only a new list helps. */
  | {readonly kind: 'hopeless'; readonly objects: number; readonly differences: number}
  | Exclude<AuditOutcome, {kind: 'audited'}>;

/** How often an audit looks whether the watch has caught up. */
const LOOK_AGAIN_MS = 50;

/** Compares a reflector with a consistent list and repairs it, while its watch goes on. */
export class ReflectorAudit<T> {
  readonly #options: ReflectorAuditOptions<T>;

  constructor(options: ReflectorAuditOptions<T>) {
    this.#options = options;
  }

  /** As `run` without grace, tried again until the API server has answered. */
  async untilDone(signal: AbortSignal): Promise<AuditOutcome> {
    const {clock, random, limits, log, selection} = this.#options;
    for (let attempt = 0; ; attempt++) {
      const outcome = await this.run(signal, 0);
      if (outcome.kind !== 'unavailable') return outcome;
      const {cause, retryAfterMs = 0} = outcome;
      log.warn({path: collectionPath(selection), cause}, 'consistent read failed; trying again');
      const backoff = {baseMs: limits.backoffBaseMs, maxMs: limits.backoffMaxMs};
      await sleep(clock, Math.max(retryAfterMs, fullJitterMs(attempt, backoff, random)), signal);
    }
  }

  /**
   * @param graceMs how long the watch has to deliver what the list shows; what it does not deliver
   *   is missed. 0 repairs at once and counts nothing, as it may well be under way.
   */
  async run(signal: AbortSignal, graceMs: number): Promise<AuditOutcome> {
    const {held, target, limits} = this.#options;
    for (;;) {
      await this.#until(() => target.listCount() % 2 === 0, signal);
      if (signal.aborted) return {kind: 'stopped'};
      const lists = target.listCount();
      const forgotten = held.forgottenDeletions;
      const isVoid = () => target.listCount() !== lists;
      const compared = await (graceMs > 0
        ? this.#compare(graceMs, isVoid, signal)
        : this.#read(isVoid, signal));
      if (compared.kind === 'unavailable' || compared.kind === 'stopped') return compared;
      if (isVoid()) continue;
      if (compared.kind === 'hopeless') {
        const missed = graceMs > 0 ? compared.differences : 0;
        return this.#relist(compared.objects, missed, signal);
      }
      const left = await this.#afterGrace(compared.differences, graceMs, isVoid, signal);
      if (signal.aborted) return {kind: 'stopped'};
      if (isVoid()) continue;
      const missed = graceMs > 0 ? left.length : 0;
      // Without its deletion, a deleted object looks like one that was never delivered.
      const isUnsure = held.forgottenDeletions !== forgotten;
      if (left.length > limits.maxRepairs || (isUnsure && left.length > 0)) {
        return this.#relist(compared.objects, missed, signal);
      }
      this.#repair(left, compared.resourceVersion);
      return this.#done(compared.objects, missed);
    }
  }

  /**
   * A read that repairs at once: whatever tells first that the watch is not behind is enough. A
   * short list is read meanwhile, as each consistent read of a kind without changes takes the
   * server up to 100 ms.
   */
  async #read(isVoid: () => boolean, signal: AbortSignal): Promise<Comparison<T>> {
    const {clock, limits, held} = this.#options;
    const isLong = held.size > limits.longList;
    const over = new AbortController();
    const both = AbortSignal.any([signal, over.signal]);
    const compare = async () => {
      if (isLong) await sleep(clock, limits.briefSeconds * 1000, both);
      return this.#compare(0, isVoid, both);
    };
    try {
      return await Promise.race([this.#pass(isLong, both), compare()]);
    } finally {
      over.abort();
    }
  }

  /** Resolves once the watch itself has brought everything up to now. */
  async #pass(isLong: boolean, signal: AbortSignal): Promise<Comparison<T>> {
    const {transport, selection, target} = this.#options;
    const now = await this.#answered(signal, () => readVersion(transport, selection, signal));
    if (now.kind !== 'page') return now;
    const {resourceVersion} = now;
    if (!target.hasPassed(resourceVersion)) {
      if (isLong) target.askProgress();
      await target.whenPassed(resourceVersion, signal);
    }
    return {kind: 'compared', resourceVersion, objects: 0, differences: []};
  }

  /** Reads the whole list; decodes only what differs. */
  async #compare(
    graceMs: number,
    isVoid: () => boolean,
    signal: AbortSignal,
  ): Promise<Comparison<T>> {
    const {transport, selection, limits, clock, decode} = this.#options;
    const slice = new TimeSlice(clock);
    const listed = new Set<string>();
    let differences: Difference<T>[] = [];
    let next: {readonly continueToken?: string} = {};
    for (;;) {
      const query = {limit: limits.pageSize, ...next};
      const page = await this.#answered(signal, () =>
        listPage(transport, selection, query, signal),
      );
      if (page.kind !== 'page') return page;
      for (const object of page.objects) {
        slice.work(() => {
          const identity = identityOf(object);
          if (identity) listed.add(identity.key);
          if (!identity || !this.#isBehind(identity)) return;
          const decoded = decode(withoutManagedFields(object));
          differences.push({kind: 'behind', identity, decoded});
        });
        if (slice.isOver) await slice.rest();
      }
      if (differences.length > limits.maxRepairs) {
        differences = await this.#afterGrace(differences, graceMs, isVoid, signal);
        if (signal.aborted) return {kind: 'stopped'};
      }
      const isHopeless = differences.length > limits.maxRepairs;
      if (isHopeless || isVoid()) {
        return {kind: 'hopeless', objects: listed.size, differences: differences.length};
      }
      const {resourceVersion, continueToken} = page;
      if (continueToken !== undefined) {
        next = {continueToken};
        continue;
      }
      for (const gone of await this.#gone(listed, resourceVersion, slice)) differences.push(gone);
      return {kind: 'compared', resourceVersion, objects: listed.size, differences};
    }
  }

  async #answered(signal: AbortSignal, ask: () => Promise<PageResult>): Promise<PageRead> {
    try {
      const page = await ask();
      if (signal.aborted) return {kind: 'stopped'};
      switch (page.kind) {
        case 'page':
          return page;
        case 'broken':
          return {kind: 'unavailable', cause: page.cause.message};
        case 'refused': {
          const {status, reason, message, retryAfterMs} = page;
          const cause = `${status} ${reason} ${message}`.trim();
          return {kind: 'unavailable', cause, ...(retryAfterMs !== undefined && {retryAfterMs})};
        }
      }
    } catch (error) {
      if (signal.aborted) return {kind: 'stopped'};
      throw error;
    }
  }

  /** What the sink has and the list lacks, but for what is younger than the list. */
  async #gone(listed: Set<string>, resourceVersion: string, slice: TimeSlice) {
    const gone: Difference<T>[] = [];
    for (const [key, held] of this.#options.held.entries()) {
      slice.work(() => {
        if (listed.has(key) || isOlder(resourceVersion, held.resourceVersion)) return;
        gone.push({kind: 'gone', key, held});
      });
      if (slice.isOver) await slice.rest();
    }
    return gone;
  }

  async #afterGrace(
    differences: readonly Difference<T>[],
    graceMs: number,
    isVoid: () => boolean,
    signal: AbortSignal,
  ): Promise<Difference<T>[]> {
    const {clock} = this.#options;
    const untilMs = clock.monotonicMs() + graceMs;
    let left = this.#outstanding(differences);
    while (left.length > 0 && clock.monotonicMs() < untilMs && !isVoid() && !signal.aborted) {
      await sleep(clock, LOOK_AGAIN_MS, signal);
      left = this.#outstanding(left);
    }
    return left;
  }

  #outstanding(differences: readonly Difference<T>[]): Difference<T>[] {
    const {held} = this.#options;
    return differences.filter((one) =>
      one.kind === 'behind' ? this.#isBehind(one.identity) : held.get(one.key) === one.held,
    );
  }

  /** Whether the sink has something older than the list's object, or never had it. */
  #isBehind({key, resourceVersion}: ObjectIdentity): boolean {
    const {held} = this.#options;
    const mine = held.get(key);
    if (!mine) return !held.wasDeletedSince(key, resourceVersion);
    const order = compareResourceVersions(mine.resourceVersion, resourceVersion);
    return order === undefined || order < 0;
  }

  /** In one go, so that no event of the watch comes between the repairs and their version. */
  #repair(differences: readonly Difference<T>[], resourceVersion: string): void {
    const {target} = this.#options;
    for (const one of differences) {
      if (one.kind === 'behind') target.put(one.identity, one.decoded);
      else target.remove(one.key, resourceVersion);
    }
    target.reached(resourceVersion);
  }

  async #relist(objects: number, missed: number, signal: AbortSignal): Promise<AuditOutcome> {
    const {target} = this.#options;
    // The list after the present one, should one be under way.
    const wanted = target.listCount() + 2;
    target.relist();
    await this.#until(() => target.listCount() >= wanted && target.listCount() % 2 === 0, signal);
    return signal.aborted ? {kind: 'stopped'} : this.#done(objects, missed);
  }

  #done(objects: number, missed: number): AuditOutcome {
    const {metrics, log, selection} = this.#options;
    if (missed > 0) {
      metrics.missed(missed);
      log.warn({path: collectionPath(selection), objects, missed}, 'audit found missed events');
    }
    return {kind: 'audited', objects, missed};
  }

  async #until(isTrue: () => boolean, signal: AbortSignal): Promise<void> {
    while (!isTrue() && !signal.aborted) {
      await sleep(this.#options.clock, LOOK_AGAIN_MS, signal);
    }
  }
}
