import {ApiError, type Transport, TransportError} from '../kube/transport.ts';
import {type Clock, sleep} from '../lib/clock.ts';
import type {ObservedEvent, ObservedObject} from './observed.ts';
import {revisionOf} from './seen.ts';

/** Where the objects of one kind are listed and watched. */
export interface KindPath {
  /** Path of the collection. */
  readonly path: string;
  readonly fieldSelector?: string;
}

export interface KindStreamOptions extends KindPath {
  readonly transport: Transport;
  readonly clock: Clock;
  /** A list, whole, at its revision: the first thing, and at the end of each gap. */
  readonly onListed: (objects: readonly ObservedObject[], revision: number) => void;
  readonly onEvent: (event: ObservedEvent, revision: number) => void;
  /** Everything up to this revision has come. */
  readonly onPassed: (revision: number) => void;
}

interface ListPage {
  readonly metadata: {readonly resourceVersion: string; readonly continue?: string};
  readonly items: readonly ObservedObject[];
}

/**
 * An API server sends a bookmark 2 s before the end of a watch, and otherwise once a minute: short
 * watches are how a quiet kind tells how far it is.
 */
const watchSeconds = 10;
/** A watch that is silent for so much longer than it was asked to last is no connection. */
const overtimeMs = 10_000;
const retryMs = 1_000;
const pageLimit = 500;
/** A server that has just started refuses what it will know and grant in a moment. */
const maxRefusals = 30;
/** How often a comparison looks whether the watch has brought what is still on its way. */
const compareTries = 20;
const compareTryMs = 50;

/**
 * The objects of one kind as the API server tells them: a list, then every event, in the order of
 * the revisions. A watch that ends goes on where it ended; where the server has forgotten that
 * revision (410), a list closes the gap and says so by coming at all.
 *
 *     list --> watch --ends, breaks--> watch from the last revision --410--> list --> ...
 */
export class KindStream {
  readonly #options: KindStreamOptions;
  /** The revision of each object that is there, by uid. */
  readonly #known = new Map<string, number>();
  #revision = '';
  #refusals = 0;

  constructor(options: KindStreamOptions) {
    this.#options = options;
  }

  /**
   * The first list.
   * @throws ApiError, TransportError where it cannot be had
   */
  async open(signal: AbortSignal): Promise<void> {
    await this.#list(signal);
  }

