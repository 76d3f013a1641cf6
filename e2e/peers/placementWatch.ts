import {RawWatch} from '../../src/audit/rawWatch.ts';
import {pathOf} from '../../src/kube/resource.ts';
import type {Transport} from '../../src/kube/transport.ts';
import {systemClock} from '../../src/lib/clock.ts';
import {waitFor} from '../../test/servers/waitFor.ts';
import {type PlacementKind, space} from './placementKind.ts';

/**
 * The independent watcher: one watch of the objects that are placed, so that it costs the API
 * server one event a placement, whoever places.
 */
export class PlacementWatch {
  readonly #watch: RawWatch;
  readonly #stop = new AbortController();
  #seenAtMs = new Map<string, number>();
  #present = new Set<string>();
  #broken: unknown;

  constructor(transport: Transport, kind: PlacementKind) {
    this.#watch = new RawWatch({
      transport,
      path: pathOf(kind.objects, {namespace: space}),
      fieldSelector: kind.placed,
      onEvent: ({type, object: {metadata}}) => {
        if (type === 'DELETED') {
          this.#present.delete(metadata.name);
          return;
        }
        this.#present.add(metadata.name);
        if (!this.#seenAtMs.has(metadata.name)) {
          this.#seenAtMs.set(metadata.name, systemClock.monotonicMs());
        }
      },
    });
  }

  async start(): Promise<void> {
    const {ended} = await this.#watch.start(this.#stop.signal);
    ended.catch((error: unknown) => {
      this.#broken = error;
    });
  }

  stop(): void {
    this.#stop.abort();
  }

  /** When each of `count` objects was first seen placed; waits for that, and asks `check`. */
  async untilPlaced(
    count: number,
    deadlineMs: number,
    check: () => void,
  ): Promise<ReadonlyMap<string, number>> {
    await this.#until(`the placement of ${count} objects`, deadlineMs, () => {
      check();
      return this.#seenAtMs.size >= count;
    });
    return this.#seenAtMs;
  }

  /** Waits until all that were placed are seen gone, and forgets them. */
  async untilNone(deadlineMs: number): Promise<void> {
    await this.#until('the end of all', deadlineMs, () => this.#present.size === 0);
    this.#seenAtMs = new Map();
  }

  async #until(what: string, deadlineMs: number, check: () => boolean): Promise<void> {
    await waitFor(what, deadlineMs, () => {
      if (this.#broken !== undefined) throw this.#broken;
      return check();
    });
  }
}
