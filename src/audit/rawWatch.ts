import type {Transport} from '../kube/transport.ts';
import type {ObservedEvent, ObservedObject} from './auditor.ts';

export interface RawWatchOptions {
  readonly transport: Transport;
  /** Path of the collection. */
  readonly path: string;
  readonly fieldSelector?: string;
  readonly onEvent: (event: ObservedEvent) => void;
}

/**
 * A list and a watch with nothing in between: no cache, no filter, no recovery. A break ends it
 * with an error, as an observer that may have missed a revision can no longer vouch for all of them.
 */
export class RawWatch {
  readonly #options: RawWatchOptions;

  constructor(options: RawWatchOptions) {
    this.#options = options;
  }

  /** Lists, opens the watch, and resolves with the promise of its end: once `signal` aborts, or it breaks. */
  async start(signal: AbortSignal): Promise<{ended: Promise<void>}> {
    const {transport, path, fieldSelector, onEvent} = this.#options;
    const list = await transport.send<{
      metadata: {resourceVersion: string};
      items: ObservedObject[];
    }>({method: 'GET', path, query: {fieldSelector}}, signal);
    if (list.status !== 200)
      throw new Error(`Cannot observe ${path}: the list was answered with ${list.status}`);
    for (const object of list.body.items) onEvent({type: 'ADDED', object});
    const {resourceVersion} = list.body.metadata;
    const query = {watch: 1, fieldSelector, resourceVersion, timeoutSeconds: 3600};
    const reply = await transport.watch({method: 'GET', path, query, lane: 'watch'}, signal);
    if (reply.status !== 200)
      throw new Error(`Cannot observe ${path}: the watch was answered with ${reply.status}`);
    return {ended: this.#read(reply.lines, signal)};
  }

  async #read(lines: AsyncIterable<string>, signal: AbortSignal): Promise<void> {
    const {onEvent, path} = this.#options;
    try {
      for await (const line of lines) {
        const event = JSON.parse(line) as {type: string; object: ObservedObject};
        if (event.type === 'ERROR') throw new Error(`Cannot go on observing ${path}: ${line}`);
        if (event.type !== 'BOOKMARK') onEvent(event as ObservedEvent);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    if (!signal.aborted) throw new Error(`Cannot go on observing ${path}: the watch ended`);
  }
}
