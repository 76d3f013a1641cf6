import {randomUUID} from 'node:crypto';
import {hostname} from 'node:os';
import type {Config} from '../config.ts';
import {type Connection, connect} from '../kube/connect.ts';
import {preflight} from '../kube/preflight.ts';
import {TransportError} from '../kube/transport.ts';
import {sleep, systemClock} from '../lib/clock.ts';
import {systemRandom} from '../lib/random.ts';
import {createLog} from '../observe/createLog.ts';
import {serveHealth, serveMetrics} from '../observe/endpoints.ts';
import type {Log} from '../observe/log.ts';
import {Metrics} from '../observe/metrics.ts';
import {Operator} from '../operator.ts';
import {createLedger} from './createLedger.ts';
import {loadConfig} from './settings.ts';
import {showOperator} from './showOperator.ts';
import {version} from './version.ts';

/** `berth operator`: runs until SIGTERM or SIGINT, or until it may not lead any more. */
export async function runOperator(flags: Readonly<Record<string, unknown>>): Promise<void> {
  const configFile = flags['config'] as string | undefined;
  const config = loadConfig({flags, environment: process.env, configFile});
  const log = createLog(config.log);
  log.info({version, node: process.version, config}, 'starting');
  const stop = stopOnSignal(log);
  const connection = await connectOrStop(config, log, stop);
  if (!connection) return;
  const {transport} = connection;
  const namespace = config.leaderElection.namespace ?? connection.namespace;
  log.info(
    {server: connection.url, serverVersion: connection.serverVersion, namespace},
    'connected',
  );

  const metrics = new Metrics();
  const identity = `${hostname()}_${randomUUID()}`;
  const operator = new Operator({
    config,
    transport,
    namespace,
    identity,
    ledger: (bound) => createLedger(config.ledger, {transport, bound, clock: systemClock}),
    clock: systemClock,
    random: systemRandom,
    log: log.child({identity}),
    metrics,
  });
  showOperator(operator, metrics, config.leaderElection.leaseName);
  const endpoints = [
    await serveMetrics(config.metrics.bindAddress, metrics),
    await serveHealth(config.health.bindAddress, operator.checks),
  ];
  log.info({metrics: endpoints[0]!.address, health: endpoints[1]!.address}, 'serving');
  try {
    const end = await operator.run(stop);
    log.info({end}, 'stopped');
    // Kubernetes restarts a container that leaves; a replica without leadership begins anew.
    if (end !== 'stopped') process.exitCode = 1;
  } finally {
    for (const endpoint of endpoints) await endpoint.close();
    await transport.close();
  }
}

const connectRetryMs = 2_000;

/**
 * Connects and looks for CRDs and rights. What a later try can mend (a server that is starting, CRDs
 * on their way) is said once and tried again; undefined when stopped before.
 * @throws Error with one sentence where trying again is of no use: a wrong kubeconfig, wrong credentials
 */
async function connectOrStop(
  config: Config,
  log: Log,
  stop: AbortSignal,
): Promise<Connection | undefined> {
  let said = '';
  while (!stop.aborted) {
    const found = await connectOnce(config, stop);
    if (typeof found !== 'string') return found;
    if (found !== said) log.error({retryMs: connectRetryMs}, found);
    said = found;
    await sleep(systemClock, connectRetryMs, stop);
  }
  return undefined;
}

async function connectOnce(config: Config, stop: AbortSignal): Promise<Connection | string> {
  const {kubeconfig, context, requestTimeoutMs} = config.kubernetes;
  let connection: Connection;
  try {
    connection = await connect(
      {
        ...(kubeconfig === undefined ? {} : {kubeconfigPath: kubeconfig}),
        ...(context === undefined ? {} : {context}),
        timeoutMs: requestTimeoutMs,
        transport: {connections: config.status.connections},
      },
      stop,
    );
  } catch (error) {
    if (error instanceof Error && error.cause instanceof TransportError) return error.message;
    throw error;
  }
  const {enabled, namespace = connection.namespace} = config.leaderElection;
  try {
    const problems = await preflight(
      {
        transport: connection.transport,
        leaseNamespace: enabled ? namespace : undefined,
        usesLedgerObject: config.ledger.kind === 'kubernetes',
      },
      stop,
    );
    if (problems.length === 0) return connection;
    await connection.transport.close();
    return problems.join(' ');
  } catch (error) {
    await connection.transport.close();
    return error instanceof Error ? error.message : String(error);
  }
}

function stopOnSignal(log: Log): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      // A second one means: now.
      if (stop.signal.aborted) process.exit(1);
      log.info({signal: name}, 'stopping: finishing the cycle and outstanding writes');
      stop.abort();
    });
  }
  return stop.signal;
}
