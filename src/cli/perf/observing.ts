import type {Transport} from '../../kube/transport.ts';
import type {Clock} from '../../lib/clock.ts';
import {Observer, type ObserverOptions} from '../burst/observer.ts';

export interface ObservingOptions extends Partial<Pick<ObserverOptions, 'onPlaced'>> {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Of the namespace, and the beginning of the names of its Workers. */
  readonly name: string;
}

/**
 * Runs `work` beside an observer of its own, which ends with it. What `work` has under way when
 * the observer fails is waited for: what it creates must be there to be removed.
 */
export async function observing<T>(
  {transport, clock, name, onPlaced = () => {}}: ObservingOptions,
  signal: AbortSignal,
  work: (observer: Observer, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const of = {namespace: name, workerPrefix: `${name}-worker`};
  const observer = new Observer({...of, transport, clock, onPlaced});
  const done = new AbortController();
  const over = AbortSignal.any([signal, done.signal]);
  const {ended} = await observer.start(over);
  const working = work(observer, over);
  // What comes second is no news.
  for (const promise of [ended, working]) promise.catch(() => {});
  try {
    await Promise.race([working, ended]);
    signal.throwIfAborted();
    return await working;
  } finally {
    done.abort();
    await working.catch(() => {});
  }
}
