import {createHistogram} from 'node:perf_hooks';

export interface Latency {
  readonly count: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/** The columns of a report, in their order. */
export const quantiles = {
  p50Ms: 'p50',
  p95Ms: 'p95',
  p99Ms: 'p99',
  p999Ms: 'p99.9',
  maxMs: 'max',
} as const satisfies Partial<Record<keyof Latency, string>>;

const usPerMs = 1_000;

/** By an HDR histogram of whole microseconds with three digits; undefined of none. */
export function latencyOf(durationsMs: Iterable<number>): Latency | undefined {
  const histogram = createHistogram();
  // Its least value is 1.
  for (const ms of durationsMs) histogram.record(Math.max(1, Math.round(ms * usPerMs)));
  if (histogram.count === 0) return undefined;
  const at = (percentile: number) => histogram.percentile(percentile) / usPerMs;
  return {
    count: histogram.count,
    ...{p50Ms: at(50), p95Ms: at(95), p99Ms: at(99), p999Ms: at(99.9)},
    maxMs: histogram.max / usPerMs,
  };
}
