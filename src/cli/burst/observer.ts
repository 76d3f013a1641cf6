import {Auditor} from '../../audit/auditor.ts';
import type {ObservedEvent} from '../../audit/observed.ts';
import {RawWatch} from '../../audit/rawWatch.ts';
import {containerRequests, pathOf, workers} from '../../kube/resource.ts';
import type {Transport} from '../../kube/transport.ts';
import type {Clock} from '../../lib/clock.ts';

export interface ObserverOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Only requests of this namespace and workers with this name prefix are judged. */
  readonly namespace: string;
  readonly workerPrefix: string;
  readonly onPlaced: (placedCount: number, name: string) => void;
}

/**
 * The independent watcher: from raw watches alone it says when each request was seen placed, and an
 * auditor checks every revision. It knows nothing of the operator, not even that it runs here.
 */
export class Observer {
  readonly auditor = new Auditor();
  readonly #options: ObserverOptions;
  readonly #placedAtMs = new Map<string, number>();
  readonly #levels = new Map<string, number>();
  readonly #reasons = new Map<string, string>();
  #onChange = () => {};

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  async start(signal: AbortSignal): Promise<{ended: Promise<unknown>}> {
    const {transport, namespace, workerPrefix} = this.#options;
    const workerWatch = new RawWatch({
      transport,
      path: pathOf(workers),
      onEvent: (event) => {
        if (event.object.metadata.name.startsWith(workerPrefix)) this.auditor.observeWorker(event);
      },
    });
    const requestWatch = new RawWatch({
      transport,
      path: pathOf(containerRequests, {namespace}),
      onEvent: (event) => this.#onRequest(event),
    });
    const started = [await workerWatch.start(signal), await requestWatch.start(signal)];
    return {ended: Promise.race(started.map(({ended}) => ended))};
  }

  /** When each placed request was first seen placed, by name, on the clock's monotonic time. */
  get placedAtMs(): ReadonlyMap<string, number> {
    return this.#placedAtMs;
  }

  /** Requests by the affinity level that their placement reports. */
  get affinityLevels(): ReadonlyMap<string, number> {
    return this.#levels;
  }

  /** What waiting requests say of themselves, by name. */
  get waitingReasons(): ReadonlyMap<string, string> {
    return this.#reasons;
  }

  /**
   * Resolves once `count` requests were seen placed, or no more will be: all others say why they
   * wait and nothing has changed for `quietMs`, or `timeoutMs` have passed, or `signal` aborts.
   */
  async settled(
    count: number,
    {timeoutMs, quietMs}: {timeoutMs: number; quietMs: number},
    signal: AbortSignal,
  ): Promise<void> {
    const {clock} = this.#options;
    const {promise, resolve} = Promise.withResolvers<void>();
    let cancelQuiet = () => {};
    const check = () => {
      cancelQuiet();
      const placed = this.#placedAtMs.size;
      if (placed >= count || signal.aborted) return resolve();
      const isKnown = placed + this.#reasons.size >= count;
      if (isKnown) cancelQuiet = clock.setTimer(quietMs, resolve);
    };
    const cancel = clock.setTimer(timeoutMs, resolve);
    signal.addEventListener('abort', check, {once: true});
    this.#onChange = check;
    check();
    await promise;
    cancel();
    cancelQuiet();
    signal.removeEventListener('abort', check);
    this.#onChange = () => {};
  }

  #onRequest(event: ObservedEvent): void {
    this.auditor.observeRequest(event);
    if (event.type !== 'DELETED') this.#note(event.object);
    this.#onChange();
  }

  #note({metadata, status}: ObservedEvent['object']): void {
    if (!status?.workerName) {
      const waiting = status?.conditions?.find((condition) => condition.type === 'Scheduled');
      if (waiting) this.#reasons.set(metadata.name, `${waiting.reason}: ${waiting.message}`);
      return;
    }
    if (this.#placedAtMs.has(metadata.name)) return;
    this.#reasons.delete(metadata.name);
    this.#placedAtMs.set(metadata.name, this.#options.clock.monotonicMs());
    const level = status.assignment?.affinity ?? 'unknown';
    this.#levels.set(level, (this.#levels.get(level) ?? 0) + 1);
    this.#options.onPlaced(this.#placedAtMs.size, metadata.name);
  }
}
