import {errorOf} from '../../lib/errorOf.ts';

export type Outcome<T> = {readonly value: T} | {readonly error: Error};

/** Once `signal` has aborted, its reason says more than whatever call it broke off. */
export async function outcomeOf<T>(promise: Promise<T>, signal?: AbortSignal): Promise<Outcome<T>> {
  try {
    return {value: await promise};
  } catch (thrown) {
    return {error: errorOf(signal?.aborted ? signal.reason : thrown)};
  }
}

/**
 * What a run gave, after what it created was removed.
 * @throws Error of either; of both, where both went wrong
 */
export function valueAfter<T>(run: Outcome<T>, removal: Outcome<void>): T {
  const errors = [run, removal].flatMap((one) => ('error' in one ? [one.error] : []));
  if (errors.length > 1) throw new Error(errors.map(({message}) => message).join('; '));
  if ('error' in run) throw run.error;
  if ('error' in removal) throw removal.error;
  return run.value;
}
