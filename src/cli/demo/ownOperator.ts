import {randomUUID} from 'node:crypto';
import {defaultConfig} from '../../config.ts';
import type {Transport} from '../../kube/transport.ts';
import {sleep, systemClock} from '../../lib/clock.ts';
import {silentLog} from '../../lib/log.ts';
import {systemRandom} from '../../lib/random.ts';
import type {CycleSummary} from '../../observe/cycleSummary.ts';
import {Metrics} from '../../observe/metrics.ts';
import {Operator, type OperatorEnd} from '../../operator.ts';
import {createLedger} from '../createLedger.ts';
import type {StartedOperator} from './run.ts';

export interface OwnOperatorOptions {
  readonly transport: Transport;
  /**
   * Of its ledger, its Lease and the namespace of that: what it leaves behind goes with the demo.
   */
  readonly name: string;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

const readyPollMs = 5;
const readyTimeoutMs = 60_000;

/** Starts the real operator in this process, with the settings it has when nothing is set. */
export function startOperator(options: OwnOperatorOptions): StartedOperator {
  const {transport, name, signal, progress} = options;
  progress('starting the operator');
  const config = defaultConfig({
    ledger: {kind: 'kubernetes', name},
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
  return {
    ready: untilReady(operator, running, signal),
    read: () => ({
      cycles: [...cycles],
      misses: operator.stages.cache.cacheStats.misses,
      invalidations: operator.stages.cache.cacheStats.invalidations,
    }),
    stopped: running.then(() => {}),
  };
}

async function untilReady(
  operator: Operator,
  running: Promise<OperatorEnd>,
  signal: AbortSignal,
): Promise<void> {
  const endMs = systemClock.monotonicMs() + readyTimeoutMs;
  let end: OperatorEnd | undefined;
  const ended = running.then((how) => {
    end = how;
  });
  const missing = () => operator.checks.map(({waitingFor}) => waitingFor()).find(Boolean);
  while (!operator.isLeader || missing() !== undefined) {
    await Promise.race([sleep(systemClock, readyPollMs, signal), ended]);
    signal.throwIfAborted();
    if (end !== undefined) throw new Error(`Cannot start the operator: it ended at once: ${end}`);
    if (systemClock.monotonicMs() > endMs) {
      const why = missing() ?? 'its Lease';
      throw new Error(`Cannot start the operator: after ${readyTimeoutMs} ms it waits for ${why}`);
    }
  }
}
