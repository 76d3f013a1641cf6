import {spawn} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {createWriteStream} from 'node:fs';
import {createInterface} from 'node:readline';
import {finished} from 'node:stream/promises';
import {systemClock} from '../lib/clock.ts';
import {drawPlan, type LedgerKind} from '../simulate/drawPlan.ts';
import {describeFault} from '../simulate/fault.ts';
import {shrink} from '../simulate/shrink.ts';
import {type Outcome, Simulation, type SimulationOptions} from '../simulate/simulation.ts';

export interface SimulateOptions {
  readonly seed?: number;
  readonly seeds?: readonly [number, number];
  readonly workers: number;
  readonly requests: number;
  readonly maxFaults: number;
  readonly faults?: readonly number[];
  readonly ledger?: LedgerKind;
  readonly redisUrl: string;
  readonly shrink: boolean;
  readonly trace?: string;
  readonly processes: number;
  readonly json?: boolean;
}

/** Of each failing seed so many findings are shown: the first ones say what went wrong. */
const shownFindings = 5;
/** A long run says so often how far it is. */
const progressSeeds = 20;
/** The first run of a process is slow, and nothing is told before its last one. */
const requestsAProcess = 150_000;
/**
 * Most objects live for one call; with the default of 16 MB a tenth more time went into moving.
 * Each process has one core: threads beside it would only take turns.
 */
const memoryFlags = ['--max-semi-space-size=128', '--single-threaded-gc'];

interface Sum {
  seeds: number;
  placements: number;
  commits: number;
  faults: number;
  failed: number;
}

/** `berth simulate`. The exit code is 0 when no seed found anything, else 1. */
export async function runSimulate(options: SimulateOptions): Promise<void> {
  const startMs = systemClock.monotonicMs();
  const [first, last] = options.seeds ?? [options.seed ?? 1, options.seed ?? 1];
  const sum: Sum = {seeds: 0, placements: 0, commits: 0, faults: 0, failed: 0};
  const take = (outcome: Outcome) => {
    sum.seeds++;
    sum.placements += outcome.placements;
    sum.commits += outcome.commits;
    sum.faults += outcome.fired.length;
    if (outcome.findings.length > 0) sum.failed++;
    if (options.json) print(JSON.stringify(outcome));
    else if (first === last || outcome.findings.length > 0) print(describe(outcome));
    const isLong = last - first >= progressSeeds && sum.seeds <= last - first;
    if (!options.json && isLong && sum.seeds % progressSeeds === 0) {
      print(`so far: ${closing(sum, systemClock.monotonicMs() - startMs)}`);
    }
  };
  if (options.processes > 1) await runInProcesses(options, [first, last], take);
  else {
    for (let seed = first; seed <= last; seed++) {
      const outcome = await runSeed(options, seed);
      take(outcome);
      await explain(options, outcome);
    }
  }
  if (!options.json) print(closing(sum, systemClock.monotonicMs() - startMs));
  process.exitCode = sum.failed > 0 ? 1 : 0;
}

async function runSeed(options: SimulateOptions, seed: number, faults = options.faults) {
  const {workers, requests, maxFaults, ledger, trace, redisUrl} = options;
  const file = trace === undefined ? undefined : createWriteStream(trace);
  const written = file && finished(file);
  // A file that cannot be written is told of at the end: nobody waits for it before.
  written?.catch(() => {});
  const simulation: SimulationOptions = {
    seed,
    size: {workers, requests, faults: maxFaults},
    ...(ledger && {ledger}),
    ...(faults && {faults}),
    ...(file && {onLine: (line: string) => file.write(line)}),
    ...(ledger === 'redis' && {
      redis: {url: redisUrl, keyPrefix: `berth-simulate-${randomUUID().slice(0, 8)}`},
    }),
  };
  const outcome = await new Simulation(simulation).run();
  file?.end();
  try {
    await written;
  } catch (cause) {
    throw new Error(`Cannot write --trace ${trace}: ${(cause as Error).message}`, {cause});
  }
  return outcome;
}

/**
 * Of a seed that found something: looks for the shortest list of faults that finds the same, and
 * says how to see it again.
 */
