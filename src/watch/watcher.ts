import type {RawObject} from '../api/rawObject.ts';
import {isOlder, newerOf} from '../api/resourceVersion.ts';
import type {ApiCall, Transport} from '../kube/transport.ts';
import {assertNever} from '../lib/assertNever.ts';
import {type Clock, sleep} from '../lib/clock.ts';
import {fullJitterMs} from '../lib/fullJitter.ts';
import type {Log} from '../lib/log.ts';
import type {Random} from '../lib/random.ts';
import type {TimeSlice} from '../lib/timeSlice.ts';
import {collectionPath, listPage, type Selection} from './listPage.ts';
import {type WatchEnd, watchConnection} from './watchConnection.ts';
import {isExpired, type Refusal} from './watchEvent.ts';
import type {WatchLimits} from './watchLimits.ts';
import type {ReadMode, WatchState} from './watchState.ts';

/** What the reader of a watcher is told. Between `restarted` and `listed` the events are a list. */
export type WatcherEvent =
  /** A list begins: what an unfinished one gave before is void. */
  | {readonly kind: 'restarted'}
  | {readonly kind: 'page'; readonly objects: readonly RawObject[]}
  /** The list is whole: swap it in. `wentBack`: the server has lost what was seen after it. */
  | {readonly kind: 'listed'; readonly resourceVersion: string; readonly wentBack: boolean}
  | {readonly kind: 'applied'; readonly object: RawObject; readonly resourceVersion: string}
  | {readonly kind: 'deleted'; readonly object: RawObject; readonly resourceVersion: string}
  /** Everything up to this version has been delivered. */
  | {readonly kind: 'progress'; readonly resourceVersion: string};

/** Counted by whoever runs the watch. */
export interface WatchMetrics {
  /** A list was begun, the first one included. */
  relisted(): void;
  unparsedLine(): void;
}

export interface WatcherOptions {
  readonly transport: Transport;
  readonly selection: Selection;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits: WatchLimits;
  readonly metrics: WatchMetrics;
  readonly slice: TimeSlice;
  /** By pages, or by WatchList where the server has it. Default `stream`. */
  readonly listBy?: 'stream' | 'pages';
}

/** Before the first list. */
const unread: WatchState = {kind: 'Empty', read: 'cached'};

type Step = AsyncGenerator<WatcherEvent, WatchState>;
type FollowState = Extract<WatchState, {kind: 'Streaming' | 'Watching'}>;

/**
 * List, then watch, for ever, whatever the server and the network do; see `watchState.ts` for the
 * drawing. Only a programmer's error ends it. After kube-rs' `watcher`: named states, one `step`.
 */
