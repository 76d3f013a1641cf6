import {systemClock} from '../../../lib/clock.ts';
import {deleteRequests} from '../../burst/deleteRequests.ts';
import {createPatched, createWaiting} from '../../burst/floor.ts';
import {numbered} from '../../burst/objects.ts';
import {difference} from '../callCounts.ts';
import {sentencesOf} from '../figuresOfBurst.ts';
import {LoopDelayWatch} from '../loopDelay.ts';
import {
  clear,
  type Measured,
  type MeasureOptions,
  quietMs,
  until,
  warmUp,
  withOperator,
} from '../measureBurst.ts';
import {unprofiled} from '../profile.ts';
import {inPoolOfItsOwn, measureFloor, type PoolOptions, warmUpRequests} from '../run.ts';
import {ourVariant} from '../variant.ts';
import type {LoadFigures, RateFigures, SustainedFigures} from './figures.ts';
import {loadFigures} from './loadFigures.ts';
import {type LoadOptions, runLoad} from './runLoad.ts';

export interface SustainedOptions extends MeasureOptions, PoolOptions {
  /** Creates a second, one after the other. */
  readonly rates: readonly number[];
  /** Of each rate. */
  readonly seconds: number;
  readonly rounds: number;
  readonly holdMs: number;
}

/** Measures each rate in each round, beside its floor. */
export function runSustained(
  options: SustainedOptions,
): Promise<readonly (readonly RateFigures[])[]> {
  return inPoolOfItsOwn(options, () => measureRounds(options));
}

/** The floors go first in one round and last in the next: what drifts meanwhile hits both. */
async function measureRounds(
  options: SustainedOptions,
): Promise<readonly (readonly RateFigures[])[]> {
  const {rates, rounds, progress} = options;
  progress('warming up the floor');
  await measureFloor({...options, requests: warmUpRequests}, 'floor-0');
  const measured: (readonly RateFigures[])[] = [];
  for (let round = 1; round <= rounds; round++) {
    const isFloorFirst = round % 2 === 1;
    const before = isFloorFirst ? await measureFloors(options, round) : undefined;
    const ours = await measureOurs(options, round);
    const floors = before ?? (await measureFloors(options, round));
    measured.push(rates.map((_, index) => ({floor: floors[index]!, ours: ours[index]!})));
  }
  return measured;
}

/** No operator runs meanwhile, so that the patches have its connections, as placements have. */
async function measureFloors(
  options: SustainedOptions,
  round: number,
): Promise<readonly LoadFigures[]> {
  const {stage, name, signal} = options;
  const patched: LoadOptions['send'] = (request) =>
    createPatched({...request, patches: stage.operator});
  const measured: LoadFigures[] = [];
  for (const rate of options.rates) {
    say(options, round, `the floor at ${rate}/s`);
    const load = loadOf(options, `floor-${round}`, rate, patched);
    measured.push(loadFigures(await runLoad(load, signal), load));
    await deleteRequests(stage.client, name, signal);
  }
  return measured;
}

/** One operator for all rates, which has placed a burst before: operators live long. */
function measureOurs(
  options: SustainedOptions,
  round: number,
): Promise<readonly SustainedFigures[]> {
  return withOperator(options, ourVariant, options.signal, async (operator, signal) => {
    say(options, round, 'this operator');
    await warmUp(options, numbered(`warm-${round}`, warmUpRequests), operator, signal);
    const measured: SustainedFigures[] = [];
    for (const rate of options.rates) {
      say(options, round, `this operator at ${rate}/s`);
      const load = loadOf(options, `ours-${round}`, rate, createWaiting);
      const isLast = round === options.rounds && rate === options.rates.at(-1);
      const around = isLast ? options.profile : unprofiled;
      measured.push(await measureOne({...options, profile: around}, load, operator, signal));
      await clear(options, operator, signal);
    }
    return measured;
  });
}

async function measureOne(
  {counter, profile}: SustainedOptions,
  load: LoadOptions,
  {operator: {operator}}: Measured,
  signal: AbortSignal,
): Promise<SustainedFigures> {
  const before = await counter.read();
  const loop = new LoopDelayWatch();
  loop.start();
  const seen = await profile(() => runLoad(load, signal));
  const loopDelay = await loop.stop();
  // An event may overtake the answer, and with it what the server has counted.
  const {writer} = operator.stages;
  await until('the answers to all writes', () => writer.outstanding === 0, systemClock, signal);
  const {statusWrites, commits} = difference(await counter.read(), before);
  const {auditor, waitingReasons} = seen.observer;
  return {
    ...loadFigures(seen, load),
    statusWrites,
    ledgerCommits: commits,
    loopDelay,
    revisions: auditor.revisions,
    violations: sentencesOf(auditor.violations),
    waiting: Object.fromEntries(waitingReasons),
  };
}

function loadOf(
  {stage, name, seconds, holdMs, timeoutMs}: SustainedOptions,
  prefix: string,
  ratePerSecond: number,
  send: LoadOptions['send'],
): LoadOptions {
  return {
    ...{stage, clock: systemClock, name, prefix: `${prefix}-${ratePerSecond}`, ratePerSecond},
    ...{seconds, send, holdMs, timeoutMs, quietMs},
  };
}

function say({progress, rounds}: SustainedOptions, round: number, what: string): void {
  progress(`round ${round} of ${rounds}: ${what}`);
}
