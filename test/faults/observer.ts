import type {Auditor} from '../../src/audit/auditor.ts';
import type {Kind, ObservedEvent} from '../../src/audit/observed.ts';
import type {Transport} from '../../src/kube/transport.ts';
import {systemClock} from '../../src/lib/clock.ts';
import {TickedAudit} from '../servers/tickedAudit.ts';

/** What was seen of one request, on the monotonic clock of this process. */
export interface Sighting {
  readonly name: string;
  readonly uid: string;
  readonly seenAtMs: number;
  /** Each assignment that it was seen under, in order; one is right. */
  readonly placements: readonly Placement[];
  readonly isOver: boolean;
}

export interface Placement {
  readonly id: string;
  readonly workerName: string;
  readonly epoch: number;
  readonly atMs: number;
}

type OpenSighting = Sighting & {placements: Placement[]; isOver: boolean};

const leaseName = 'berth';

/**
 * Watches from outside, past every fault: the auditor at each revision, when each request was seen
 * placed and by which leader, and from when on the Lease was free for another one.
 */
export class Observer {
  readonly #audit: TickedAudit;
  readonly #requests = new Map<string, OpenSighting>();
  #lease = {transitions: 0, freeAtMs: 0};
  #onPlaced: (sighting: Sighting, placement: Placement) => void = () => {};
  #onLease: (epoch: number, freeAtMs: number) => void = () => {};

  private constructor(transport: Transport) {
    this.#audit = new TickedAudit({
      transport,
      crossingMs: 2_000,
      onArrival: (kind, event) => this.#note(kind, event),
    });
  }

  static async start(transport: Transport): Promise<Observer> {
    const observer = new Observer(transport);
    await observer.#audit.start();
    return observer;
  }

  /** Told of every placement as it is seen. */
  set onPlaced(onPlaced: (sighting: Sighting, placement: Placement) => void) {
    this.#onPlaced = onPlaced;
  }

  /** Told of every sign of a leader: its term, and from when on its Lease is free after that. */
  set onLease(onLease: (epoch: number, freeAtMs: number) => void) {
    this.#onLease = onLease;
  }

  /** The term of the present leader. */
  get epoch(): number {
    return this.#lease.transitions;
  }

  /** From when on others may take the Lease as it is now: given up, or without a sign of life. */
  get leaseFreeAtMs(): number {
    return this.#lease.freeAtMs;
  }

  /** Every request seen so far, those that are gone included. */
  sightings(): Iterable<Sighting> {
    this.#audit.check();
    return this.#requests.values();
  }

  /** Judges everything up to now, and ends. */
  verdict(): Promise<Auditor> {
    return this.#audit.verdict();
  }

  #note(kind: Kind, event: ObservedEvent): void {
    if (kind === 'request') this.#noteRequest(event);
    if (kind === 'lease') this.#noteLease(event);
  }

  #noteLease({type, object: {metadata, spec}}: ObservedEvent): void {
    if (metadata.name !== leaseName) return;
    const nowMs = systemClock.monotonicMs();
    const {
      holderIdentity,
      leaseTransitions,
      leaseDurationSeconds = 0,
    } = (spec ?? {}) as {
      holderIdentity?: string | null;
      leaseTransitions?: number | null;
      leaseDurationSeconds?: number;
    };
    const isHeld = type !== 'DELETED' && Boolean(holderIdentity);
    const transitions = leaseTransitions ?? 0;
    const freeAtMs = nowMs + (isHeld ? leaseDurationSeconds * 1_000 : 0);
    this.#lease = {transitions, freeAtMs};
    this.#onLease(transitions, freeAtMs);
  }

  #noteRequest({type, object: {metadata, status}}: ObservedEvent): void {
    const {uid, name} = metadata;
    const nowMs = systemClock.monotonicMs();
    let known = this.#requests.get(uid);
    if (!known) {
      known = {name, uid, seenAtMs: nowMs, placements: [], isOver: false};
      this.#requests.set(uid, known);
    }
    known.isOver = type === 'DELETED' || /^(Succeeded|Failed)$/.test(status?.phase ?? '');
    const {workerName, assignment} = status ?? {};
    if (!workerName || !assignment?.id || known.placements.at(-1)?.id === assignment.id) return;
    const {id, epoch = 0} = assignment;
    const placement = {id, workerName, epoch, atMs: nowMs};
    known.placements.push(placement);
    this.#onPlaced(known, placement);
  }
}
