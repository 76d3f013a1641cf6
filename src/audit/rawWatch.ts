import {type Transport, TransportError} from '../kube/transport.ts';
import type {ObservedEvent, ObservedObject} from './observed.ts';

export interface RawWatchOptions {
  readonly transport: Transport;
  /** Path of the collection. */
  readonly path: string;
  readonly fieldSelector?: string;
  readonly onEvent: (event: ObservedEvent) => void;
}

/** Opening a watch this often without one event between is no passing fault. */
const maxOpenings = 20;

/**
 * A list and a watch with nothing in between: no cache, no filter, no relist. A watch that ends is
 * opened again at the very revision where it ended, so that no revision is missed; where the API
 * server cannot do that any more, the observer can no longer vouch for all of them and says so.
 */
export class RawWatch {
  readonly #options: RawWatchOptions;
  #resourceVersion = '';

  constructor(options: RawWatchOptions) {
    this.#options = options;
  }

  /** Lists, opens the watch, and gives the promise of its end: `signal` aborts, or it is broken. */
  async start(signal: AbortSignal): Promise<{ended: Promise<void>}> {
    const {transport, path, fieldSelector, onEvent} = this.#options;
    const list = await transport.send<{
      metadata: {resourceVersion: string};
      items: ObservedObject[];
    }>({method: 'GET', path, query: {fieldSelector}}, signal);
    if (list.status !== 200) {
      throw new Error(`Cannot observe ${path}: the list was answered with ${list.status}`);
    }
    for (const object of list.body.items) onEvent({type: 'ADDED', object});
    this.#resourceVersion = list.body.metadata.resourceVersion;
    const opened = await this.#open(signal);
    return {ended: this.#follow(opened, signal)};
  }

  async #open(signal: AbortSignal): Promise<AsyncIterable<string>> {
    const {transport, path, fieldSelector} = this.#options;
    const query = {
      watch: 1,
      fieldSelector,
      resourceVersion: this.#resourceVersion,
      allowWatchBookmarks: true,
      timeoutSeconds: 3600,
    };
    const reply = await transport.watch({method: 'GET', path, query, lane: 'watch'}, signal);
    if (reply.status === 200) return reply.lines;
    throw new Error(`Cannot observe ${path}: the watch was answered with ${reply.status}`);
  }

  async #follow(opened: AsyncIterable<string>, signal: AbortSignal): Promise<void> {
    let lines = opened;
    for (let openings = 0; !signal.aborted; openings++) {
      if (openings === maxOpenings) {
        throw new Error(`Cannot go on observing ${this.#options.path}: no watch lasts`);
      }
      try {
        if (await this.#read(lines)) openings = 0;
        lines = await this.#open(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof TransportError)) throw error;
      }
    }
  }

  /** Reads to the end of one watch; whether it brought anything. */
  async #read(lines: AsyncIterable<string>): Promise<boolean> {
    const {onEvent, path} = this.#options;
    let hasProgressed = false;
    for await (const line of lines) {
      const event = JSON.parse(line) as {type: string; object: ObservedObject};
      if (event.type === 'ERROR') throw new Error(`Cannot go on observing ${path}: ${line}`);
      if (event.type !== 'BOOKMARK') onEvent(event as ObservedEvent);
      this.#resourceVersion = event.object.metadata.resourceVersion;
      hasProgressed = true;
    }
    return hasProgressed;
  }
}
