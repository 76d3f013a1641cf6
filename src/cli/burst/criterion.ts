/** What a run must have shown, and what it did. */
export interface Criterion {
  readonly holds: boolean;
  readonly sentence: string;
}

/** 100 requests must be placed within 2 s; larger bursts get as much more. */
const targetMsPerRequest = 20;
const leastTargetMs = 2_000;

export const leastHitRate = 0.95;
/** With fewer, the one cold read alone would break the hit rate. */
export const leastReads = 20;

/** Within how many milliseconds a burst must be placed. */
export function targetMsOf(requests: number): number {
  return Math.max(leastTargetMs, requests * targetMsPerRequest);
}

/** Least and most requests on a Worker, from the counts of those that have any. */
export function extremesOf(
  counts: Iterable<number>,
  workers: number,
): {least: number; most: number} {
  const all = [...counts];
  return {
    least: all.length < workers ? 0 : Math.min(...all),
    most: Math.max(0, ...all),
  };
}

/** Even: no Worker has more than one request above another, none where the requests divide. */
export function evenness(
  counts: Iterable<number>,
  {requests, workers}: {requests: number; workers: number},
): {isEven: boolean; text: string} {
  const {least, most} = extremesOf(counts, workers);
  const spread = Math.ceil(requests / workers) - Math.floor(requests / workers);
  const text = least === most ? `exactly ${most} each` : `${least} to ${most} each`;
  return {isEven: most - least <= spread, text};
}
