import {asObject, asText} from '../api/rawObject.ts';
import type {ParsedRequest, RequestKey} from '../api/records.ts';
import {containerRequests, pathOf} from '../kube/resource.ts';
import type {ApiCall, Transport} from '../kube/transport.ts';
import {assertNever} from '../lib/assertNever.ts';
import {type Clock, sleep} from '../lib/clock.ts';
import {type BackoffRange, fullJitterMs} from '../lib/fullJitter.ts';
import type {Log} from '../lib/log.ts';
import type {Random} from '../lib/random.ts';
import {type Found, judge, writeFor} from './attempt.ts';
import type {StatusIntent, StatusOutcome} from './outcome.ts';
import {type Reading, readError, readReply} from './readReply.ts';

export interface IntentWriterOptions {
  readonly transport: Transport;
  /** `parseRequest`; never throws. */
  readonly decode: (object: unknown) => ParsedRequest;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly backoff: BackoffRange;
  /** Whether a request is there as far as the watch has shown. */
  readonly isKnown: (key: RequestKey, uid: string) => boolean;
  /** Writes of one intent that may meet a newer object before it is given back. */
  readonly maxConflicts: number;
  /** Writes of one intent that may leave a doubt, each followed by a read that shows nothing. */
  readonly maxDoubts: number;
}

export interface Surroundings {
  /** Cuts waits and calls short; what was not settled by then is `abandoned` or `unknown`. */
  readonly signal: AbortSignal;
  /** True once a newer intent for the same request makes this one pointless. */
  readonly isOutdated: () => boolean;
}

/**
 * Brings one intent to its end: writes it upon the state it was decided on; where the reply leaves
 * a doubt or the object has moved on, reads it and decides from what is there. Never guesses, so it
 * goes on for as long as the API server gives no answer. A server that answers reads and no writes,
 * as where the admission webhook of one namespace is down, gets a few tries: the connection is for
 * others too.
 */
export class IntentWriter {
  readonly #options: IntentWriterOptions;

  constructor(options: IntentWriterOptions) {
    this.#options = options;
  }

