import type {ParsedRequest, RequestKey} from '../api/records.ts';
import type {Transport} from '../kube/transport.ts';
import {assert} from '../lib/assert.ts';
import type {Clock} from '../lib/clock.ts';
import {Gate} from '../lib/gate.ts';
import type {Log} from '../lib/log.ts';
import type {Random} from '../lib/random.ts';
import type {BindIntent, PendingIntent} from './intent.ts';
import {IntentWriter} from './intentWriter.ts';
import type {StatusIntent, StatusOutcome} from './outcome.ts';

export interface StatusWriterOptions {
  readonly transport: Transport;
  /** `parseRequest`. */
  readonly decode: (object: unknown) => ParsedRequest;
  /** Whether a request is there as far as the watch has shown. */
  readonly isKnown: (key: RequestKey, uid: string) => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Told the end of each intent, once. */
  readonly onOutcome: (intent: StatusIntent, outcome: StatusOutcome) => void;
  readonly limits: {
    /** Placement writes under way at once. */
    readonly connections: number;
    /** Writes of waiting reasons under way at once. */
    readonly pendingConnections: number;
    /** Placements without an outcome; of waiting reasons an eighth of it. */
    readonly maxOutstanding: number;
    /** Placements that may still be outstanding when the next batch is taken. */
    readonly maxAhead: number;
    /** Requests a batch: `room` keeps so much free. */
    readonly maxRequests: number;
    readonly backoffBaseMs: number;
    readonly backoffMaxMs: number;
  };
}

/**
 * An object that changes between each read and write, so many times on end, is written by a loop
 * of somebody else; its request is better given back than kept in a connection.
 */
const MAX_CONFLICTS = 8;

/** As many writes without an answer, of a server that answers reads: it will not soon. */
const MAX_DOUBTS = 3;

