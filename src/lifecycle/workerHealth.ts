import type {Clock} from '../lib/clock.ts';
import type {Log} from '../lib/log.ts';

export interface WorkerHealthOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Silent for longer than this is lost. */
  readonly lostAfterMs: number;
  /** More than this share of all that were ever heard, lost at once: the fault is ours. */
  readonly maxLostShare: number;
}

interface Pulse {
  /** The last sign of life, whatever it says: only its change counts. */
  readonly mark: string;
  /**
   * When the silence began, on our own monotonic clock: no other clock is trusted. Infinity: it has
   * not.
   */
  readonly silentSinceMs: number;
}

/**
 * Tells which workers are lost, from the signs of life that arrive: the renewals of an agent's
 * Lease, or what a Kubernetes node is said to be. A worker that was never heard is not judged.
 * While more than `maxLostShare` of all are silent at once nobody is lost: then it is our
 * connection that broke, and acting on it would end healthy work everywhere.
 */
export class WorkerHealth {
  readonly #options: WorkerHealthOptions;
  readonly #pulses = new Map<string, Pulse>();
  #judged: ReadonlySet<string> = new Set();
  #isBlind = false;

  constructor(options: WorkerHealthOptions) {
    this.#options = options;
  }

  /** A sign of life was read: `mark` is its content, for example a Lease's renewTime. */
  heard(workerName: string, mark: string): void {
    if (this.#pulses.get(workerName)?.mark === mark) return;
    this.#pulses.set(workerName, {mark, silentSinceMs: this.#options.clock.monotonicMs()});
  }

  /** Alive, without further signs, until `silent` or `forget`. */
  alive(workerName: string): void {
    this.#pulses.set(workerName, {mark: '', silentSinceMs: Number.POSITIVE_INFINITY});
  }

  /** No longer alive: the silence begins now, unless it has begun before. */
  silent(workerName: string): void {
    const pulse = this.#pulses.get(workerName);
    if (pulse && pulse.silentSinceMs !== Number.POSITIVE_INFINITY) return;
    this.#pulses.set(workerName, {mark: '', silentSinceMs: this.#options.clock.monotonicMs()});
  }

  /** The worker, or what gives its signs of life, is gone. */
  forget(workerName: string): void {
    this.#pulses.delete(workerName);
  }

  /** Why nobody counts as lost at present; undefined when the judgement works. For `/readyz`. */
  get blindness(): string | undefined {
    if (!this.#isBlind) return undefined;
    const {maxLostShare} = this.#options;
    return `${this.#judged.size} of ${this.#pulses.size} workers are silent at once, more than lifecycle.maxLostShare (${maxLostShare}): nobody is declared lost`;
  }

  /**
   * Whether somebody is silent for long enough that the last judgement did not know of: read before
   * you judge.
   */
  get hasSuspects(): boolean {
    return [...this.#silent()].some((workerName) => !this.#judged.has(workerName));
  }

  /** The workers that are lost now. */
  lost(): ReadonlySet<string> {
    const {log, maxLostShare} = this.#options;
    const silent = this.#silent();
    this.#judged = silent;
    // One worker alone is the whole share of its own: it may be lost.
    const isBlind = silent.size > 1 && silent.size > this.#pulses.size * maxLostShare;
    if (isBlind !== this.#isBlind) {
      this.#isBlind = isBlind;
      const keys = {silent: silent.size, heard: this.#pulses.size, maxLostShare};
      if (isBlind) log.error(keys, 'too many workers silent at once; none is declared lost');
      else log.info(keys, 'workers are heard again');
    }
    return isBlind ? new Set() : silent;
  }

  #silent(): Set<string> {
    const {clock, lostAfterMs} = this.#options;
    const beganMs = clock.monotonicMs() - lostAfterMs;
    const silent = new Set<string>();
    for (const [workerName, {silentSinceMs}] of this.#pulses) {
      if (silentSinceMs < beganMs) silent.add(workerName);
    }
    return silent;
  }
}
