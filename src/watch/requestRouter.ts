import {allocationOf, chosenKeyOf} from '../api/allocation.ts';
import {MAX_CPU_MILLIS} from '../api/quantity.ts';
import {ScheduledReason, suspendedMessage} from '../api/reasons.ts';
import type {
  InvalidRequest,
  ParsedRequest,
  Placement,
  RequestKey,
  RequestRecord,
} from '../api/records.ts';
import {type Allocation, WHOLE_GPU_MILLIS} from '../api/resources.ts';
import {isOlder} from '../api/resourceVersion.ts';
import {assertNever} from '../lib/assertNever.ts';

/** A request that waits, and the reason that its condition shall show. */
export interface WaitingRequest {
  readonly record: RequestRecord | InvalidRequest;
  readonly reason: ScheduledReason;
  readonly message: string;
}

export interface RequestRouterOptions {
  readonly queue: {upsert(record: RequestRecord): void; remove(key: RequestKey): void};
  readonly cache: {
    confirm(allocation: Allocation, chosenKey?: number): void;
    forget(uid: string): Allocation | undefined;
    isBound(uid: string): boolean;
    allocationOf(uid: string): Allocation | undefined;
  };
  readonly update: {release(uid: string): void; confirm(uid: string): void; adopt(): void};
  /** Takes the reason of a request that waits for its user, not for capacity. */
  readonly report: (waiting: WaitingRequest) => void;
  /** Sees each state after it was routed, for what follows a placement. */
  readonly onState: (request: ParsedRequest) => void;
  readonly onGone: (key: RequestKey, uid: string) => void;
}

interface Known {
  readonly uid: string;
  readonly resourceVersion: string;
}

/**
 * Moves each ContainerRequest to where its present state belongs. Level-based: the state alone
 * decides, whatever event or list brought it, so that a missed or doubled event is repaired by the
 * next one.
 */
export class RequestRouter {
  readonly #options: RequestRouterOptions;
  readonly #known = new Map<RequestKey, Known>();
  #highestEpoch = 0;

  constructor(options: RequestRouterOptions) {
    this.#options = options;
  }

  /** Of the placements seen so far; 0 where there was none. */
  get highestEpoch(): number {
    return this.#highestEpoch;
  }

  /** See `ObjectSink`. */
  replace(requests: readonly ParsedRequest[], wentBack = false): void {
    if (wentBack) {
      for (const [key, {uid}] of this.#known) this.#known.set(key, {uid, resourceVersion: ''});
    }
    const listed = new Set(requests.map((request) => request.key));
    for (const key of this.#known.keys()) if (!listed.has(key)) this.remove(key);
    for (const request of requests) this.upsert(request);
  }

  upsert(request: ParsedRequest): void {
    const {queue, report, onState} = this.#options;
    const {key, uid, resourceVersion} = request;
    const known = this.#known.get(key);
    // The reply to a bind comes ahead of the watch, which then brings the states before it.
    if (known?.uid === uid && isOlder(resourceVersion, known.resourceVersion)) return;
    if (known && known.uid !== uid) this.remove(key);
    this.#known.set(key, {uid, resourceVersion});
    const {epoch = 0} = (request.kind !== 'finished' && request.placement) || {};
    this.#highestEpoch = Math.max(this.#highestEpoch, epoch);
    switch (request.kind) {
      case 'finished':
        queue.remove(request.key);
        this.#free(request.uid);
        break;
      case 'invalid':
        queue.remove(request.key);
        if (request.placement !== undefined) {
          this.#holdUnreadable(request, request.placement);
          break;
        }
        this.#freeUnbound(request.uid);
        report(invalid(request));
        break;
      case 'valid':
        this.#routeValid(request);
        break;
      default:
        assertNever(request);
    }
    onState(request);
  }

  /**
   * Takes the state that the reply to a write of ours showed. False when the watch was ahead of it,
   * and has brought a later state or the end of the request: then the reply is no news.
   */
  replied(request: ParsedRequest): boolean {
    const known = this.#known.get(request.key);
    if (known?.uid !== request.uid) return false;
    if (isOlder(request.resourceVersion, known.resourceVersion)) return false;
    this.upsert(request);
    return true;
  }

  /** Whether it is there as far as the watch, or the reply to a write, has shown. */
  isKnown(key: RequestKey, uid: string): boolean {
    return this.#known.get(key)?.uid === uid;
  }

  remove(key: RequestKey): void {
    const uid = this.#known.get(key)?.uid;
    if (uid === undefined) return;
    this.#known.delete(key);
    this.#options.queue.remove(key);
    this.#free(uid);
    this.#options.onGone(key, uid);
  }

  #routeValid(request: RequestRecord): void {
    const {queue, report} = this.#options;
    if (request.placement !== undefined) {
      queue.remove(request.key);
      this.#confirm(allocationOf(request, request.placement, request.demand), chosenKeyOf(request));
      return;
    }
    this.#freeUnbound(request.uid);
    if (request.deleting || request.suspended) {
      queue.remove(request.key);
      if (request.suspended && !request.deleting) report(suspended(request));
      return;
    }
    queue.upsert(request);
  }

  /**
   * Once placed it goes on. What it holds is in its spec, or known from before, or its whole
   * worker.
   */
  #holdUnreadable(request: InvalidRequest, placement: Placement): void {
    const {cache} = this.#options;
    const {demand} = request;
    if (demand === undefined && cache.isBound(request.uid)) return;
    this.#confirm(allocationOf(request, placement, demand ?? wholeWorker(placement)));
  }

  #confirm(allocation: Allocation, chosenKey?: number): void {
    const {cache, update} = this.#options;
    const held = cache.allocationOf(allocation.uid);
    // Somebody else has bound it, or we had given it up.
    if (held?.workerName !== allocation.workerName) update.adopt();
    cache.confirm(allocation, chosenKey);
    update.confirm(allocation.uid);
  }

  /** Without a worker in its status it holds nothing, unless a bind of ours is under way. */
  #freeUnbound(uid: string): void {
    if (this.#options.cache.isBound(uid)) this.#free(uid);
  }

  #free(uid: string): void {
    const {cache, update} = this.#options;
    if (cache.forget(uid) !== undefined) update.release(uid);
  }
}

type Held = Pick<Allocation, 'cpuMillis' | 'memoryBytes' | 'gpuMillis'>;

/**
 * Of a placed request nobody can read how much it holds: as much as no worker has, so that its
 * worker takes nothing new. CPU alone does that, and sums of memory would leave the exact integers.
 */
function wholeWorker({gpuDevices}: Placement): Held {
  return {
    cpuMillis: MAX_CPU_MILLIS,
    memoryBytes: 1,
    gpuMillis: gpuDevices.length > 0 ? WHOLE_GPU_MILLIS : 0,
  };
}

function invalid(record: InvalidRequest): WaitingRequest {
  const {field, found, wanted} = record.problem;
  return {
    record,
    reason: ScheduledReason.InvalidSpec,
    message: `${field} is ${found}; wanted ${wanted}`,
  };
}

function suspended(record: RequestRecord): WaitingRequest {
  return {record, reason: ScheduledReason.Suspended, message: suspendedMessage};
}
