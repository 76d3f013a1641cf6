import {DEFAULT_API_CONNECTIONS} from '../../kube/lanes.ts';

const never = new AbortController().signal;

/**
 * Runs over all items, as many at a time as a transport has connections. After a failure or an
 * abort no further one begins, and those under way are waited for: what they create must be there
 * to be removed.
 */
export async function inLanes<T>(
  items: readonly T[],
  run: (item: T) => Promise<void>,
  signal: AbortSignal = never,
): Promise<void> {
  const failure = new AbortController();
  const over = AbortSignal.any([signal, failure.signal]);
  const left = items.values();
  const lanes = Array.from({length: DEFAULT_API_CONNECTIONS}, async () => {
    for (const item of left) {
      if (over.aborted) return;
      await run(item).catch((error: unknown) => failure.abort(error));
    }
  });
  await Promise.all(lanes);
  over.throwIfAborted();
}
