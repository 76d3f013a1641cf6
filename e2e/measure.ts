import type {Auditor} from '../src/audit/auditor.ts';
import type {ObservedEvent} from '../src/audit/observed.ts';
import type {Transport} from '../src/kube/transport.ts';
import {systemClock} from '../src/lib/clock.ts';
import {TickedAudit} from '../test/servers/tickedAudit.ts';
import {waitFor} from '../test/servers/waitFor.ts';

/**
 * The independent watcher of a whole run: an auditor at every revision, and when each request was
 * first seen placed. What is asked of it meanwhile is as of what has arrived; the auditor is behind
 * by up to the next bookmark, until `verdict`.
 */
export class Witness {
  readonly #audit: TickedAudit;
  readonly #seenAtMs = new Map<string, number>();
  readonly #placedAtMs = new Map<string, number>();
  readonly #present = new Map<string, Set<string>>();
  readonly #workers = new Set<string>();
  /** By uid of each request that holds something. */
  readonly #workerOf = new Map<string, string>();

  private constructor(transport: Transport) {
    this.#audit = new TickedAudit({
      transport,
      crossingMs: 1_000,
      onArrival: (kind, event) => {
        if (kind === 'request') this.#noteRequest(event);
        if (kind === 'worker') this.#noteWorker(event);
      },
    });
  }

  static async start(transport: Transport): Promise<Witness> {
    const witness = new Witness(transport);
    await witness.#audit.start();
    return witness;
  }

  /** Judges everything up to now, and ends. */
  verdict(): Promise<Auditor> {
    return this.#audit.verdict();
  }

  /** Requests on each known worker, workers without any included. */
  distribution(): ReadonlyMap<string, number> {
    const byWorker = Map.groupBy(this.#workerOf.values(), (name) => name);
    return new Map(
      [...this.#workers].sort().map((name) => [name, byWorker.get(name)?.length ?? 0]),
    );
  }

  /** When the last of these requests was first seen placed, on the monotonic clock. */
  async lastPlacedMs(
    namespace: string,
    names: readonly string[],
    deadlineMs: number,
  ): Promise<number> {
    const keys = names.map((name) => `${namespace}/${name}`);
    await waitFor(`the placement of ${names.length} requests`, deadlineMs, () => {
      this.#audit.check();
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

  #noteWorker({type, object}: ObservedEvent): void {
    if (type === 'DELETED') this.#workers.delete(object.metadata.name);
    else this.#workers.add(object.metadata.name);
  }

  #noteRequest({type, object: {metadata, status}}: ObservedEvent): void {
    const key = `${metadata.namespace}/${metadata.name}`;
    this.#count(type, metadata.namespace!, key);
    if (!this.#seenAtMs.has(key)) this.#seenAtMs.set(key, systemClock.monotonicMs());
    const isOver = type === 'DELETED' || /^(Succeeded|Failed)$/.test(status?.phase ?? '');
    this.#workerOf.delete(metadata.uid);
    if (!status?.workerName) return;
    if (!isOver) this.#workerOf.set(metadata.uid, status.workerName);
    if (!this.#placedAtMs.has(key)) this.#placedAtMs.set(key, systemClock.monotonicMs());
  }

  #count(type: string, namespace: string, key: string): void {
    const present = this.#present.get(namespace) ?? new Set();
    this.#present.set(namespace, present);
    if (type === 'DELETED') present.delete(key);
    else present.add(key);
  }
}