export class Watcher {
  readonly #options: WatcherOptions;
  readonly #path: string;
  #streams: boolean;
  #state: WatchState;
  /** Newest version ever seen: a list older than this comes from a server that lags. */
  #seen: string | undefined;
  /** Whether the list under way is of a server that lost a part of its history. */
  #wentBack = false;
  /** Failures since the last success of useful length. */
  #failures = 0;
  #stuck = {resourceVersion: '', tries: 0};
  #relistAsked = false;
  #progressAsked = false;
  #connection: AbortController | undefined;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#path = collectionPath(options.selection);
    this.#streams = options.listBy !== 'pages';
    this.#state = unread;
  }

  get state(): WatchState {
    return this.#state;
  }

  /** Gives up the present watch and takes a consistent list, once the list under way is done. */
  relist(): void {
    this.#relistAsked = true;
    this.#connection?.abort();
  }

  /**
   * Has the server say soon how far the watch is, although nothing happens that would show it: just
   * before a watch ends comes a bookmark, so the present one goes on as one that ends soon.
   */
  askProgress(): void {
    this.#progressAsked = true;
    if (this.#state.kind === 'Watching') this.#connection?.abort();
  }

  /** Tells of a version that was seen by other means: no list may be older than it. */
  saw(resourceVersion: string): void {
    this.#seen = newerOf(this.#seen, resourceVersion);
  }

  /**
   * Ends when `signal` aborts. One reader; what it throws closes the connection and is not caught.
   */
  async *events(signal: AbortSignal): AsyncGenerator<WatcherEvent, void> {
    // A new reader has nothing: half a list that an earlier one saw is of no use to it.
    this.#state = unread;
    while (!signal.aborted) this.#state = yield* this.#step(this.#state, signal);
  }

  async *#step(state: WatchState, signal: AbortSignal): Step {
    switch (state.kind) {
      case 'Empty': {
        this.#options.metrics.relisted();
        // Whoever asked waits for a consistent list, whatever the watch was about to read.
        const read = this.#relistAsked ? 'consistent' : state.read;
        this.#relistAsked = false;
        this.#progressAsked = false;
        yield {kind: 'restarted'};
        return this.#streams
          ? {kind: 'Streaming', read}
          : {kind: 'Listing', read, continueToken: undefined};
      }
      case 'Listing':
        return yield* this.#list(state, signal);
      case 'Streaming':
      case 'Watching':
        return yield* this.#follow(state, signal);
      case 'Backoff':
        await sleep(this.#options.clock, state.untilMs - this.#options.clock.monotonicMs(), signal);
        return state.next;
      default:
        return assertNever(state);
    }
  }

  /** Reads one page. */
  async *#list(state: Extract<WatchState, {kind: 'Listing'}>, signal: AbortSignal): Step {
    const {transport, selection, limits} = this.#options;
    const isFirst = state.continueToken === undefined;
    const query = {
      limit: limits.pageSize,
      ...(state.continueToken !== undefined && {continueToken: state.continueToken}),
      ...(state.read === 'cached' && this.#seen !== undefined && {notOlderThan: this.#seen}),
    };
    const page = await this.#unlessAborted(signal, () =>
      listPage(transport, selection, query, signal),
    );
    if (page === undefined) return state;
    if (page.kind === 'broken') return this.#backOff(state, page.cause.message);
    if (page.kind === 'refused') return this.#afterRefusedList(state, page);
    const {objects, resourceVersion, continueToken} = page;
    if (isFirst && this.#isStale(resourceVersion, state.read)) {
      return this.#backOff(
        {kind: 'Empty', read: 'consistent'},
        'the list is older than what was seen',
      );
    }
    yield {kind: 'page', objects};
    if (continueToken !== undefined) return {...state, continueToken};
    return yield* this.#listed(resourceVersion);
  }

  async *#listed(resourceVersion: string): AsyncGenerator<WatcherEvent, FollowState> {
    this.saw(resourceVersion);
    const wentBack = this.#wentBack;
    this.#wentBack = false;
    yield {kind: 'listed', resourceVersion, wentBack};
    return {kind: 'Watching', resourceVersion};
  }

  /** Reads one watch connection to its end. */
  async *#follow(start: FollowState, signal: AbortSignal): Step {
    const {transport, clock, limits, slice} = this.#options;
    let state = start;
    const openedMs = clock.monotonicMs();
    this.#connection = new AbortController();
    if (this.#relistAsked) this.#connection.abort();
    const isBrief = start.kind === 'Watching' && this.#progressAsked;
    if (isBrief) this.#progressAsked = false;
    const connection = watchConnection(
      {transport, call: this.#watchCall(start, isBrief), clock, silenceMs: limits.silenceMs, slice},
      AbortSignal.any([signal, this.#connection.signal]),
    );
    try {
      for (;;) {
        const next = await connection.next();
        if (next.done) {
          const livedMs = clock.monotonicMs() - openedMs;
          if (signal.aborted) return state;
          return this.#afterWatch(state, next.value, {livedMs, isBrief});
        }
        const event = next.value;
        if (event.kind !== 'bookmark') {
          // The list's own objects are older than the list: its version comes with its end.
          if (state.kind === 'Watching') state = this.#advance(state, event.resourceVersion);
          yield event;
        } else if (state.kind === 'Watching') {
          if (isOlder(event.resourceVersion, state.resourceVersion)) {
            return this.#backOff({kind: 'Empty', read: 'consistent'}, 'the bookmark went back');
          }
          state = this.#advance(state, event.resourceVersion);
          yield {kind: 'progress', resourceVersion: event.resourceVersion};
        } else if (!event.endsInitialEvents) {
          // A server that knows the option sends no other bookmark before that one.
          return this.#withoutStreaming(state.read);
        } else if (this.#isStale(event.resourceVersion, state.read)) {
          return this.#backOff(
            {kind: 'Empty', read: 'consistent'},
            'the list is older than what was seen',
          );
        } else {
          // The same connection goes on as a watch, before this step is over.
          this.#state = state = yield* this.#listed(event.resourceVersion);
        }
      }
    } finally {
      await connection.return({kind: 'stopped'});
      this.#connection = undefined;
    }
  }

  #watchCall(state: FollowState, isBrief: boolean): ApiCall {
    const {selection, limits, random} = this.#options;
    const {fieldSelector, labelSelector} = selection;
    const version =
      state.kind === 'Watching'
        ? {resourceVersion: state.resourceVersion}
        : {
            sendInitialEvents: true,
            resourceVersionMatch: 'NotOlderThan',
            // Absent asks for a state no older than this call, 0 for whatever the server has.
            resourceVersion: state.read === 'cached' ? (this.#seen ?? '0') : undefined,
          };
    const query = {
      watch: true,
      allowWatchBookmarks: true,
      // Spread, so that the watches of a process do not all come back in one second.
      timeoutSeconds: isBrief
        ? limits.briefSeconds
        : Math.floor(limits.timeoutSeconds * (1 + random.next())),
      fieldSelector,
      labelSelector,
      ...version,
    };
    return {method: 'GET', path: this.#path, query, lane: 'watch'};
  }

  #advance(state: Extract<WatchState, {kind: 'Watching'}>, resourceVersion: string): FollowState {
    this.saw(resourceVersion);
    return {...state, resourceVersion: newerOf(state.resourceVersion, resourceVersion)};
  }

  #afterWatch(
    state: FollowState,
    end: WatchEnd,
    {livedMs, isBrief}: {readonly livedMs: number; readonly isBrief: boolean},
  ): WatchState {
    const {metrics, log, limits} = this.#options;
    const wasUseful = livedMs >= limits.usefulMs && end.kind !== 'silent';
    if (wasUseful) this.#failures = 0;
    // A list cut off is worth nothing: begin it anew.
    const again: WatchState = state.kind === 'Watching' ? state : {kind: 'Empty', read: state.read};
    switch (end.kind) {
      case 'stopped':
        return this.#relistAsked ? {kind: 'Empty', read: 'consistent'} : again;
      case 'ended':
        return wasUseful || isBrief ? again : this.#backOff(again, 'the watch ended too soon');
      case 'silent':
        return this.#backOff(again, 'the watch fell silent');
      case 'broken':
        return this.#backOff(end.wasOpen ? this.#unlessStuck(again) : again, end.cause.message);
      case 'unparsed':
        metrics.unparsedLine();
        log.warn({path: this.#path, line: end.line}, 'line of a watch does not parse');
        return this.#backOff(this.#unlessStuck(again), 'a line did not parse');
      case 'refused':
        return this.#afterRefusedWatch(state, end);
      default:
        return assertNever(end);
    }
  }

  #afterRefusedWatch(state: FollowState, refusal: Refusal): WatchState {
    const isInvalid = refusal.status === 400 || refusal.status === 422;
    if (state.kind === 'Streaming') {
      if (isInvalid || refusal.status === 405) return this.#withoutStreaming(state.read);
      const read = refusal.status === 504 ? 'consistent' : state.read;
      return this.#backOff({kind: 'Empty', read}, 'the watch was refused', refusal);
    }
    const isLost = isExpired(refusal) || isInvalid;
    // 504: the version lies in the server's future, as its history was set back.
    const isAhead = refusal.status === 504;
    const next: WatchState =
      isLost || isAhead ? {kind: 'Empty', read: isAhead ? 'consistent' : 'cached'} : state;
    return this.#backOff(next, 'the watch was refused', refusal);
  }

  #afterRefusedList(state: Extract<WatchState, {kind: 'Listing'}>, refusal: Refusal): WatchState {
    const {status} = refusal;
    const isVoid = isExpired(refusal) || status === 400 || status === 422 || status === 504;
    // 504: the version asked for lies in the server's future, so ask for none.
    const read = status === 504 ? 'consistent' : state.read;
    const next: WatchState = isVoid ? {kind: 'Empty', read} : state;
    return this.#backOff(next, 'the list was refused', refusal);
  }

  #withoutStreaming(read: ReadMode): WatchState {
    this.#streams = false;
    this.#options.log.info({path: this.#path}, 'server has no WatchList; listing by pages');
    return {kind: 'Empty', read};
  }

  /** True: do not use it. A consistent list is the truth, even where history went back. */
  #isStale(resourceVersion: string, read: ReadMode): boolean {
    if (this.#seen === undefined || !isOlder(resourceVersion, this.#seen)) return false;
    if (read === 'cached') return true;
    this.#options.log.warn(
      {path: this.#path, seen: this.#seen, listed: resourceVersion},
      'history of the API server went back; taking its present state',
    );
    this.#seen = undefined;
    this.#wentBack = true;
    return false;
  }

  /** A line at one version that can never be read must not stop the watch for good. */
  #unlessStuck(state: WatchState): WatchState {
    if (state.kind !== 'Watching') return state;
    const {resourceVersion} = state;
    const tries = this.#stuck.resourceVersion === resourceVersion ? this.#stuck.tries + 1 : 1;
    this.#stuck = {resourceVersion, tries};
    return tries < this.#options.limits.stuckTries ? state : {kind: 'Empty', read: 'cached'};
  }

  /** Full jitter, doubled with each failure, never shorter than what the server asked for. */
  #backOff(next: WatchState, why: string, refusal?: Refusal): WatchState {
    const {clock, random, limits, log} = this.#options;
    const backoff = {baseMs: limits.backoffBaseMs, maxMs: limits.backoffMaxMs};
    const jitterMs = fullJitterMs(this.#failures++, backoff, random);
    const delayMs = Math.max(refusal?.retryAfterMs ?? 0, jitterMs);
    const keys = {path: this.#path, why, status: refusal?.status, reason: refusal?.reason};
    const message = 'watch backs off';
    if (this.#failures === 1) log.debug({...keys, next: next.kind, delayMs}, message);
    else log.warn({...keys, next: next.kind, delayMs, failures: this.#failures}, message);
    return {kind: 'Backoff', untilMs: clock.monotonicMs() + delayMs, next};
  }

  /** Undefined when `signal` aborted, whatever the transport then does. */
  async #unlessAborted<T>(signal: AbortSignal, act: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await act();
      return signal.aborted ? undefined : result;
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
  }
}
