import type {RawObject} from '../api/rawObject.ts';
import {isNewerVersion, newerOf} from '../api/resourceVersion.ts';
import type {Transport} from '../kube/transport.ts';
import {assert} from '../lib/assert.ts';
import {assertNever} from '../lib/assertNever.ts';
import type {Clock} from '../lib/clock.ts';
import type {Log} from '../lib/log.ts';
import type {Random} from '../lib/random.ts';
import {TimeSlice} from '../lib/timeSlice.ts';
import {type Held, HeldObjects} from './heldObjects.ts';
import {identityOf, type ObjectIdentity, withoutManagedFields} from './identity.ts';
import {collectionPath, type Selection} from './listPage.ts';
import {type AuditOutcome, ReflectorAudit} from './reflectorAudit.ts';
import {Watcher, type WatcherEvent, type WatchMetrics} from './watcher.ts';
import type {WatchLimits} from './watchLimits.ts';

/** Where decoded objects go. What it throws is a programmer's error and ends the run. */
export interface ObjectSink<T> {
  /**
   * A whole list: what it lacks is gone.
   * @param wentBack the server lost a part of its history, as after a restored backup: older
   *   versions than those seen before are the truth
   */
  replace(all: readonly T[], wentBack?: boolean): void;
  upsert(object: T): void;
  /** `namespace/name`, or the name alone. */
  remove(key: string): void;
}

export interface ReflectorMetrics extends WatchMetrics {
  /** Differences that an audit found and that the watch should have delivered. */
  missed(count: number): void;
}

export interface ReflectorOptions<T> extends Selection {
  readonly transport: Transport;
  /** Must not throw: what cannot be understood is a value of `T` too. */
  readonly decode: (object: RawObject) => T;
  readonly sink: ObjectSink<T>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits: WatchLimits;
  readonly metrics: ReflectorMetrics;
  /** See `WatcherOptions`. */
  readonly listBy?: 'stream' | 'pages';
}

/** A list that is not whole yet. */
interface Gathered<T> {
  readonly held: Map<string, Held>;
  readonly decoded: Map<string, T>;
  /** Keys under which the sink has another object. */
  readonly renewed: Set<string>;
}

/**
 * Keeps a sink in step with a collection of the API server. Level-based: the sink learns states,
 * never events; a relist reaches it as one `replace`; an object deleted and made anew under one
 * name reaches it as `remove` and then the new one, whichever events were seen of that.
 */
