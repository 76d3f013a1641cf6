import {type Clock, sleep} from '../../lib/clock.ts';
import type {CacheStats} from '../../watch/snapshotStats.ts';
import {deleteRequests} from '../burst/deleteRequests.ts';
import {createBurst} from '../burst/floor.ts';
import type {BurstMix} from '../burst/objects.ts';
import type {Observer} from '../burst/observer.ts';
import {type OwnOperator, ownConfig, startOwnOperator} from '../burst/ownOperator.ts';
import {createLedger} from '../createLedger.ts';
import {type CallCounter, difference, noCounts} from './callCounts.ts';
import type {BurstFigures, FinishedCycle} from './figures.ts';
import {figuresOfBurst} from './figuresOfBurst.ts';
import {MeasuredLedger} from './measuredLedger.ts';
import {observing} from './observing.ts';
import {OperatorTraffic} from './operatorTraffic.ts';
import {type Around, unprofiled} from './profile.ts';
import type {PerfStage} from './stage.ts';
import type {Variant} from './variant.ts';

export interface MeasureOptions {
  readonly stage: PerfStage;
  /** Of the namespace, the pool, the Lease and the ledger. */
  readonly name: string;
  readonly workers: number;
  readonly mix: BurstMix;
  readonly ledger: Parameters<typeof ownConfig>[1];
  readonly counter: CallCounter;
  /** An operator that gets nothing done for so long is given up. */
  readonly timeoutMs: number;
  /** Around what is measured last of our variant, and nothing else. */
  readonly profile: Around;
}

export interface Burst {
  readonly variant: Variant;
  /** Placed before the measurement, by the same operator. */
  readonly warmUp: readonly string[];
  readonly names: readonly string[];
  readonly around: Around;
}

/** When all others say why they wait, and nothing has changed for so long, nothing will. */
export const quietMs = 3_000;
const pollMs = 5;
const clearedTimeoutMs = 60_000;

/**
 * Starts an operator, lets it place one burst unmeasured (operators live long: code that nobody has
 * compiled yet is not theirs), measures the next one, and ends it. All requests are gone at the
 * end.
 */
export async function measureBurst(
  options: MeasureOptions,
  burst: Burst,
  signal: AbortSignal,
): Promise<BurstFigures> {
  return withOperator(options, burst.variant, signal, async (measured, over) => {
    await warmUp(options, burst.warmUp, measured, over);
    const figures = await measure(options, burst, measured, over);
    await clear(options, measured, over);
    return figures;
  });
}