  /**
   * Follows until `signal` aborts. What may pass by itself is tried again.
   * @throws ApiError where the server goes on refusing: 401, 403, 404 and the like
   */
  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const end = await this.#watch(signal);
        if (end === 'expired') await this.#list(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!this.#mayPass(error)) throw error;
        await sleep(this.#options.clock, retryMs, signal);
      }
    }
  }

  /**
   * Brings the stream, which is followed meanwhile, to `revision`: passed where the watch has shown
   * all that a list at that revision does, else by that list.
   * @throws ApiError, TransportError
   */
  async reach(revision: number, signal: AbortSignal): Promise<void> {
    const objects = await this.#compare(revision, signal);
    if (objects) this.#options.onListed(objects, revision);
  }

  /**
   * As `reach`, but for the list: where the watch is behind it is left to come. For a kind that is
   * quiet: etcd may tell the API server how far it is every ten minutes only, and a bookmark says
   * no more than that.
   * @throws ApiError, TransportError
   */
  async confirm(revision: number, signal: AbortSignal): Promise<void> {
    await this.#compare(revision, signal);
  }

  /** Passes `revision` where the watch has shown all that a list there does; else that list. */
  async #compare(revision: number, signal: AbortSignal) {
    const {clock, onPassed} = this.#options;
    const exact = {resourceVersion: revision, resourceVersionMatch: 'Exact'};
    const {objects} = await this.#readAll(exact, signal);
    for (let tries = 0; tries < compareTries && !signal.aborted; tries++) {
      if (revisionOf(this.#revision) >= revision) return undefined;
      if (this.#hasShown(objects)) {
        onPassed(revision);
        return undefined;
      }
      await sleep(clock, compareTryMs, signal);
    }
    return objects;
  }

  #hasShown(objects: readonly ObservedObject[]): boolean {
    return (
      objects.length === this.#known.size &&
      objects.every(
        ({metadata}) => this.#known.get(metadata.uid) === revisionOf(metadata.resourceVersion),
      )
    );
  }

  async #list(signal: AbortSignal): Promise<void> {
    const {objects, revision} = await this.#readAll({}, signal);
    this.#revision = revision;
    this.#known.clear();
    for (const {metadata} of objects) {
      this.#known.set(metadata.uid, revisionOf(metadata.resourceVersion));
    }
    this.#options.onListed(objects, revisionOf(revision));
  }

  async #readAll(query: Readonly<Record<string, string | number>>, signal: AbortSignal) {
    const {transport, path, fieldSelector} = this.#options;
    const objects: ObservedObject[] = [];
    let page: Readonly<Record<string, string | number>> = query;
    for (;;) {
      const call = {
        method: 'GET',
        path,
        query: {fieldSelector, limit: pageLimit, ...page},
      } as const;
      const reply = await transport.send<ListPage>(call, signal);
      if (reply.status !== 200) throw new ApiError(call, reply);
      const {items, metadata} = reply.body;
      for (const object of items) objects.push(object);
      if (!metadata.continue) return {objects, revision: metadata.resourceVersion};
      // The token names the revision of the first page.
      page = {continue: metadata.continue};
    }
  }

  async #watch(signal: AbortSignal): Promise<'ended' | 'expired'> {
    const {transport, clock, path, fieldSelector} = this.#options;
    const query = {
      watch: 1,
      fieldSelector,
      resourceVersion: this.#revision,
      allowWatchBookmarks: true,
      timeoutSeconds: watchSeconds,
    };
    const silence = new AbortController();
    const hangUp = () => silence.abort();
    const cancel = clock.setTimer(watchSeconds * 1_000 + overtimeMs, hangUp);
    const call = {method: 'GET', path, query, lane: 'watch'} as const;
    try {
      const reply = await transport.watch(call, AbortSignal.any([signal, silence.signal]));
      if (reply.status === 410) return 'expired';
      if (reply.status !== 200) throw new ApiError(call, {status: reply.status, body: reply.error});
      for await (const line of reply.lines) if (!this.#take(line)) return 'expired';
      return 'ended';
    } finally {
      cancel();
    }
  }

  #mayPass(error: unknown): boolean {
    if (error instanceof TransportError) return true;
    if (!(error instanceof ApiError)) return false;
    if (error.status === 429 || error.status === 410 || error.status >= 500) return true;
    return ++this.#refusals <= maxRefusals;
  }

  /** False when the revision to go on from is forgotten. */
  #take(line: string): boolean {
    const {onEvent, onPassed, path} = this.#options;
    const {type, object} = parse(line);
    if (type === 'ERROR') {
      if (object.code === 410) return false;
      const reply = {status: object.code ?? 500, body: object};
      throw new ApiError({method: 'GET', path}, reply);
    }
    const {resourceVersion} = object.metadata;
    const revision = revisionOf(resourceVersion);
    if (type === 'DELETED') this.#known.delete(object.metadata.uid);
    else if (type !== 'BOOKMARK') this.#known.set(object.metadata.uid, revision);
    this.#revision = resourceVersion;
    this.#refusals = 0;
    if (type === 'BOOKMARK') onPassed(revision);
    else onEvent({type, object}, revision);
    return true;
  }
}

type Line = {
  readonly type: ObservedEvent['type'] | 'BOOKMARK' | 'ERROR';
  readonly object: ObservedObject & {readonly code?: number};
};

/** A line that was cut off is a connection that broke: the server sends it again. */
function parse(line: string): Line {
  try {
    return JSON.parse(line) as Line;
  } catch (cause) {
    throw new TransportError('Cannot read a line of a watch as it must be JSON', {cause});
  }
}
