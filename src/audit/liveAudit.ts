import {containerRequests, leases, ledgers, pathOf, workers} from '../kube/resource.ts';
import {ApiError, sendOrThrow, type Transport, TransportError} from '../kube/transport.ts';
import type {Clock} from '../lib/clock.ts';
import {Auditor, type AuditorOptions, type Observation} from './auditor.ts';
import {type KindPath, KindStream} from './kindStream.ts';
import type {Kind, LedgerRecord, ObservedEvent} from './observed.ts';
import {RevisionOrder} from './revisionOrder.ts';
import {revisionOf, see} from './seen.ts';

export interface LiveAuditOptions
  extends Pick<AuditorOptions, 'graceMs' | 'crossingMs' | 'leaseName' | 'onViolation'> {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Only requests of this namespace; all when absent. */
  readonly namespace?: string | undefined;
  /**
   * Reads the whole of a ledger that is no object of the API server; undefined where it cannot be
   * read at present.
   */
  readonly readLedger?: (signal: AbortSignal) => Promise<readonly LedgerRecord[] | undefined>;
  /** Told of each event as it arrives, which is before its turn in the order of the revisions. */
  readonly onArrival?: (kind: Kind, event: ObservedEvent) => void;
}

interface Watched {
  readonly kind: Kind;
  readonly name: string;
  /** Left out where the API server does not show it. */
  readonly isOptional: boolean;
  readonly at: KindPath;
}

/** How long the end may wait for the API server; a list of 100,000 requests takes over 10 s. */
const closeTimeoutMs = 60_000;
/** A quiet kind is asked how far it is at most so often, */
const leastProbeMs = 2_000;
/** and costs the API server and us at most this part of the time. */
const probeShare = 0.05;

/**
 * An auditor before a running API server: one list and watch a kind, made into one order. It only
 * reads: get, list and watch of ContainerRequests and Workers, and of Ledgers and Leases where it
 * may.
 */
export class LiveAudit {
  readonly auditor: Auditor;
  readonly #options: LiveAuditOptions;
  readonly #watched: readonly Watched[];
  readonly #streams = new Map<Kind, KindStream>();
  readonly #heardAtMs = new Map<Kind, number>();
  readonly #unseen: string[] = [];
  readonly #stop = new AbortController();
  #order: RevisionOrder<Kind, Observation> | undefined;
  #probeAtMs = 0;
  #following: Promise<unknown> = Promise.resolve();

  constructor(options: LiveAuditOptions) {
    const {graceMs, crossingMs, onViolation, namespace, leaseName = 'berth'} = options;
    this.#options = options;
    this.#watched = kindsIn(namespace, leaseName);
    this.auditor = new Auditor({
      awaits: ['worker', 'request'],
      seesAll: namespace === undefined,
      leaseName,
      ...(graceMs !== undefined && {graceMs}),
      ...(crossingMs !== undefined && {crossingMs}),
      ...(onViolation && {onViolation}),
    });
  }

  /** What is watched, for people. */
  get watching(): readonly string[] {
    return this.#watched.filter(({kind}) => this.#streams.has(kind)).map(({name}) => name);
  }

  /** What is not, with the reason. */
  get unseen(): readonly string[] {
    return this.#unseen;
  }

  /** Events that wait for their turn. */
  get heldCount(): number {
    return this.#order?.heldCount ?? 0;
  }

  /**
   * Lists everything, then watches until `close`; `signal` is for the lists.
   * @throws ApiError, TransportError where requests or workers cannot be listed
   */
  async start(signal: AbortSignal): Promise<void> {
    const early: (() => void)[] = [];
    for (const {kind, name, at, isOptional} of this.#watched) {
      const stream = this.#streamOf(kind, at, early);
      try {
        await stream.open(signal);
        this.#streams.set(kind, stream);
      } catch (error) {
        const isHidden = error instanceof ApiError && [403, 404].includes(error.status);
        if (!isOptional || !isHidden) throw error;
        this.#unseen.push(`${name} (${error.status} ${error.reason})`);
      }
    }
    this.#order = new RevisionOrder({
      streams: [...this.#streams.keys()],
      release: (observation) => this.auditor.observe(observation),
    });
    for (const push of early) push();
    const over = this.#stop.signal;
    const following = [...this.#streams.values()].map((stream) => stream.follow(over));
    this.#following = Promise.all(following);
    // Read by `ended` or `close`; until then it is no unhandled rejection.
    this.#following.catch(() => this.#stop.abort());
  }

  /** Settles when the watches end: by `close`, or with an error that does not pass. */
  async ended(): Promise<void> {
    await this.#following;
  }

