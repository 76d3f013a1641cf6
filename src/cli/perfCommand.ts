import {randomUUID} from 'node:crypto';
import {availableParallelism, cpus} from 'node:os';
import type {ConnectOptions} from '../kube/connect.ts';
import type {RedisGauge} from '../ledger/redisGauge.ts';
import {targetMsOf} from './burst/criterion.ts';
import {type Interruptible, interruptible} from './burst/interrupt.ts';
import type {BurstMix} from './burst/objects.ts';
import type {CallCounter} from './perf/callCounts.ts';
import {criteria} from './perf/criteria.ts';
import type {PerfFigures} from './perf/figures.ts';
import {checkPageFile, writePage} from './perf/html/pageFile.ts';
import type {MeasureOptions} from './perf/measureBurst.ts';
import {keyPrefix, type PerfRedisOptions, redisGauge, redisSettings} from './perf/perfRedis.ts';
import {type ProfileKind, profileInto, profileKinds, unprofiled} from './perf/profile.ts';
import {perfAsJson, perfReport} from './perf/report.ts';
import {type PoolOptions, runPerf} from './perf/run.ts';
import {clusterStage, embeddedStage, type PerfStage} from './perf/stage.ts';
import {oldVariant} from './perf/variant.ts';
import {leaseLocks, memoryLocks, redisLocks, type WorkerLocks} from './perf/workerLocks.ts';
import {serverUrlOf} from './serverUrl.ts';
import {version} from './version.ts';

export interface PerfOptions extends PerfRedisOptions {
  readonly requests: number;
  readonly workers: number;
  /** Every second Worker has GPUs, every second request wants a share of one. */
  readonly gpus?: boolean;
  readonly ledger: 'kubernetes' | 'redis' | 'memory';
  readonly repeat: number;
  /** False by `--no-old`. */
  readonly old: boolean;
  /** Creates a second, one rate after the other; absent: bursts. */
  readonly rate?: readonly number[];
  /** Of each rate. */
  readonly seconds: number;
  readonly profile?: ProfileKind;
  readonly profileOut?: string;
  readonly json?: boolean;
  /** A file for the report as a page. */
  readonly html?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly server?: string;
  readonly tokenFile?: string;
  readonly certificateAuthority?: string;
}

/** The old way is allowed to be slow: it is waited for as well. */
const timeoutMsPerRequest = 500;
const leastTimeoutMs = 60_000;

/**
 * `berth perf`. The exit code is 0 when every criterion held, 1 when one did not, 130 when it was
 * interrupted; what it created is removed in each case.
 */
export async function runPerfCommand(options: PerfOptions): Promise<void> {
  await interruptible('measurement', async (context) => {
    if (options.html !== undefined) await checkPageFile(options.html);
    const figures = await onStage(options, context, (stage) => measure(options, stage));
    if (options.html !== undefined) await writePage(options.html, figures);
    const text = options.json
      ? JSON.stringify(perfAsJson(figures), undefined, 2)
      : perfReport(figures).join('\n');
    process.stdout.write(`${text}\n`);
    return criteria(figures).every(({holds}) => holds) ? 0 : 1;
  });
}

/** What a measurement needs, and what its report says of that. */
export interface ReadyStage {
  readonly run: MeasureOptions & PoolOptions;
  readonly gauge: RedisGauge | undefined;
  readonly facts: Pick<
    PerfFigures,
    'server' | 'ledger' | 'versions' | 'countedBy' | 'requests' | 'workers' | 'mix' | 'profile'
  >;
}

/** Undefined where it is the embedded API server. */
export function clusterOf(options: PerfOptions): ConnectOptions | undefined {
  const {kubeconfig: kubeconfigPath, context, server: url, tokenFile} = options;
  const {certificateAuthority: caFile} = options;
  if (url !== undefined) {
    return {
      url: serverUrlOf(url),
      ...(tokenFile !== undefined && {tokenFile}),
      ...(caFile !== undefined && {caFile}),
    };
  }
  if (kubeconfigPath === undefined) return undefined;
  return {kubeconfigPath, ...(context !== undefined && {context})};
}

