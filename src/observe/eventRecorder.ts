import type {Identity} from '../api/records.ts';
import {apiVersionOf, containerRequests, events, pathOf} from '../kube/resource.ts';
import {type Transport, TransportError} from '../kube/transport.ts';
import {type Clock, sleep} from '../lib/clock.ts';
import {Gate} from '../lib/gate.ts';
import type {Log} from '../lib/log.ts';
import {microTime} from '../lib/timestamp.ts';
import {TokenBucket} from '../lib/tokenBucket.ts';

export interface RequestEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  /** What was tried, in one word, for example `Placing`. */
  readonly action: string;
  readonly note: string;
}

export interface EventRecorderOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of each event's fate. */
  readonly onFate: (fate: 'written' | 'dropped' | 'failed') => void;
  /** True while placements are being written: they come first, Events are for people. */
  readonly isBusy: () => boolean;
  /** Name of this operator instance. */
  readonly instance: string;
  readonly limits: {
    readonly perSecond: number;
    /** Of these, Normal ones: what goes well is the least news, and costs as much. */
    readonly normalPerSecond: number;
    readonly burst: number;
    readonly maxWaiting: number;
  };
}

const busyPollMs = 50;
const maxNoteLength = 1024;

/**
 * Writes Kubernetes Events about requests, a few a second and never in the way of a placement: an
 * Event costs the API server as much as a status write. What exceeds the budget is dropped and
 * counted; the conditions of the request say the same and are never dropped.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #waiting: {about: Identity; event: RequestEvent; atMs: number}[] = [];
  readonly #normal: TokenBucket;
  readonly #gate = new Gate();
  #sequence = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    const {normalPerSecond, burst} = options.limits;
    this.#normal = new TokenBucket(normalPerSecond, burst);
  }

  record(about: Identity, event: RequestEvent): void {
    const {limits, onFate, clock} = this.#options;
    if (event.type === 'Normal' && !this.#normal.take(clock.monotonicMs())) {
      onFate('dropped');
      return;
    }
    if (this.#waiting.length >= limits.maxWaiting) {
      const normal = this.#waiting.findIndex((waiting) => waiting.event.type === 'Normal');
      onFate('dropped');
      if (event.type === 'Normal' || normal < 0) return;
      this.#waiting.splice(normal, 1);
    }
    this.#waiting.push({about, event, atMs: clock.nowMs()});
    this.#gate.open();
  }

  /** Writes what is recorded until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const {clock, limits, isBusy} = this.#options;
    const budget = new TokenBucket(limits.perSecond, limits.burst);
    while (!signal.aborted) {
      if (this.#waiting.length === 0) {
        await this.#gate.wait(signal);
        continue;
      }
      if (isBusy() || !budget.take(clock.monotonicMs())) {
        await sleep(clock, busyPollMs, signal);
        continue;
      }
      await this.#write(this.#waiting.shift()!, signal);
    }
  }

  async #write(
    {about, event, atMs}: {about: Identity; event: RequestEvent; atMs: number},
    signal: AbortSignal,
  ): Promise<void> {
    const {transport, instance, onFate, log} = this.#options;
    const body = {
      apiVersion: apiVersionOf(events),
      kind: events.kind,
      metadata: {
        name: `${about.name.slice(0, 200)}.${atMs.toString(16)}${(this.#sequence++).toString(16)}`,
        namespace: about.namespace,
      },
      eventTime: microTime(atMs),
      reportingController: 'berth.dev/operator',
      reportingInstance: instance.slice(0, 128),
      action: event.action,
      reason: event.reason,
      type: event.type,
      note: event.note.slice(0, maxNoteLength),
      regarding: {
        apiVersion: apiVersionOf(containerRequests),
        kind: containerRequests.kind,
        namespace: about.namespace,
        name: about.name,
        uid: about.uid,
      },
    };
    try {
      const path = pathOf(events, {namespace: about.namespace});
      const reply = await transport.send({method: 'POST', path, body}, signal);
      onFate(reply.status < 400 ? 'written' : 'failed');
      if (reply.status >= 400) log.debug({status: reply.status}, 'event refused');
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      onFate('failed');
      log.debug({cause: String(error)}, 'event not written');
    }
  }
}
