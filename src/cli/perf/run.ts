import {namespaces, pathOf, workers} from '../../kube/resource.ts';
import {cleanUp} from '../burst/cleanUp.ts';
import {deleteRequests} from '../burst/deleteRequests.ts';
import {runFloor} from '../burst/floor.ts';
import {inLanes} from '../burst/inLanes.ts';
import {burstNamespace, burstWorker, create, numbered} from '../burst/objects.ts';
import {outcomeOf, valueAfter} from '../burst/outcome.ts';
import type {Round} from './figures.ts';
import {type MeasureOptions, measureBurst} from './measureBurst.ts';
import {unprofiled} from './profile.ts';
import {ourVariant, type Variant} from './variant.ts';

export interface PerfRunOptions extends MeasureOptions {
  readonly requests: number;
  readonly rounds: number;
  /** What ours is compared with; undefined leaves the comparison out. */
  readonly old: Variant | undefined;
  readonly progress: (line: string) => void;
  /** Ends it early; what was created is removed all the same. */
  readonly signal: AbortSignal;
}

/** Placed by an operator before it is measured. */
export const warmUpRequests = 100;

/** Measures in a namespace and a pool of its own, and removes everything that it created. */
export function runPerf(options: PerfRunOptions): Promise<readonly Round[]> {
  return inPoolOfItsOwn(options, () => measureRounds(options));
}

export type PoolOptions = Pick<
  PerfRunOptions,
  'stage' | 'name' | 'workers' | 'mix' | 'progress' | 'signal'
>;

/** Measures in a new namespace and on new Workers, which are removed whatever happens. */
export async function inPoolOfItsOwn<T>(
  options: PoolOptions,
  measure: () => Promise<T>,
): Promise<T> {
  const {stage, name, progress, signal} = options;
  const outcome = await outcomeOf(createPool(options).then(measure), signal);
  progress('removing what the measurement created');
  const removal = cleanUp({what: 'measurement', transport: stage.client, name, progress});
  return valueAfter(outcome, await outcomeOf(removal));
}

async function createPool({stage, name, workers: count, mix, progress, signal}: PoolOptions) {
  const {client} = stage;
  progress(`applying ${count} Workers`);
  await create(client, pathOf(namespaces), burstNamespace(name));
  const createWorker = async (workerName: string) => {
    await create(client, pathOf(workers), burstWorker(workerName, name, mix));
  };
  await inLanes(numbered(`${name}-worker`, count), createWorker, signal);
}

async function measureRounds(options: PerfRunOptions): Promise<readonly Round[]> {
  const {rounds, progress} = options;
  progress('warming up the floor');
  await measureFloor(options, 'floor-0');
  const measured: Round[] = [];
  for (let round = 1; round <= rounds; round++) {
    const say = (what: string) => progress(`round ${round} of ${rounds}: ${what}`);
    measured.push(await measureRound(options, round, say));
  }
  return measured;
}

/** The floor goes first in one round and last in the next: what drifts meanwhile hits both. */
async function measureRound(
  options: PerfRunOptions,
  round: number,
  say: (what: string) => void,
): Promise<Round> {
  const floor = () => {
    say('the floor');
    return measureFloor(options, `floor-${round}`);
  };
  const ours = () => {
    say('this operator');
    return measureVariant(options, ourVariant, round);
  };
  const old = async () => {
    if (!options.old) return undefined;
    say('the operator without batches, cache and affinity');
    return measureVariant(options, options.old, round);
  };
  if (round % 2 === 1) return {floorMs: await floor(), ours: await ours(), old: await old()};
  const [before, figures, floorMs] = [await old(), await ours(), await floor()];
  return {floorMs, ours: figures, old: before};
}

function measureVariant(options: PerfRunOptions, variant: Variant, round: number) {
  const {requests, rounds, profile, signal} = options;
  const prefix = `${variant.name}-${round}`;
  const warmUp = numbered(`warm-${prefix}`, Math.min(requests, warmUpRequests));
  const around = variant === ourVariant && round === rounds ? profile : unprofiled;
  const names = numbered(prefix, requests);
  return measureBurst(options, {variant, warmUp, names, around}, signal);
}

/** No operator runs meanwhile. */
export async function measureFloor(
  {stage, name, mix, signal, requests}: Pick<PerfRunOptions, keyof PoolOptions | 'requests'>,
  prefix: string,
): Promise<number> {
  const names = numbered(prefix, requests);
  const burst = {transport: stage.client, namespace: name, poolName: name, names, mix, signal};
  const floorMs = await runFloor(burst);
  await deleteRequests(stage.client, name, signal);
  return floorMs;
}