export class Reflector<T> {
  readonly #options: ReflectorOptions<T>;
  readonly #held: HeldObjects;
  readonly #watcher: Watcher;
  readonly #audit: ReflectorAudit<T>;
  readonly #slice: TimeSlice;
  readonly #synced = Promise.withResolvers<void>();
  #gathered: Gathered<T> | undefined;
  /** The watch has brought everything up to this version; undefined while a list is read. */
  #passed: string | undefined;
  /** Each for a version that the watch has not passed yet. */
  readonly #waiters = new Set<{readonly resourceVersion: string; readonly resolve: () => void}>();
  #lists = 0;
  #hasSynced = false;
  #runs = false;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    const {limits, clock} = options;
    this.#held = new HeldObjects(limits.rememberedDeletions);
    this.#slice = new TimeSlice(clock);
    this.#watcher = new Watcher({...options, selection: options, slice: this.#slice});
    this.#audit = new ReflectorAudit({
      ...options,
      selection: options,
      held: this.#held,
      target: {
        listCount: () => this.#lists * 2 + (this.#gathered ? 1 : 0),
        put: (identity, decoded) => this.#put(identity, decoded),
        remove: (key, resourceVersion) => this.#remove(key, resourceVersion),
        reached: (resourceVersion) => {
          this.#held.raiseFloor(resourceVersion);
          this.#watcher.saw(resourceVersion);
        },
        hasPassed: (resourceVersion) =>
          this.#passed !== undefined && !isNewerVersion(resourceVersion, this.#passed),
        whenPassed: (resourceVersion, signal) => this.#whenPassed(resourceVersion, signal),
        askProgress: () => this.#watcher.askProgress(),
        relist: () => this.#watcher.relist(),
      },
    });
  }

  /** Whether the sink has ever had a whole list. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Objects that the sink has. */
  get size(): number {
    return this.#held.size;
  }

  /** What keeps the sink from being up to date, for `/readyz`; undefined when nothing does. */
  get waitingFor(): string | undefined {
    const {kind} = this.#watcher.state;
    if (this.#hasSynced && kind === 'Watching') return undefined;
    const {plural} = this.#options.resource;
    return `${plural}: ${kind === 'Backoff' ? 'the API server to answer' : 'the list to be whole'}`;
  }

  /** Resolves after the first whole list, or without an error when `signal` aborts. */
  async synced(signal: AbortSignal): Promise<void> {
    if (this.#hasSynced || signal.aborted) return;
    const aborted = Promise.withResolvers<void>();
    const onAbort = () => aborted.resolve();
    signal.addEventListener('abort', onAbort, {once: true});
    await Promise.race([this.#synced.promise, aborted.promise]);
    signal.removeEventListener('abort', onAbort);
  }

  /** Lists and watches until `signal` aborts. Rejects only with what the sink or `decode` threw. */
  async run(signal: AbortSignal): Promise<void> {
    assert(!this.#runs, `the reflector of ${collectionPath(this.#options)} runs once at a time`);
    this.#runs = true;
    try {
      for await (const event of this.#watcher.events(signal)) {
        await this.#take(event);
        if (this.#slice.isOver) await this.#slice.rest();
        if (signal.aborted) break;
      }
    } finally {
      this.#gathered = undefined;
      this.#runs = false;
    }
  }

  /**
   * Compares what the sink has with a consistent list taken now, repairs the differences, and
   * counts those that the watch did not deliver within `limits.auditGraceMs`.
   */
  audit(signal: AbortSignal): Promise<AuditOutcome> {
    return this.#whenSynced(signal, () =>
      this.#audit.run(signal, this.#options.limits.auditGraceMs),
    );
  }

  /**
   * Resolves once the sink is no older than the moment of this call, or when `signal` aborts. For a
   * new leader: cheaper than a relist, as only what differs is decoded and handed on.
   */
  async readConsistently(signal: AbortSignal): Promise<void> {
    await this.#whenSynced(signal, () => this.#audit.untilDone(signal));
  }

  async #whenSynced<Result>(
    signal: AbortSignal,
    act: () => Promise<Result>,
  ): Promise<Result | {kind: 'stopped'}> {
    await this.synced(signal);
    return signal.aborted ? {kind: 'stopped'} : act();
  }

  async #take(event: WatcherEvent): Promise<void> {
    switch (event.kind) {
      case 'restarted':
        this.#passed = undefined;
        this.#gathered = {held: new Map(), decoded: new Map(), renewed: new Set()};
        return;
      case 'page':
        for (const object of event.objects) {
          this.#slice.work(() => this.#gather(object));
          if (this.#slice.isOver) await this.#slice.rest();
        }
        return;
      case 'listed':
        this.#swapIn(event);
        return;
      case 'applied':
        this.#slice.work(() =>
          this.#gathered ? this.#gather(event.object) : this.#apply(event.object),
        );
        this.#pass(event.resourceVersion);
        return;
      case 'deleted':
        this.#delete(event.object);
        this.#pass(event.resourceVersion);
        return;
      case 'progress':
        this.#pass(event.resourceVersion);
        return;
      default:
        assertNever(event);
    }
  }

  #pass(resourceVersion: string): void {
    if (this.#gathered) return;
    this.#passed = newerOf(this.#passed, resourceVersion);
    for (const waiter of this.#waiters) {
      if (!isNewerVersion(waiter.resourceVersion, this.#passed)) waiter.resolve();
    }
  }

  async #whenPassed(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const {promise, resolve} = Promise.withResolvers<void>();
    const waiter = {resourceVersion, resolve};
    this.#waiters.add(waiter);
    signal.addEventListener('abort', () => this.#waiters.delete(waiter), {once: true});
    await promise;
    this.#waiters.delete(waiter);
  }

  #gather(object: RawObject): void {
    const identity = identityOf(object);
    if (!identity || !this.#gathered) return;
    const {key, uid, resourceVersion} = identity;
    this.#gathered.held.set(key, {uid, resourceVersion});
    const before = this.#held.get(key);
    if (before && before.uid !== uid) this.#gathered.renewed.add(key);
    this.#gathered.decoded.set(key, this.#options.decode(withoutManagedFields(object)));
  }

  #swapIn({resourceVersion, wentBack}: Extract<WatcherEvent, {kind: 'listed'}>): void {
    assert(this.#gathered !== undefined, 'a list ends that has begun');
    const {held, decoded, renewed} = this.#gathered;
    this.#gathered = undefined;
    this.#lists++;
    const {sink, log} = this.#options;
    for (const key of renewed) sink.remove(key);
    sink.replace([...decoded.values()], wentBack);
    this.#held.swap(held, resourceVersion);
    const keys = {path: collectionPath(this.#options), objects: held.size, resourceVersion};
    if (this.#hasSynced) log.info(keys, 'list swapped in');
    else log.info(keys, 'first list is in');
    this.#hasSynced = true;
    this.#synced.resolve();
  }

  #apply(object: RawObject): void {
    const identity = identityOf(object);
    if (!identity || this.#held.isOld(identity)) return;
    this.#put(identity, this.#options.decode(withoutManagedFields(object)));
  }

  #put(identity: ObjectIdentity, decoded: T): void {
    const {sink} = this.#options;
    const {key, uid} = identity;
    const held = this.#held.get(key);
    if (held && held.uid !== uid) sink.remove(key);
    this.#held.put(identity);
    sink.upsert(decoded);
  }

  #delete(object: RawObject): void {
    const identity = identityOf(object);
    if (!identity) return;
    const {key, resourceVersion} = identity;
    if (this.#gathered) {
      this.#gathered.held.delete(key);
      this.#gathered.decoded.delete(key);
    } else if (!this.#held.isOld(identity)) {
      this.#remove(key, resourceVersion);
    }
  }

  #remove(key: string, resourceVersion: string): void {
    const isHeld = this.#held.get(key) !== undefined;
    this.#held.drop(key, resourceVersion);
    if (isHeld) this.#options.sink.remove(key);
  }
}
