import type {TransportError} from '../kube/transport.ts';
import type {Clock} from '../lib/clock.ts';
import type {Random} from '../lib/random.ts';
import {expired, refuse} from './apiStatus.ts';
import {fieldText} from './fieldSelector.ts';
import {typeMetaOf} from './kind.ts';
import {
  checkListOptions,
  flagOf,
  isSelected,
  type Query,
  type Selection,
  selectionOf,
  textOf,
} from './query.ts';
import type {Route} from './route.ts';
import type {Store, StoreEvent} from './store.ts';
import type {StoredObject} from './storedObject.ts';
import {WatcherIndex} from './watcherIndex.ts';
import {WatchStream} from './watchStream.ts';

export interface WatchLimits {
  /** A watch without timeoutSeconds ends after so long, to twice as long. */
  readonly watchTimeoutMs: number;
  readonly bookmarkIntervalMs: number;
  /** A watch whose reader is so many lines behind is ended. */
  readonly watchBacklogLines: number;
}

export interface WatchHubOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: WatchLimits;
}

export interface Watcher {
  readonly route: Route;
  readonly selection: Selection;
  readonly stream: WatchStream;
  /** Events up to and with this revision are none of its business. */
  readonly after: number;
  readonly wantsBookmarks: boolean;
}

/** Last bookmark so long before the end of a watch, so that the next one starts close to it. */
const FAREWELL_MS = 2_000;

/**
 * Hands each write to the watches that it concerns, within the write and in their order of arrival.
 */
export class WatchHub {
  readonly #options: WatchHubOptions;
  readonly #watchers = new WatcherIndex();

  constructor(options: WatchHubOptions) {
    this.#options = options;
    options.store.onEvent((event) => this.#publish(event));
  }

  get size(): number {
    return this.#watchers.size;
  }

  /** @throws Refusal */
  open(route: Route, query: Query, signal: AbortSignal): WatchStream {
    const {store, limits} = this.#options;
    checkListOptions(query, true);
    const selection = selectionOf(route, query);
    const revision = watchRevisionOf(query);
    const sendsInitial = flagOf(query, 'sendInitialEvents');
    const hasStart = revision > 0 && !sendsInitial;
    const cancels: (() => void)[] = [];
    const stream = new WatchStream(limits.watchBacklogLines, () => {
      this.#watchers.delete(watcher);
      for (const cancel of cancels) cancel();
    });
    const watcher: Watcher = {
      route,
      selection,
      stream,
      // A revision of the future is waited for in silence.
      after: Math.max(revision, hasStart ? revision : store.revision),
      wantsBookmarks: flagOf(query, 'allowWatchBookmarks'),
    };
    if (hasStart && revision < store.compacted) {
      const {status} = expired(`too old resource version: ${revision} (${store.compacted})`);
      stream.push(JSON.stringify({type: 'ERROR', object: status}));
      stream.end();
      return stream;
    }
    if (hasStart) this.#replay(watcher, revision);
    else if (query['sendInitialEvents'] === undefined || sendsInitial) this.#sendPresent(watcher);
    if (sendsInitial && watcher.wantsBookmarks) this.#bookmark(watcher, true);
    this.#watchers.add(watcher);
    cancels.push(...this.#schedule(watcher, Number(textOf(query, 'timeoutSeconds')) * 1_000));
    const leave = () => stream.end();
    signal.addEventListener('abort', leave, {once: true});
    cancels.push(() => signal.removeEventListener('abort', leave));
    return stream;
  }

  /** Sends every watch that wants them a bookmark now. */
  sendBookmarks(): void {
    for (const watcher of this.#watchers.all()) {
      if (watcher.wantsBookmarks) this.#bookmark(watcher, false);
    }
  }

  /** Ends every watch: broken off with `error`, in good order without. */
  endAll(error?: TransportError): void {
    for (const {stream} of [...this.#watchers.all()]) stream.end(error);
  }

  #schedule(watcher: Watcher, wantedMs: number): (() => void)[] {
    const {clock, random, limits} = this.#options;
    const {stream} = watcher;
    const timeoutMs = wantedMs > 0 ? wantedMs : limits.watchTimeoutMs * (1 + random.next());
    const cancels = [clock.setTimer(timeoutMs, () => stream.end())];
    if (!watcher.wantsBookmarks) return cancels;
    let cancel = () => {};
    const endMs = clock.monotonicMs() + timeoutMs;
    const next = () => {
      const leftMs = endMs - FAREWELL_MS - clock.monotonicMs();
      if (leftMs <= 0) return;
      cancel = clock.setTimer(Math.min(limits.bookmarkIntervalMs, leftMs), () => {
        this.#bookmark(watcher, false);
        next();
      });
    };
    next();
    return [...cancels, () => cancel()];
  }

  #sendPresent({route: {collection}, selection, stream}: Watcher): void {
    const {store} = this.#options;
    for (const [, stored] of store.viewAt(collection, store.revision).list(selection.prefix, '')) {
      if (isSelected(stored.object, selection)) stream.push(stored.line('ADDED'));
    }
  }

  #replay(watcher: Watcher, revision: number): void {
    const {collection} = watcher.route;
    for (const event of this.#options.store.eventsAfter(revision)) {
      if (event.collection === collection) send(watcher, event, new Leaving(event));
    }
  }

  #bookmark({route: {kind}, stream}: Watcher, isEndOfInitial: boolean): void {
    const metadata = {
      resourceVersion: String(this.#options.store.revision),
      ...(isEndOfInitial && {annotations: {'k8s.io/initial-events-end': 'true'}}),
    };
    stream.push(JSON.stringify({type: 'BOOKMARK', object: {...typeMetaOf(kind), metadata}}));
  }

  #publish(event: StoreEvent): void {
    const leaving = new Leaving(event);
    for (const watcher of this.#watchers.concernedBy(event, fieldText)) {
      if (event.revision > watcher.after) send(watcher, event, leaving);
    }
  }
}

/** The state that left a selection: the one before, at the revision of the event. Made once. */
class Leaving {
  readonly #event: StoreEvent;
  #stored: StoredObject | undefined;

  constructor(event: StoreEvent) {
    this.#event = event;
  }

  get line(): string {
    const {before, revision} = this.#event;
    this.#stored ??= before!.removedAt(revision);
    return this.#stored.line('DELETED');
  }
}

/** An object that leaves the selection is deleted to the watch, one that enters it is added. */
function send({selection, stream}: Watcher, event: StoreEvent, leaving: Leaving): void {
  const {key, before, after, type} = event;
  if (!key.startsWith(selection.prefix)) return;
  const matched = before !== undefined && isSelected(before.object, selection);
  const matches = type !== 'DELETED' && isSelected(after.object, selection);
  if (matches) stream.push(after.line(matched ? 'MODIFIED' : 'ADDED'));
  else if (matched) stream.push(type === 'DELETED' ? after.line('DELETED') : leaving.line);
}

function watchRevisionOf(query: Query): number {
  const text = textOf(query, 'resourceVersion') || '0';
  if (/^\d+$/.test(text)) return Number(text);
  const quoted = JSON.stringify(text);
  throw refuse(
    500,
    '',
    `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`,
  );
}
