import {Auditor} from '../src/audit/auditor.ts';
import {RawWatch} from '../src/audit/rawWatch.ts';
import {containerRequests, pathOf, workers} from '../src/kube/resource.ts';
import type {Transport} from '../src/kube/transport.ts';
import {systemClock} from '../src/lib/clock.ts';
import {waitFor} from '../test/servers/waitFor.ts';

/**
 * The independent watcher of a whole run: raw watches of everything, an auditor at every revision,
 * and when each request was first seen placed.
 */
export class Witness {
  readonly auditor = new Auditor();
  readonly #seenAtMs = new Map<string, number>();
  readonly #placedAtMs = new Map<string, number>();
  readonly #present = new Map<string, Set<string>>();
  readonly #stop = new AbortController();
  #broken: unknown;

  private constructor() {}

  static async start(transport: Transport): Promise<Witness> {
    const witness = new Witness();
    const {signal} = witness.#stop;
    const watches = [
      new RawWatch({
        transport,
        path: pathOf(workers),
        onEvent: (event) => witness.auditor.observeWorker(event),
      }),
      new RawWatch({
        transport,
        path: pathOf(containerRequests),
        onEvent: (event) => {
          witness.auditor.observeRequest(event);
          const {metadata, status} = event.object;
          const key = `${metadata.namespace}/${metadata.name}`;
          witness.#count(event.type, metadata.namespace!, key);
          if (!witness.#seenAtMs.has(key)) witness.#seenAtMs.set(key, systemClock.monotonicMs());
          if (status?.workerName && !witness.#placedAtMs.has(key)) {
            witness.#placedAtMs.set(key, systemClock.monotonicMs());
          }
        },
      }),
    ];
    for (const watch of watches) {
      const {ended} = await watch.start(signal);
      ended.catch((error: unknown) => {
        witness.#broken = error;
      });
    }
    return witness;
  }

  /** When the last of these requests was first seen placed, on the monotonic clock. */
  async lastPlacedMs(
    namespace: string,
    names: readonly string[],
    deadlineMs: number,
  ): Promise<number> {
    const keys = names.map((name) => `${namespace}/${name}`);
    await waitFor(`the placement of ${names.length} requests`, deadlineMs, () => {
      if (this.#broken) throw this.#broken;
      return keys.every((key) => this.#placedAtMs.has(key));
    });
    return Math.max(...keys.map((key) => this.#placedAtMs.get(key)!));
  }

  /** When the first of these requests was first seen. */
  firstSeenMs(namespace: string, names: readonly string[]): number {
    return Math.min(...names.map((name) => this.#seenAtMs.get(`${namespace}/${name}`)!));
  }

  /** Of each of these placed requests: from first seen to first seen placed. */
  placementLagMs(namespace: string, names: readonly string[]): readonly number[] {
    const keys = names.map((name) => `${namespace}/${name}`);
    return keys.map((key) => this.#placedAtMs.get(key)! - this.#seenAtMs.get(key)!);
  }

  /** Requests that exist in a namespace. */
  countIn(namespace: string): number {
    return this.#present.get(namespace)?.size ?? 0;
  }

  #count(type: string, namespace: string, key: string): void {
    const present = this.#present.get(namespace) ?? new Set();
    this.#present.set(namespace, present);
    if (type === 'DELETED') present.delete(key);
    else present.add(key);
  }

  stop(): void {
    this.#stop.abort();
  }
}
