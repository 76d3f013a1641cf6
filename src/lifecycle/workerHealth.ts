import type {Clock} from '../lib/clock.ts';
import type {Log} from '../observe/log.ts';

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
  mark: string;
  /** When it changed, on our own monotonic clock: no other clock is trusted. */
  seenMs: number;
}

/**
 * Tells which workers are lost, from the signs of life that arrive: the renewals of an agent's Lease, or
 * the heartbeats of a Kubernetes node. A worker that was never heard is not judged. While more than half
 * of all are silent at once nobody is lost: then it is our connection that broke, and acting on it
 * would end healthy work everywhere.
 */
export class WorkerHealth {
  readonly #options: WorkerHealthOptions;
  readonly #pulses = new Map<string, Pulse>();
  #isBlind = false;

  constructor(options: WorkerHealthOptions) {
    this.#options = options;
  }

  /** A sign of life was read: `mark` is its content, for example a Lease's renewTime. */
  heard(workerName: string, mark: string): void {
    const seenMs = this.#options.clock.monotonicMs();
    const pulse = this.#pulses.get(workerName);
    if (pulse?.mark === mark) return;
    this.#pulses.set(workerName, {mark, seenMs});
  }

  /** The worker, or what gives its signs of life, is gone. */
  forget(workerName: string): void {
    this.#pulses.delete(workerName);
  }

  /** Why nobody counts as lost at present; undefined when the judgement works. For `/readyz`. */
  get blindness(): string | undefined {
    return this.#isBlind
      ? 'more than half of the workers are silent at once: nobody is declared lost'
      : undefined;
  }

  /** The workers that are lost now. */
  lost(): ReadonlySet<string> {
    const {clock, log, lostAfterMs, maxLostShare} = this.#options;
    const silentSinceMs = clock.monotonicMs() - lostAfterMs;
    const silent = new Set<string>();
    for (const [workerName, {seenMs}] of this.#pulses) {
      if (seenMs < silentSinceMs) silent.add(workerName);
    }
    // One worker alone is always more than half: it may be lost.
    const isBlind = silent.size > 1 && silent.size > this.#pulses.size * maxLostShare;
    if (isBlind !== this.#isBlind) {
      this.#isBlind = isBlind;
      const keys = {silent: silent.size, heard: this.#pulses.size};
      if (isBlind) log.error(keys, 'too many workers silent at once; none is declared lost');
      else log.info(keys, 'workers are heard again');
    }
    return isBlind ? new Set() : silent;
  }
}
