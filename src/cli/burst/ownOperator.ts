import {randomUUID} from 'node:crypto';
import {type Config, defaultConfig} from '../../config.ts';
import type {Transport} from '../../kube/transport.ts';
import {type Clock, sleep, systemClock} from '../../lib/clock.ts';
import {silentLog} from '../../lib/log.ts';
import {systemRandom} from '../../lib/random.ts';
import {Metrics} from '../../observe/metrics.ts';
import {Operator, type OperatorEnd, type OperatorOptions} from '../../operator.ts';
import {createLedger} from '../createLedger.ts';

export interface OwnOperatorOptions
  extends Partial<Pick<OperatorOptions, 'ledger' | 'place' | 'beforeSnapshot'>>,
    Required<Pick<OperatorOptions, 'onCycle'>> {
  readonly transport: Transport;
  /** As of `ownConfig`. */
  readonly config: Config;
  /** Namespace of its Lease. */
  readonly namespace: string;
  readonly signal: AbortSignal;
  /** Default: the system's. */
  readonly clock?: Clock;
}

export interface OwnOperator {
  readonly operator: Operator;
  /** Resolves once it takes batches. */
  readonly ready: Promise<void>;
  /** Resolves once it has ended after the signal. */
  readonly stopped: Promise<void>;
}

const readyPollMs = 5;
const readyTimeoutMs = 60_000;

/**
 * The settings that it has when nothing is set, but for `overrides`.
 *
 * @param name of its ledger, its Lease and the namespace of that: what it leaves behind goes with
 *   the namespace
 */
export function ownConfig(
  name: string,
  overrides: Parameters<typeof defaultConfig>[0] & object = {},
): Config {
  return defaultConfig({
    ...overrides,
    ledger: {...overrides.ledger, name},
    leaderElection: {namespace: name, leaseName: name},
  });
}

/** Starts the real operator in this process. */
export function startOwnOperator(options: OwnOperatorOptions): OwnOperator {
  const {transport, config, signal, clock = systemClock, ...rest} = options;
  const operator = new Operator({
    ledger: (bound) => createLedger(config.ledger, {transport, bound, clock}),
    ...rest,
    config,
    transport,
    identity: `own_${randomUUID()}`,
    clock,
    random: systemRandom,
    log: silentLog,
    metrics: new Metrics(),
  });
  const running = operator.run(signal);
  const ready = untilReady(operator, running, clock, signal);
  return {operator, ready, stopped: running.then(() => {})};
}

async function untilReady(
  operator: Operator,
  running: Promise<OperatorEnd>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const endMs = clock.monotonicMs() + readyTimeoutMs;
  let end: OperatorEnd | undefined;
  const ended = running.then((how) => {
    end = how;
  });
  const missing = () => operator.checks.map(({waitingFor}) => waitingFor()).find(Boolean);
  while (!operator.isLeader || missing() !== undefined) {
    await Promise.race([sleep(clock, readyPollMs, signal), ended]);
    signal.throwIfAborted();
    if (end !== undefined) throw new Error(`Cannot start the operator: it ended at once: ${end}`);
    if (clock.monotonicMs() > endMs) {
      const why = missing() ?? 'its Lease';
      throw new Error(`Cannot start the operator: after ${readyTimeoutMs} ms it waits for ${why}`);
    }
  }
}
