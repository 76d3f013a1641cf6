import type {ParsedRequest, RequestKey} from '../api/records.ts';
import type {Clock} from '../lib/clock.ts';
import {type BackoffRange, fullJitterMs} from '../lib/fullJitter.ts';
import type {Random} from '../lib/random.ts';
import type {Step} from './nextStep.ts';

interface Try {
  /** The step and the state that it is taken upon. */
  readonly sign: string;
  count: number;
  notBeforeMs: number;
}

export interface TriesOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly backoff: BackoffRange;
}

/**
 * Remembers of each request the last step and the state it was taken upon. The same step upon the
 * same state waits for a backoff that grows: whether it failed, its effect has not been seen yet,
 * or somebody undoes it each time. A new state is free at once.
 */
export class Tries {
  readonly #options: TriesOptions;
  readonly #last = new Map<RequestKey, Try>();

  constructor(options: TriesOptions) {
    this.#options = options;
  }

  /** Milliseconds until the step may be taken; 0: now, and it counts as taken. */
  begin(request: ParsedRequest, step: Step): number {
    const nowMs = this.#options.clock.monotonicMs();
    const sign = signOf(request, step);
    const last = this.#last.get(request.key);
    if (last?.sign !== sign) {
      this.#last.set(request.key, {sign, count: 1, notBeforeMs: nowMs + this.#backoffMs(0)});
      return 0;
    }
    if (nowMs < last.notBeforeMs) return last.notBeforeMs - nowMs;
    last.notBeforeMs = nowMs + this.#backoffMs(last.count);
    last.count++;
    return 0;
  }

  /** The step under way failed. Milliseconds until it may be taken again. */
  failed(key: RequestKey, askedMs: number | undefined): number {
    const last = this.#last.get(key);
    if (!last) return 0;
    const nowMs = this.#options.clock.monotonicMs();
    last.notBeforeMs = nowMs + (askedMs ?? this.#backoffMs(last.count - 1));
    return Math.max(minDelayMs, last.notBeforeMs - nowMs);
  }

  forget(key: RequestKey): void {
    this.#last.delete(key);
  }

  #backoffMs(attempt: number): number {
    const {random, backoff} = this.#options;
    return Math.max(minDelayMs, fullJitterMs(attempt, backoff, random));
  }
}

/** Full jitter may say 0, which would be no backoff. */
const minDelayMs = 5;

function signOf({uid, resourceVersion}: ParsedRequest, step: Step): string {
  const about = step.kind === 'deletePod' ? step.pod.uid : '';
  return `${step.kind} ${uid} ${resourceVersion} ${about}`;
}