/**
 * Writes placements and waiting reasons to the status of their requests. Placements come first: a
 * reason is only written while no placement waits, each kind with its own number of connections.
 * Of several reasons of one request the latest counts; beside its placement none does, unless that
 * comes to nothing.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #writer: IntentWriter;
  readonly #binds: BindIntent[] = [];
  readonly #pendings = new Map<RequestKey, PendingIntent>();
  /** The latest placement of each request, from `write` to its outcome. */
  readonly #bound = new Map<RequestKey, BindIntent>();
  readonly #bindsUnderWay = new Set<BindIntent>();
  readonly #pendingsUnderWay = new Set<RequestKey>();
  readonly #settled = new Gate();
  #signal: AbortSignal = AbortSignal.abort();
  /** A run has ended, and no other one has begun. */
  #isOver = false;
  #fail: (error: unknown) => void = () => {};

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    const {maxRequests, maxOutstanding} = options.limits;
    assert(
      maxRequests <= maxOutstanding,
      `a batch of ${maxRequests} has room among ${maxOutstanding} outstanding writes`,
    );
    const {transport, decode, isKnown, clock, random, log, limits} = options;
    const backoff = {baseMs: limits.backoffBaseMs, maxMs: limits.backoffMaxMs};
    this.#writer = new IntentWriter({
      transport,
      decode,
      isKnown,
      clock,
      random,
      log,
      backoff,
      maxConflicts: MAX_CONFLICTS,
      maxDoubts: MAX_DOUBTS,
    });
  }

  /** Intents without an outcome. */
  get outstanding(): number {
    return this.#outstandingOf('bind') + this.#outstandingOf('pending');
  }

  /** Placements without an outcome. */
  get outstandingBinds(): number {
    return this.#outstandingOf('bind');
  }

  /** Whether a placement of this request has no outcome yet. */
  isWriting(key: RequestKey, uid: string): boolean {
    return this.#bound.get(key)?.record.uid === uid;
  }

  /**
   * Takes an intent; it is written while `run` runs. Wait for `room` before: this takes every one.
   * What comes after the end of a run, as from a commit whose answer was late, is given up at once.
   */
  write(intent: StatusIntent): void {
    if (this.#isOver) {
      this.#options.onOutcome(intent, {kind: 'abandoned'});
      return;
    }
    const {key} = intent.record;
    const earlier = this.#pendings.get(key);
    if (earlier) {
      this.#pendings.delete(key);
      this.#options.onOutcome(earlier, {kind: 'superseded'});
    }
    if (intent.kind === 'bind') {
      this.#binds.push(intent);
      this.#bound.set(key, intent);
    } else {
      this.#pendings.set(key, intent);
    }
    this.#startNext();
  }

  /**
   * Waits until a batch of placements (or one waiting reason) is better taken than left, or
   * `signal` aborts: until the connections are about to run dry. A decision made earlier would wait
   * here instead, could not take what comes meanwhile into account, and would make the ledger's
   * list of what is in flight longer. Each kind has its own limit: reasons are slow, and must never
   * make the cycle wait.
   */
  async room(signal: AbortSignal, kind: StatusIntent['kind'] = 'bind'): Promise<void> {
    const {maxOutstanding, maxRequests, maxAhead} = this.#options.limits;
    const limit =
      kind === 'bind'
        ? Math.min(maxAhead, maxOutstanding - maxRequests)
        : (maxOutstanding >> 3) - 1;
    while (!signal.aborted && this.#outstandingOf(kind) > Math.max(0, limit)) {
      await this.#settled.wait(signal);
    }
  }

  /**
   * Waits until no placement is outstanding, or `signal` aborts. Not for reasons: there may be
   * 100,000 of them, and the next leader tells them anew.
   */
  async drain(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.outstandingBinds > 0) await this.#settled.wait(signal);
  }

  /**
   * Writes until `signal` aborts, and returns once every intent has its outcome: what waits then,
   * or waits for an answer, is given up.
   */
  async run(signal: AbortSignal): Promise<void> {
    const failed = Promise.withResolvers<never>();
    this.#signal = signal;
    this.#isOver = false;
    this.#fail = failed.reject;
    this.#startNext();
    await Promise.race([untilAborted(signal), failed.promise]);
    this.#isOver = true;
    const waiting = [...this.#binds.splice(0), ...this.#pendings.values()];
    this.#pendings.clear();
    for (const intent of waiting) this.#end(intent, {kind: 'abandoned'});
    await Promise.race([this.#allEnded(), failed.promise]);
  }

  async #allEnded(): Promise<void> {
    const never = new AbortController().signal;
    while (this.outstanding > 0) await this.#settled.wait(never);
  }

  #startNext(): void {
    const {connections, pendingConnections} = this.#options.limits;
    if (this.#signal.aborted) return;
    while (this.#bindsUnderWay.size < connections) {
      const intent = this.#binds.shift();
      if (!intent) break;
      this.#bindsUnderWay.add(intent);
      void this.#write(intent);
    }
    if (this.#binds.length > 0) return;
    for (const [key, intent] of this.#pendings) {
      if (this.#pendingsUnderWay.size >= pendingConnections) break;
      // Two writes of one request at a time could end in the wrong order; and beside its placement
      // it has none, unless that comes to nothing.
      if (this.#pendingsUnderWay.has(key) || this.#bound.has(key)) continue;
      this.#pendings.delete(key);
      this.#pendingsUnderWay.add(key);
      void this.#write(intent);
    }
  }

  async #write(intent: StatusIntent): Promise<void> {
    const {key} = intent.record;
    const isOutdated = () =>
      intent.kind === 'pending' && (this.#pendings.has(key) || this.#bound.has(key));
    try {
      const outcome = await this.#writer.write(intent, {signal: this.#signal, isOutdated});
      if (intent.kind === 'bind') this.#bindsUnderWay.delete(intent);
      else this.#pendingsUnderWay.delete(key);
      this.#end(intent, outcome);
      this.#startNext();
    } catch (error) {
      this.#fail(error);
    }
  }

  #end(intent: StatusIntent, outcome: StatusOutcome): void {
    const {key} = intent.record;
    if (this.#bound.get(key) === intent) this.#bound.delete(key);
    const meanwhile = this.#pendings.get(key);
    if (meanwhile && intent.kind === 'bind' && outcome.kind === 'written') {
      this.#pendings.delete(key);
      this.#options.onOutcome(meanwhile, {kind: 'superseded'});
    }
    this.#options.onOutcome(intent, outcome);
    this.#settled.open();
  }

  #outstandingOf(kind: StatusIntent['kind']): number {
    if (kind === 'bind') return this.#binds.length + this.#bindsUnderWay.size;
    return this.#pendings.size + this.#pendingsUnderWay.size;
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), {once: true});
  });
}