/** Connects, waits for its turn, and closes everything after `measure`. */
export async function onStage<T>(
  options: PerfOptions,
  {progress, interrupt}: Interruptible,
  measure: (stage: ReadyStage) => Promise<T>,
): Promise<T> {
  const {requests, workers, ledger} = options;
  const mix: BurstMix = options.gpus ? 'cpu and gpu' : 'cpu';
  const {profile: kind} = options;
  const profile = kind && (options.profileOut ?? `berth-perf.${profileKinds[kind]}`);
  const around = kind && profile ? await profileInto(kind, profile) : unprofiled;
  await using open = new AsyncDisposableStack();
  const redis = redisSettings(options);
  const gauge = ledger === 'redis' ? redisGauge(redis) : undefined;
  open.defer(() => gauge?.close());
  const redisVersion = await gauge?.version();
  const usesLedgerObject = ledger === 'kubernetes';
  const to = clusterOf(options);
  const stage =
    to === undefined
      ? embeddedStage(progress)
      : await clusterStage({to, usesLedgerObject, progress, signal: interrupt});
  open.defer(() => stage.close());
  const name = `berth-perf-${randomUUID().slice(0, 8)}`;
  open.defer(() => gauge?.removeLedger(keyPrefix, name));
  const counter = counterOf(stage, ledger, gauge);
  const facts = {
    ...{requests, workers, mix, ledger, ...(profile !== undefined && {profile})},
    server: stage.server,
    countedBy: {ledgerCalls: counter.ledgerCalls, apiCalls: counter.apiCalls},
    versions: {
      berth: version,
      node: process.version,
      'API server': stage.version,
      ...(redisVersion !== undefined && {Redis: redisVersion}),
      processors: `${availableParallelism()} x ${cpus()[0]?.model ?? 'unknown'}`,
    },
  };
  return await stage.inTurn(interrupt, (signal) => {
    const run = {
      ...{stage, name, workers, mix, counter, progress, signal},
      ledger: {ledger: {kind: ledger, redis}},
      profile: around,
      timeoutMs: Math.max(leastTimeoutMs, requests * timeoutMsPerRequest),
    };
    return measure({run, gauge, facts});
  });
}

async function measure(
  {requests, repeat, old, ledger}: PerfOptions,
  {run, gauge, facts}: ReadyStage,
): Promise<PerfFigures> {
  const {stage, name} = run;
  const rounds = await runPerf({
    ...run,
    requests,
    rounds: repeat,
    old: old ? oldVariant(stage.operator, locksOf(stage, ledger, name, gauge)) : undefined,
  });
  return {...facts, rounds, targetMs: targetMsOf(requests)};
}

/** A ledger in Redis is counted there, one in memory by nobody, all else by the API server. */
function counterOf(
  {countedBy: apiCalls, counts}: PerfStage,
  ledger: PerfOptions['ledger'],
  gauge: RedisGauge | undefined,
): CallCounter {
  if (gauge) {
    return {
      ledgerCalls: 'INFO commandstats of Redis',
      apiCalls,
      async read() {
        const [api, redis] = [await counts(), await gauge.calls()];
        return {...api, commits: redis.scripts, lockCalls: redis.locks};
      },
    };
  }
  if (ledger === 'kubernetes') return {ledgerCalls: apiCalls, apiCalls, read: counts};
  const unseen = {commits: undefined, lockCalls: undefined};
  return {ledgerCalls: 'nobody', apiCalls, read: async () => ({...(await counts()), ...unseen})};
}

function locksOf(
  stage: PerfStage,
  ledger: PerfOptions['ledger'],
  name: string,
  gauge: RedisGauge | undefined,
): WorkerLocks {
  if (gauge) return redisLocks(gauge, name);
  return ledger === 'memory' ? memoryLocks() : leaseLocks(stage.operator, name);
}
