import {numbered} from '../../src/cli/burst/objects.ts';
import {quantile} from '../../src/cli/burst/statistics.ts';
import {systemClock} from '../../src/lib/clock.ts';
import type {RealApiServer} from '../../test/servers/apiServer.ts';
import {type Arena, timed} from './arena.ts';
import type {Contender, RunningScheduler} from './contender.ts';
import type {BacklogFigures, BurstFigures, Costs, FloorFigures} from './figures.ts';
import {processorMs} from './processorTime.ts';

export interface MeasureOptions {
  readonly api: RealApiServer;
  readonly arena: Arena;
  /** Objects a burst. */
  readonly objects: number;
}

/** What a bare client needs for the writes that the contender of this arena causes. */
export async function measureFloor({api, arena, objects}: MeasureOptions): Promise<FloorFigures> {
  const perSecond = (ms: number) => (objects / ms) * 1_000;
  const startMs = systemClock.monotonicMs();
  const stored = await arena.create(numbered('floor', objects));
  const createMs = systemClock.monotonicMs() - startMs;
  await arena.atRest();
  const before = serverTimes(api);
  const placeMs = await timed(() => arena.place(stored));
  await arena.untilPlaced(objects);
  const after = serverTimes(api);
  await arena.clear();
  const bothMs = await timed(() => arena.createAndPlace(numbered('both', objects)));
  await arena.untilPlaced(objects);
  await arena.clear();
  return {
    createsPerSecond: perSecond(createMs),
    placingsPerSecond: perSecond(placeMs),
    placingMs: (after.apiServerMs - before.apiServerMs) / objects,
    bothPerSecond: perSecond(bothMs),
  };
}

/**
 * One life of a scheduler: it is started beside a backlog, and once it has placed that, and all is
 * deleted, it is warm for a burst that is created while it runs.
 */
export async function measureContender(
  options: MeasureOptions,
  contender: Contender,
): Promise<{backlog: BacklogFigures; burst: BurstFigures}> {
  const {api, arena, objects} = options;
  await arena.create(numbered('backlog', objects));
  await arena.atRest();
  const before = serverTimes(api);
  const startMs = systemClock.monotonicMs();
  const scheduler = await contender.start();
  try {
    const backlog = await measureBacklog(options, scheduler, {startMs, before});
    await arena.clear();
    const burst = await measureBurst(options, scheduler);
    await arena.clear();
    return {backlog, burst};
  } catch (cause) {
    const why = `${(cause as Error).message}; the end of its log:\n${scheduler.log()}`;
    throw new Error(`Cannot measure ${contender.name}: ${why}`, {cause});
  } finally {
    await scheduler.stop();
  }
}

async function measureBacklog(
  options: MeasureOptions,
  scheduler: RunningScheduler,
  {startMs, before}: {startMs: number; before: ServerTimes},
): Promise<BacklogFigures> {
  const {arena, objects} = options;
  const times = [...(await arena.untilPlaced(objects, alive(scheduler))).values()];
  const costs = await costsOf(options, before, () => processorMs(scheduler.pid));
  await arena.recount(objects);
  const lastMs = Math.max(...times);
  return {
    // The first one is where the clock starts, so that it has not been waited for.
    perSecond: ((objects - 1) / (lastMs - Math.min(...times))) * 1_000,
    perSecondFromStart: (objects / (lastMs - startMs)) * 1_000,
    costs,
  };
}

async function measureBurst(
  options: MeasureOptions,
  scheduler: RunningScheduler,
): Promise<BurstFigures> {
  const {api, arena, objects} = options;
  const before = serverTimes(api);
  const ownBefore = processorMs(scheduler.pid);
  const sentAtMs = new Map<string, number>();
  const names = numbered('burst', objects);
  await arena.create(names, (name) => sentAtMs.set(name, systemClock.monotonicMs()));
  const placedAtMs = await arena.untilPlaced(objects, alive(scheduler));
  const costs = await costsOf(options, before, () => processorMs(scheduler.pid) - ownBefore);
  await arena.recount(objects);
  const lags = names.map((name) => placedAtMs.get(name)! - sentAtMs.get(name)!);
  lags.sort((left, right) => left - right);
  const totalMs = Math.max(...placedAtMs.values()) - Math.min(...sentAtMs.values());
  return {
    perSecond: (objects / totalMs) * 1_000,
    p50Ms: quantile(lags, 0.5)!,
    p99Ms: quantile(lags, 0.99)!,
    costs,
  };
}

function alive({hasEnded, pid}: RunningScheduler): () => void {
  return () => {
    if (hasEnded()) throw new Error(`its process ${pid} has ended`);
  };
}

interface ServerTimes {
  readonly apiServerMs: number;
  readonly etcdMs: number;
}

function serverTimes(api: RealApiServer): ServerTimes {
  const {apiServer, etcd} = api.pids();
  return {apiServerMs: processorMs(apiServer), etcdMs: processorMs(etcd)};
}

/** To be called when the last placement has been seen; waits for the rest. */
async function costsOf(
  {api, arena, objects}: MeasureOptions,
  before: ServerTimes,
  schedulerMs: () => number,
): Promise<Costs> {
  const toLast = serverTimes(api);
  await arena.atRest();
  const after = serverTimes(api);
  return {
    apiServerToLastMs: (toLast.apiServerMs - before.apiServerMs) / objects,
    apiServerMs: (after.apiServerMs - before.apiServerMs) / objects,
    etcdMs: (after.etcdMs - before.etcdMs) / objects,
    schedulerMs: schedulerMs() / objects,
  };
}
