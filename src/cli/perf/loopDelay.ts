import {monitorEventLoopDelay} from 'node:perf_hooks';
import {sleep, systemClock} from '../../lib/clock.ts';

/** How late the event loop was for what was due. */
export interface LoopDelay {
  readonly p99Ms: number;
  readonly maxMs: number;
}

const resolutionMs = 1;
const nanosecondsPerMs = 1_000_000;
const never = new AbortController().signal;

export class LoopDelayWatch {
  readonly #histogram = monitorEventLoopDelay({resolution: resolutionMs});

  start(): void {
    this.#histogram.reset();
    this.#histogram.enable();
  }

  async stop(): Promise<LoopDelay> {
    // A delay is recorded by the first timer after it.
    await sleep(systemClock, 2 * resolutionMs, never);
    this.#histogram.disable();
    // Node records from timer to timer: a loop that is never late has the resolution everywhere.
    const lateMs = (nanoseconds: number) =>
      Math.max(0, nanoseconds / nanosecondsPerMs - resolutionMs);
    const {count, max} = this.#histogram;
    if (count === 0) return {p99Ms: 0, maxMs: 0};
    return {p99Ms: lateMs(this.#histogram.percentile(99)), maxMs: lateMs(max)};
  }
}
