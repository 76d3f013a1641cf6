import {containerRequests, pathOf} from '../../../kube/resource.ts';
import {sendOrThrow} from '../../../kube/transport.ts';
import {type Clock, sleep} from '../../../lib/clock.ts';
import {errorOf} from '../../../lib/errorOf.ts';
import type {OneRequest} from '../../burst/floor.ts';
import {numbered} from '../../burst/objects.ts';
import type {Observer} from '../../burst/observer.ts';
import {openLoop} from '../../burst/openLoop.ts';
import {observing} from '../observing.ts';
import type {PerfStage} from '../stage.ts';

export interface LoadOptions {
  readonly stage: Pick<PerfStage, 'client' | 'observer'>;
  readonly clock: Clock;
  /** Of the namespace and the pool. */
  readonly name: string;
  /** Of the names of its requests. */
  readonly prefix: string;
  readonly ratePerSecond: number;
  readonly seconds: number;
  /** Creates one request; that of the floor patches it as well. */
  readonly send: (request: OneRequest) => Promise<void>;
  /** A request is deleted so long after it was seen placed. */
  readonly holdMs: number;
  /** Without news for so long, what has not been placed is lost; also of each call. */
  readonly timeoutMs: number;
  /** When all others say why they wait, and nothing has changed for so long, nothing will. */
  readonly quietMs: number;
}

/** What was seen of a load; times on the monotonic clock. */
export interface Load {
  readonly observer: Observer;
  readonly startMs: number;
  readonly endMs: number;
  /** By the name of the request. */
  readonly dueAtMs: ReadonlyMap<string, number>;
  readonly answeredAtMs: ReadonlyMap<string, number>;
  /** The most requests that held their place at once: seen placed, and not deleted yet. */
  readonly mostHeld: number;
}

/**
 * Creates requests at a fixed rate, and deletes each some time after an observer of its own has
 * seen it placed, so that as many come as go. Resolves once all were placed, or no more will be;
 * those that were placed last are still there.
 * @throws Error of the first call that failed
 */
export async function runLoad(options: LoadOptions, signal: AbortSignal): Promise<Load> {
  const {stage, clock, name, timeoutMs, quietMs, ratePerSecond, send, holdMs} = options;
  const names = numbered(options.prefix, ratePerSecond * options.seconds);
  const failure = new AbortController();
  const underWay = new Set<Promise<void>>();
  const follow = (work: Promise<void>) => {
    const followed = work
      .catch((error: unknown) => failure.abort(errorOf(error)))
      .finally(() => underWay.delete(followed));
    underWay.add(followed);
  };
  const to = {transport: stage.client, namespace: name, poolName: name, timeoutMs};
  const dueAtMs = new Map<string, number>();
  const answeredAtMs = new Map<string, number>();
  const begin = (index: number, dueMs: number) => {
    const requestName = names[index]!;
    dueAtMs.set(requestName, dueMs);
    const sent = send({...to, name: requestName});
    follow(sent.then(() => void answeredAtMs.set(requestName, clock.monotonicMs())));
  };
  let [held, mostHeld] = [0, 0];
  const over = AbortSignal.any([signal, failure.signal]);
  const settled = new AbortController();
  const holding = AbortSignal.any([over, settled.signal]);
  const hold = async (requestName: string) => {
    mostHeld = Math.max(mostHeld, ++held);
    await sleep(clock, holdMs, holding);
    if (holding.aborted) return;
    const path = pathOf(containerRequests, {namespace: name, name: requestName});
    await sendOrThrow(stage.client, {method: 'DELETE', path, timeoutMs});
    held--;
  };
  const onPlaced = (_: number, requestName: string) => follow(hold(requestName));
  const watched = {transport: stage.observer, clock, name, onPlaced};
  return observing(watched, over, async (observer, ended) => {
    try {
      const startMs = clock.monotonicMs();
      await openLoop({clock, ratePerSecond, count: names.length, begin}, ended);
      await observer.settled(names.length, {timeoutMs, quietMs}, ended);
      const endMs = clock.monotonicMs();
      return {observer, startMs, endMs, dueAtMs, answeredAtMs, mostHeld};
    } finally {
      settled.abort();
      // What is under way must be there to be removed.
      while (underWay.size > 0) await Promise.all(underWay);
      over.throwIfAborted();
    }
  });
}