  async write(intent: StatusIntent, {signal, isOutdated}: Surroundings): Promise<StatusOutcome> {
    const {clock, maxConflicts, maxDoubts} = this.#options;
    const nowMs = clock.nowMs();
    let record = intent.record;
    /**
     * Of the state that a write of unknown fate was made upon: it may come true while that stands.
     */
    let doubtfulVersion: string | undefined;
    let conflicts = 0;
    let doubts = 0;
    let refusal: string | undefined;
    for (let attempt = 0; ; attempt++) {
      if (signal.aborted) return {kind: doubtfulVersion === undefined ? 'abandoned' : 'unknown'};
      if (isOutdated()) return {kind: 'superseded'};
      const call = writeFor(intent, record, nowMs);
      if (!call) return {kind: 'unchanged'};
      const reading = await this.#send(call, signal);
      switch (reading.kind) {
        case 'done':
          return written(reading.object);
        case 'missing':
          if (this.#isGone(intent)) return {kind: 'gone'};
          await this.#pause(attempt, undefined, signal);
          continue;
        case 'refused':
          // This write is not there; one of the leader before this one may be, for the same
          // request: what a placement holds is given back upon a read alone.
          if (intent.kind === 'pending') return this.#refused(intent, reading.message);
          refusal = reading.message;
          break;
        case 'busy':
          if (reading.isDoubtful) doubtfulVersion = record.resourceVersion;
          await this.#pause(attempt, reading.retryAfterMs, signal);
          continue;
        case 'conflict':
          conflicts++;
          break;
        case 'doubtful':
          doubts++;
          doubtfulVersion = record.resourceVersion;
          this.#doubt(intent, reading.message);
          await this.#pause(attempt, undefined, signal);
          break;
        default:
          assertNever(reading);
      }
      const found = await this.#read(intent, {signal, isOutdated});
      switch (found?.kind) {
        case 'open':
          if (refusal !== undefined) {
            const isDoubtful = doubtfulVersion === found.record.resourceVersion;
            return isDoubtful ? {kind: 'unknown'} : this.#refused(intent, refusal);
          }
          // Not before the read: the last of these changes may have been a placement.
          if (conflicts > maxConflicts) {
            return this.#refused(intent, `changed by others during each of ${conflicts} writes`);
          }
          if (doubts >= maxDoubts) return this.#unanswered(intent, doubts);
          record = found.record;
          if (record.resourceVersion !== doubtfulVersion) doubtfulVersion = undefined;
          break;
        case 'written':
          return written(found.object);
        case 'gone':
          return {kind: 'gone'};
        case 'superseded':
          return {kind: 'superseded', object: found.object};
        case undefined: // aborted, or outdated: the loop's head says which
          break;
        default:
          assertNever(found);
      }
    }
  }

  /** The object as it is now; undefined when the wait for an answer was cut short. */
  async #read(
    intent: StatusIntent,
    {signal, isOutdated}: Surroundings,
  ): Promise<(Found & {readonly object?: unknown}) | undefined> {
    const {namespace, name} = intent.record;
    const call: ApiCall = {method: 'GET', path: pathOf(containerRequests, {namespace, name})};
    for (let attempt = 0; !signal.aborted && !isOutdated(); attempt++) {
      const reading = await this.#send(call, signal);
      switch (reading.kind) {
        case 'done':
          return {...judge(intent, this.#options.decode(reading.object)), object: reading.object};
        case 'missing':
          if (this.#isGone(intent)) return {kind: 'gone'};
          await this.#pause(attempt, undefined, signal);
          break;
        case 'busy':
          await this.#pause(attempt, reading.retryAfterMs, signal);
          break;
        case 'conflict':
        case 'refused': {
          const cause = reading.kind === 'conflict' ? reading.kind : reading.message;
          const keys = {...keysOf(intent), cause};
          if (attempt === 0)
            this.#options.log.warn(keys, 'read of a request refused; trying again');
          await this.#pause(attempt, undefined, signal);
          break;
        }
        case 'doubtful':
          this.#doubt(intent, reading.message);
          await this.#pause(attempt, undefined, signal);
          break;
        default:
          assertNever(reading);
      }
    }
    return undefined;
  }

  async #send(call: ApiCall, signal: AbortSignal): Promise<Reading> {
    try {
      return readReply(await this.#options.transport.send(call, signal));
    } catch (error) {
      return readError(error);
    }
  }

  #pause(attempt: number, askedMs: number | undefined, signal: AbortSignal): Promise<void> {
    const {clock, random, backoff} = this.#options;
    // A server that asks for no time at all (0) is not asked again at once, for ever.
    const delayMs = askedMs || fullJitterMs(attempt, backoff, random);
    return sleep(clock, delayMs, signal);
  }

  #refused(intent: StatusIntent, message: string): StatusOutcome {
    this.#options.log.warn({...keysOf(intent), cause: message}, 'status write refused');
    return {kind: 'refused', message};
  }

  /**
   * A bind may come true yet: its capacity stays held until the request has been read again. A
   * reason may be said twice.
   */
  #unanswered(intent: StatusIntent, doubts: number): StatusOutcome {
    const message = `no answer to any of ${doubts} writes, though reads are answered`;
    if (intent.kind === 'pending') return this.#refused(intent, message);
    this.#options.log.warn({...keysOf(intent), cause: message}, 'status write put off');
    return {kind: 'unknown'};
  }

  /**
   * A 404 alone proves nothing, as a server that has just started may not know the whole kind yet:
   * what is gone the watch has shown, or soon shows.
   */
  #isGone({record}: StatusIntent): boolean {
    return !this.#options.isKnown(record.key, record.uid);
  }

  #doubt(intent: StatusIntent, message: string): void {
    const keys = {...keysOf(intent), cause: message};
    this.#options.log.debug(keys, 'status write without an answer; reading the object');
  }
}

/** Of a log line; a placement carries the cycle that decided it. */
function keysOf(intent: StatusIntent): object {
  const keys = {intent: intent.kind, request: intent.record.key};
  if (intent.kind === 'pending') return keys;
  const {epoch, cycle} = intent.assignment;
  return {epoch, cycle, ...keys};
}

function written(object: unknown): StatusOutcome {
  const {resourceVersion} = asObject(asObject(object).metadata);
  return {kind: 'written', resourceVersion: asText(resourceVersion), object};
}