/** Runs `work` with an operator that takes batches, which ends after it. */
export async function withOperator<T>(
  options: MeasureOptions,
  variant: Variant,
  signal: AbortSignal,
  work: (measured: Measured, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const over = AbortSignal.any([signal, stop.signal]);
  const measured = startMeasured(options, variant, over);
  const {operator} = measured;
  const ended = operator.stopped.then(() => {
    if (!over.aborted) throw new Error('Cannot go on measuring: the operator ended by itself');
  });
  const whole = operator.ready.then(() => work(measured, over));
  // What comes second is no news.
  for (const promise of [ended, whole]) promise.catch(() => {});
  try {
    await Promise.race([whole, ended]);
    return await whole;
  } finally {
    stop.abort();
    await operator.stopped.catch(() => {});
  }
}

/** A burst that nobody measures, and its end. */
export async function warmUp(
  options: MeasureOptions,
  names: readonly string[],
  measured: Measured,
  signal: AbortSignal,
): Promise<void> {
  await place(options, names, signal);
  await clear(options, measured, signal);
}

export interface Measured {
  readonly operator: OwnOperator;
  readonly ledger: () => MeasuredLedger;
  readonly cycles: readonly FinishedCycle[];
  readonly traffic: OperatorTraffic;
}

function startMeasured(
  {stage, name, ledger: settings}: MeasureOptions,
  {maxBatch, locks, parts}: Variant,
  signal: AbortSignal,
): Measured {
  const batch = maxBatch === undefined ? {} : {batch: {maxRequests: maxBatch}};
  const config = ownConfig(name, {...settings, ...batch});
  const {clock} = stage;
  const traffic = new OperatorTraffic(name, clock);
  const transport = traffic.around(stage.operator);
  const cycles: FinishedCycle[] = [];
  let ledger: MeasuredLedger | undefined;
  let misses = 0;
  const operator = startOwnOperator({
    ...parts,
    ...{transport, config, signal, clock, namespace: name},
    ledger: (bound) => {
      const port = createLedger(config.ledger, {transport, bound, clock});
      ledger = new MeasuredLedger(port, locks);
      return ledger;
    },
    onCycle: (summary) => {
      const stats = operator.operator.stages.cache.cacheStats;
      cycles.push({
        summary,
        endMs: clock.monotonicMs(),
        stalenessMs: stats.stalenessMs,
        isMiss: stats.misses > misses,
      });
      ({misses} = stats);
    },
  });
  return {operator, ledger: () => ledger!, cycles, traffic};
}

/** Creates the requests and waits until an observer of its own has seen all of them placed. */
async function place(
  {stage, name, mix, timeoutMs}: MeasureOptions,
  names: readonly string[],
  signal: AbortSignal,
  beforeCreates: () => Promise<void> = async () => {},
  around: Around = unprofiled,
): Promise<{
  observer: Observer;
  startMs: number;
  createdMs: number;
  sentAtMs: Map<string, number>;
}> {
  const {clock} = stage;
  const watched = {transport: stage.observer, clock, name};
  return observing(watched, signal, async (observer, over) => {
    await beforeCreates();
    return around(async () => {
      const sentAtMs = new Map<string, number>();
      const startMs = clock.monotonicMs();
      await createBurst({
        ...{transport: stage.client, namespace: name, poolName: name, names, mix, signal: over},
        onSent: (sent) => sentAtMs.set(sent, clock.monotonicMs()),
      });
      const createdMs = clock.monotonicMs();
      await observer.settled(names.length, {timeoutMs, quietMs}, over);
      return {observer, startMs, createdMs, sentAtMs};
    });
  });
}

async function measure(
  options: MeasureOptions,
  {names, around, variant: {locks}}: Burst,
  {operator, ledger, cycles, traffic}: Measured,
  signal: AbortSignal,
): Promise<BurstFigures> {
  const {counter, workers, mix, stage} = options;
  const {writer, cache} = operator.operator.stages;
  // The cold first read, which the warm-up had.
  const coldReads = Math.min(1, cache.cacheStats.misses);
  const loop = stage.watchLoop();
  let before = noCounts;
  const from = {
    cycles: 0,
    writes: 0,
    arrivals: 0,
    workerUpdates: 0,
    locks: 0,
    invalidations: 0,
    snapshots: 0,
  };
  const beforeCreates = async () => {
    before = await counter.read();
    from.cycles = cycles.length;
    from.writes = traffic.writes.length;
    from.arrivals = traffic.arrivalsMs.length;
    from.workerUpdates = ledger().workerUpdates;
    from.locks = ledger().locks ?? 0;
    from.invalidations = cache.cacheStats.invalidations;
    from.snapshots = snapshotsOf(cache.cacheStats);
    loop.start();
  };
  const seen = await place(options, names, signal, beforeCreates, around);
  const loopDelay = await loop.stop();
  const stats = cache.cacheStats;
  // An event may overtake the answer, and with it what the server has counted.
  await until('the answers to all writes', () => writer.outstanding === 0, stage.clock, signal);
  const after = await counter.read();
  return figuresOfBurst({
    ...{requests: names.length, workers, mix, coldReads, ...seen},
    cycles: cycles.slice(from.cycles),
    writes: traffic.writes.slice(from.writes),
    arrivalsMs: traffic.arrivalsMs.slice(from.arrivals),
    workerUpdates: ledger().workerUpdates - from.workerUpdates,
    locks: locks && ledger().locks! - from.locks,
    invalidations: stats.invalidations - from.invalidations,
    snapshots: snapshotsOf(stats) - from.snapshots,
    outside: difference(after, before),
    loopDelay,
  });
}

/** Deletes the requests, and waits until the operator has given back everything that they held. */
export async function clear(
  {stage, name}: MeasureOptions,
  {operator: {operator}, cycles}: Measured,
  signal: AbortSignal,
): Promise<void> {
  await deleteRequests(stage.client, name, signal);
  const {cache, update, queue} = operator.stages;
  const isClear = () => {
    const {ready, parked, inFlight, delayed, placed} = queue.counts;
    const known = ready + parked + inFlight + delayed + placed;
    // A commit of releases may be under way still: its cycle belongs to no burst.
    const isCycling = snapshotsOf(cache.cacheStats) !== cycles.length;
    const isFree = [...cache.allocations()].length === 0 && !update.isWaiting;
    return known === 0 && isFree && !isCycling;
  };
  await until('the end of the requests to be seen by the operator', isClear, stage.clock, signal);
}

export async function until(
  what: string,
  check: () => boolean,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const endMs = clock.monotonicMs() + clearedTimeoutMs;
  while (!check()) {
    signal.throwIfAborted();
    if (clock.monotonicMs() > endMs) {
      throw new Error(`Cannot go on measuring: ${clearedTimeoutMs} ms without ${what}`);
    }
    await sleep(clock, pollMs, signal);
  }
}

function snapshotsOf({hits, misses}: CacheStats): number {
  return hits + misses;
}