  /** Judges what is due by now; call it every few seconds. */
  async tick(signal: AbortSignal): Promise<void> {
    const {readLedger, clock} = this.#options;
    await this.#probe(signal);
    // Nothing is overdue that an event on its way could still settle.
    this.auditor.tick(Math.min(...this.#heardAtMs.values()));
    if (!readLedger) return;
    const records = await readLedger(signal);
    if (records && !signal.aborted) this.auditor.compareLedger(records, clock.monotonicMs());
  }

  /**
   * Brings every kind to one and the same revision, the present one, judges all up to there, and
   * ends.
   * @throws ApiError, TransportError where the end cannot be read
   */
  async close(): Promise<void> {
    if (this.#stop.signal.aborted) {
      await this.#following;
      return;
    }
    const deadline = new AbortController();
    const cancel = this.#options.clock.setTimer(closeTimeoutMs, () => deadline.abort());
    const end = AbortSignal.any([deadline.signal, this.#stop.signal]);
    try {
      const revision = await this.#presentRevision(end);
      for (const stream of this.#streams.values()) await stream.reach(revision, end);
    } catch (error) {
      if (!deadline.signal.aborted) throw error;
      throw new TransportError(`Cannot read the end within ${closeTimeoutMs} ms`, {cause: error});
    } finally {
      cancel();
      this.#stop.abort();
    }
    // What came after that revision stays unjudged: not every kind is known up to there.
    await this.#following;
  }

  /** Lets events pass that only wait for kinds of which nothing is to be told. */
  async #probe(signal: AbortSignal): Promise<void> {
    const {clock} = this.#options;
    const order = this.#order;
    const startMs = clock.monotonicMs();
    if (!order || order.heldCount === 0 || startMs < this.#probeAtMs) return;
    const kinds = [...this.#streams];
    const newest = Math.floor(Math.max(...kinds.map(([kind]) => order.passedBy(kind))));
    try {
      for (const [kind, stream] of kinds) {
        if (order.passedBy(kind) < newest) await stream.confirm(newest, signal);
      }
    } catch (error) {
      // What does not pass ends the watches as well, and is said there.
      if (!(error instanceof ApiError || error instanceof TransportError)) throw error;
    }
    const tookMs = clock.monotonicMs() - startMs;
    this.#probeAtMs = clock.monotonicMs() + Math.max(leastProbeMs, tookMs / probeShare);
  }

  #streamOf(kind: Kind, at: KindPath, early: (() => void)[]): KindStream {
    const {transport, clock, onArrival} = this.#options;
    // A first list comes before it is known which kinds can be listed at all.
    const push = (revision: number, observation: Observation) => {
      this.#heardAtMs.set(kind, clock.monotonicMs());
      if (this.#order) this.#order.push(kind, revision, observation);
      else early.push(() => this.#order!.push(kind, revision, observation));
    };
    return new KindStream({
      ...at,
      transport,
      clock,
      onListed: (objects, revision) => {
        const all = objects.map((object) => see(kind, object));
        this.#openGap(kind, revision);
        push(revision, {what: 'listed', kind, revision, all, atMs: clock.monotonicMs()});
        for (const object of objects) onArrival?.(kind, {type: 'ADDED', object});
      },
      onEvent: (event, revision) => {
        const what = event.type === 'DELETED' ? 'gone' : 'present';
        push(revision, {what, seen: see(kind, event.object), atMs: clock.monotonicMs()});
        onArrival?.(kind, event);
      },
      onPassed: (revision) => {
        this.#heardAtMs.set(kind, clock.monotonicMs());
        this.#order!.passed(kind, revision);
      },
    });
  }

  /**
   * What other kinds bring between the last revision of this one and its list must not be judged by
   * what was known of it before.
   */
  #openGap(kind: Kind, revision: number): void {
    const passed = this.#order?.passedBy(kind);
    if (passed === undefined || revision === passed) return;
    if (revision < passed) {
      throw new Error(
        `Cannot go on with the audit as revisions must grow: the list of each ${kind} is at ${revision}, and ${passed} was seen before`,
      );
    }
    this.#order!.push(kind, passed + 0.5, {what: 'gap', kind});
  }

  async #presentRevision(signal: AbortSignal): Promise<number> {
    const call = {method: 'GET', path: pathOf(workers), query: {limit: 1}} as const;
    const list = await sendOrThrow<{metadata: {resourceVersion: string}}>(
      this.#options.transport,
      call,
      signal,
    );
    return revisionOf(list.metadata.resourceVersion);
  }
}

function kindsIn(namespace: string | undefined, leaseName: string): readonly Watched[] {
  const where = namespace === undefined ? 'all namespaces' : `namespace ${namespace}`;
  const requestsPath = pathOf(containerRequests, namespace === undefined ? {} : {namespace});
  const fieldSelector = `metadata.name=${leaseName}`;
  return [
    {kind: 'worker', name: 'Workers', isOptional: false, at: {path: pathOf(workers)}},
    {
      kind: 'request',
      name: `ContainerRequests of ${where}`,
      isOptional: false,
      at: {path: requestsPath},
    },
    {kind: 'ledger', name: 'Ledgers', isOptional: true, at: {path: pathOf(ledgers)}},
    {
      kind: 'lease',
      name: `Leases named ${leaseName}`,
      isOptional: true,
      at: {path: pathOf(leases), fieldSelector},
    },
  ];
}