async function explain(options: SimulateOptions, outcome: Outcome): Promise<void> {
  if (options.json || outcome.findings.length === 0) return;
  const {trace: _, ...untraced} = options;
  const {seed, findings, fired} = outcome;
  const {rule} = findings[0]!;
  const fails = async (faults: readonly number[]) => {
    const again = await runSeed(untraced, seed, faults);
    return again.findings.some((finding) => finding.rule === rule);
  };
  const all = [...new Set(fired)].sort((left, right) => left - right);
  const faults = options.shrink ? await shrink(all, fails) : all;
  const {workers, requests, maxFaults, ledger} = options;
  const plan = drawPlan(seed, {workers, requests, faults: maxFaults}, ledger);
  for (const fault of plan.faults) {
    if (faults.includes(fault.index)) print(`  ${describeFault(fault)}`);
  }
  print(`  again: ${commandOf(options, seed, faults)}`);
}

function commandOf(options: SimulateOptions, seed: number, faults: readonly number[]): string {
  const {workers, requests, maxFaults, ledger} = options;
  const kind = ledger ? ` --ledger ${ledger}` : '';
  return `berth simulate --seed ${seed} --workers ${workers} --requests ${requests} --max-faults ${maxFaults}${kind} --faults=${faults.join()}`;
}

/** Deals the seeds out to processes of this same program. */
async function runInProcesses(
  options: SimulateOptions,
  [first, last]: readonly [number, number],
  take: (outcome: Outcome) => void,
): Promise<void> {
  let next = first;
  const fair = Math.ceil((last - first + 1) / options.processes / 4);
  const most = Math.floor(requestsAProcess / Math.max(1, options.requests));
  const share = Math.max(1, Math.min(20, most, fair));
  const work = async () => {
    while (next <= last) {
      const from = next;
      next = Math.min(last + 1, from + share);
      for (const outcome of await runProcess(options, from, next - 1)) {
        take(outcome);
        await explain(options, outcome);
      }
    }
  };
  await Promise.all(Array.from({length: options.processes}, work));
}

async function runProcess(
  options: SimulateOptions,
  first: number,
  last: number,
): Promise<Outcome[]> {
  const {workers, requests, maxFaults, faults, ledger, redisUrl} = options;
  const flags = {
    seeds: `${first}..${last}`,
    workers,
    requests,
    'max-faults': maxFaults,
    'redis-url': redisUrl,
    ...(ledger && {ledger}),
    ...(faults && {faults}),
  };
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${String(value)}`);
  const node = [...memoryFlags, process.argv[1]!];
  const child = spawn(process.execPath, [...node, 'simulate', ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const outcomes: Outcome[] = [];
  for await (const line of createInterface({input: child.stdout})) {
    outcomes.push(JSON.parse(line) as Outcome);
  }
  const missing = last - first + 1 - outcomes.length;
  if (missing > 0) throw new Error(`Cannot simulate seeds ${first}..${last}: ${missing} broke off`);
  return outcomes;
}

function describe(outcome: Outcome): string {
  const {seed, ledger, replicas, placements, commits, fired, findings, hash, virtualMs} = outcome;
  const seconds = (virtualMs / 1_000).toFixed(0);
  const head = `seed ${seed}: ${placements} placements in ${seconds} virtual seconds, ${replicas} replicas, ${ledger} ledger, ${commits} commits, ${fired.length} faults, trace ${hash}`;
  const shown = findings
    .slice(0, shownFindings)
    .map(({rule, sentence}) => `  ${rule}: ${sentence}`);
  const more = findings.length - shown.length;
  return [head, ...shown, ...(more > 0 ? [`  and ${more} more`] : [])].join('\n');
}

function closing({seeds, placements, commits, faults, failed}: Sum, tookMs: number): string {
  const perSecond = (count: number) => ((count / tookMs) * 1_000).toFixed(1);
  return `${seeds} seeds, ${placements} placements, ${commits} commits, ${faults} faults in ${(tookMs / 1_000).toFixed(1)} s: ${perSecond(seeds)} seeds/s, ${perSecond(placements)} placements/s; ${failed} seeds found something`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
