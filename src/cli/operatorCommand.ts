import {randomUUID} from 'node:crypto';
import {hostname} from 'node:os';
import {type Config, fixedLimits} from '../config.ts';
import {type Connection, connect, mayMend} from '../kube/connect.ts';
import {preflight} from '../kube/preflight.ts';
import {sleep, systemClock} from '../lib/clock.ts';
import type {Log} from '../lib/log.ts';
import {systemRandom} from '../lib/random.ts';
import {countingTransport} from '../observe/countingTransport.ts';
import {createLog} from '../observe/createLog.ts';
import {type Check, serveHealth, serveMetrics} from '../observe/endpoints.ts';
import {Metrics} from '../observe/metrics.ts';
import {Operator} from '../operator.ts';
import {createLedger} from './createLedger.ts';
import {loadConfig, withoutSecrets} from './settings.ts';
import {showOperator} from './showOperator.ts';
import {version} from './version.ts';

/** `berth operator`: runs until SIGTERM or SIGINT, or until it may not lead any more. */
export async function runOperator(
  flags: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const config = loadConfig({flags, environment: process.env, configFile: flags['config']});
  const log = createLog(config.log);
  log.info({version, node: process.version, config: withoutSecrets(config)}, 'starting');
  const stop = stopOnSignal(log);
  const metrics = new Metrics();
  const start = new Start();
  const checks: Check[] = [{name: 'start', waitingFor: () => start.waitingFor}];
  await using open = new AsyncDisposableStack();
  // Before anything is waited for: a probe hears why, and a taken port is said at once.
  const metricsEndpoint = await serveMetrics(config.metrics.bindAddress, metrics);
  open.defer(() => metricsEndpoint.close());
  const healthEndpoint = await serveHealth(config.health.bindAddress, checks);
  open.defer(() => healthEndpoint.close());
  log.info({metrics: metricsEndpoint.address, health: healthEndpoint.address}, 'serving');

  const connection = await start.connect(config, log, stop);
  if (!connection) return;
  const {url, serverVersion} = connection;
  const transport = countingTransport(connection.transport, metrics);
  open.defer(() => transport.close());
  const namespace = config.leaderElection.namespace ?? connection.namespace;
  log.info({server: url, serverVersion, namespace}, 'connected');

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
  checks.push(...operator.checks);
  const end = await operator.run(stop);
  log.info({end}, 'stopped');
  // Kubernetes restarts a container that leaves; a replica without leadership begins anew.
  if (end !== 'stopped') process.exitCode = 1;
}

/** The way to an API server that knows Berth's kinds and grants what the operator does. */
class Start {
  #waitingFor: string | undefined = 'the API server to answer';

  /** Undefined once connected. */
  get waitingFor(): string | undefined {
    return this.#waitingFor;
  }

  /**
   * What a later try can mend (a server that is starting, CRDs or roles on their way) is said once
   * and tried again; undefined when stopped before.
   * @throws Error with one sentence where trying again is of no use: a wrong kubeconfig, wrong
   *   credentials
   */
  async connect(config: Config, log: Log, stop: AbortSignal): Promise<Connection | undefined> {
    const {connectRetryMs: retryMs} = fixedLimits;
    let said = '';
    while (!stop.aborted) {
      const found = await connectOnce(config, stop);
      if (typeof found !== 'string') {
        this.#waitingFor = undefined;
        return found;
      }
      if (stop.aborted) return undefined;
      if (found !== said) log.error({retryMs, cause: found}, 'not started; trying again');
      said = found;
      this.#waitingFor = found;
      await sleep(systemClock, retryMs, stop);
    }
    return undefined;
  }
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
        transport: {
          connections: config.status.connections,
          timeoutsMs: {api: requestTimeoutMs, ledger: requestTimeoutMs},
        },
      },
      stop,
    );
  } catch (error) {
    if (mayMend(error)) return error.message;
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
      log.info({signal: name}, 'stopping: finishing the cycle and its placements');
      stop.abort();
    });
  }
  return stop.signal;
}
