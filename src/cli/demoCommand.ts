import {randomUUID} from 'node:crypto';
import {readdirSync, readFileSync} from 'node:fs';
import {parse as parseYaml} from 'yaml';
import {defaultConfig} from '../config.ts';
import {EmbeddedApiServer} from '../embedded/embeddedApiServer.ts';
import {connect} from '../kube/connect.ts';
import {preflight} from '../kube/preflight.ts';
import {containerRequests, leases, pathOf} from '../kube/resource.ts';
import {sendOrThrow, type Transport} from '../kube/transport.ts';
import {sleep, systemClock} from '../lib/clock.ts';
import {systemRandom} from '../lib/random.ts';
import type {CycleSummary} from '../observe/cycleSummary.ts';
import {silentLog} from '../observe/log.ts';
import {Metrics} from '../observe/metrics.ts';
import {Operator} from '../operator.ts';
import {createLedger} from './createLedger.ts';
import {criteria, type DemoFigures, type InsideFigures, report} from './demo/report.ts';
import {runDemo} from './demo/run.ts';

export interface DemoOptions {
  readonly requests: number;
  readonly workers: number;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly json?: boolean;
}

interface Stage {
  readonly transport: Transport;
  readonly server: string;
  /** Undefined: an operator runs there already, and the demo uses it. */
  readonly ledgerKind: 'memory' | 'kubernetes' | undefined;
}

/** 100 requests on 20 workers must be placed within this; larger runs get as much more. */
const targetMsPerRequest = 20;
const readyPollMs = 5;

/** `berth demo`. Sets the exit code to 1 unless every criterion held. */
export async function runDemoCommand(options: DemoOptions): Promise<void> {
  const startMs = systemClock.monotonicMs();
  const progress = (line: string) => {
    const elapsed = ((systemClock.monotonicMs() - startMs) / 1000).toFixed(1);
    process.stderr.write(`[${elapsed.padStart(5)} s] ${line}\n`);
  };
  const stage =
    options.kubeconfig === undefined
      ? embeddedStage(progress)
      : await clusterStage(options, progress);
  try {
    const name = `berth-demo-${randomUUID().slice(0, 8)}`;
    const figures = await runDemo({
      transport: stage.transport,
      name,
      requests: options.requests,
      workers: options.workers,
      targetMs: Math.max(2_000, options.requests * targetMsPerRequest),
      server: stage.server,
      ledger: stage.ledgerKind ?? 'installed',
      progress,
      startOperator: (signal) => startOperator(stage, name, signal, progress),
    });
    print(figures, options.json ?? false);
    process.exitCode = criteria(figures).every(({holds}) => holds) ? 0 : 1;
  } finally {
    await stage.transport.close();
  }
}

function print(figures: DemoFigures, asJson: boolean): void {
  if (!asJson) {
    process.stdout.write(`${report(figures).join('\n')}\n`);
    return;
  }
  const withLists = {
    ...figures,
    distribution: Object.fromEntries(figures.distribution),
    affinityLevels: Object.fromEntries(figures.affinityLevels),
    waiting: Object.fromEntries(figures.waiting),
    criteria: criteria(figures),
  };
  process.stdout.write(`${JSON.stringify(withLists, undefined, 2)}\n`);
}

function embeddedStage(progress: (line: string) => void): Stage {
  progress('starting the embedded API server');
  const server = new EmbeddedApiServer({clock: systemClock, random: systemRandom});
  for (const crd of readCrds()) server.applyCrd(crd);
  return {transport: server.transport(), server: 'embedded API server', ledgerKind: 'kubernetes'};
}

/** The CRDs lie beside the bundle, or beside the source. */
function readCrds(): readonly object[] {
  const folders = [new URL('./crds/', import.meta.url), new URL('../../crds/', import.meta.url)];
  for (const folder of folders) {
    try {
      return readdirSync(folder)
        .filter((file) => file.startsWith('berth.dev_'))
        .map((file) => parseYaml(readFileSync(new URL(file, folder), 'utf8')) as object);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Error('Cannot find the CRDs: neither beside the bundle nor in crds/ of the project');
}

async function clusterStage(
  options: DemoOptions,
  progress: (line: string) => void,
): Promise<Stage> {
  const {transport, url, serverVersion} = await connect({
    kubeconfigPath: options.kubeconfig!,
    ...(options.context === undefined ? {} : {context: options.context}),
  });
  const server = `API server ${serverVersion} at ${url}`;
  progress(`connected to ${server}`);
  const problems = await preflight({transport, usesLedgerObject: true});
  if (problems.length > 0) throw new Error(problems.join(' '));
  if (await hasOperator(transport)) {
    progress('an operator leads there already: the demo uses it');
    return {transport, server, ledgerKind: undefined};
  }
  const foreign = await sendOrThrow<{items: unknown[]}>(transport, {
    method: 'GET',
    path: pathOf(containerRequests),
    query: {limit: 1},
  });
  if (foreign.items.length > 0) {
    throw new Error(
      'Cannot start an operator of its own there: the cluster holds ContainerRequests of others, which it would place; install Berth (deploy/) and run the demo again',
    );
  }
  return {transport, server, ledgerKind: 'kubernetes'};
}

/** Whether somebody holds a Lease named berth and has renewed it within its duration. */
async function hasOperator(transport: Transport): Promise<boolean> {
  const list = await sendOrThrow<{
    items: {spec: {holderIdentity?: string; renewTime?: string; leaseDurationSeconds?: number}}[];
  }>(transport, {
    method: 'GET',
    path: pathOf(leases),
    query: {fieldSelector: 'metadata.name=berth'},
  });
  return list.items.some(({spec}) => {
    const ageMs = Date.now() - Date.parse(spec.renewTime ?? '');
    return Boolean(spec.holderIdentity) && ageMs < (spec.leaseDurationSeconds ?? 15) * 1000;
  });
}

async function startOperator(
  {transport, ledgerKind}: Stage,
  name: string,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<{read: () => InsideFigures | undefined; stopped: Promise<void>}> {
  if (ledgerKind === undefined) return {read: () => undefined, stopped: Promise.resolve()};
  progress('starting the operator');
  // A ledger and a Lease of the demo's own: what it leaves behind goes with it.
  const config = defaultConfig({
    ledger: {kind: ledgerKind, name},
    leaderElection: {namespace: name, leaseName: name},
  });
  const cycles: CycleSummary[] = [];
  const operator = new Operator({
    config,
    transport,
    namespace: name,
    identity: `demo_${randomUUID()}`,
    ledger: (bound) => createLedger(config.ledger, {transport, bound, clock: systemClock}),
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    metrics: new Metrics(),
    onCycle: (summary) => cycles.push(summary),
  });
  const running = operator.run(signal);
  const isReady = () =>
    operator.isLeader && operator.checks.every(({waitingFor}) => waitingFor() === undefined);
  while (!isReady()) {
    await Promise.race([sleep(systemClock, readyPollMs, signal), running]);
    if (signal.aborted) throw new Error('Cannot start the operator: stopped before it led');
  }
  return {
    read: () => ({
      cycles: [...cycles],
      misses: operator.stages.cache.cacheStats.misses,
      invalidations: operator.stages.cache.cacheStats.invalidations,
    }),
    stopped: running.then(() => {}),
  };
}
