import {connect} from '../../kube/connect.ts';
import {preflight} from '../../kube/preflight.ts';
import type {Transport} from '../../kube/transport.ts';
import {startEmbeddedServer} from '../burst/embeddedServer.ts';
import {findOperator} from '../burst/findOperator.ts';
import {inTurn} from '../burst/inTurn.ts';
import {refuseBesideOthers} from '../burst/refuseBesideOthers.ts';
import {startDemoOperator} from './demoOperator.ts';
import type {StartedOperator} from './run.ts';

/** What a demo runs on. */
export interface Stage {
  readonly transport: Transport;
  readonly server: string;
  /** For the report. */
  readonly ledger: string;
  /** Starts the operator where none leads yet. */
  readonly startOperator: (name: string, signal: AbortSignal) => StartedOperator;
  /**
   * Runs `work` once it disturbs nobody; its signal aborts with `signal`, or when the turn is lost.
   */
  readonly inTurn: <T>(
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ) => Promise<T>;
}

export interface ClusterStageOptions {
  readonly kubeconfigPath: string;
  readonly context: string | undefined;
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}

/** An API server in this process, for this run alone. */
export function embeddedStage(progress: (line: string) => void): Stage {
  progress('starting the embedded API server');
  const transport = startEmbeddedServer().transport();
  return {
    transport,
    server: 'embedded API server',
    ledger: 'kubernetes',
    startOperator: (name, signal) => startDemoOperator({transport, name, signal, progress}),
    inTurn: (signal, work) => work(signal),
  };
}

/**
 * A real cluster. The operator that leads there does the work; where none does, the demo starts its
 * own, which places every request of the cluster: so it wants one without requests of others, and
 * takes turns with other demos.
 * @throws Error with one sentence where the cluster cannot be used
 */
export async function clusterStage(options: ClusterStageOptions): Promise<Stage> {
  const {kubeconfigPath, context, progress, signal} = options;
  const {transport, url, serverVersion} = await connect(
    {kubeconfigPath, ...(context === undefined ? {} : {context})},
    signal,
  );
  try {
    const server = `API server ${serverVersion} at ${url}`;
    progress(`connected to ${server}`);
    const problems = await preflight({transport, usesLedgerObject: true}, signal);
    if (problems.length > 0) throw new Error(problems.join(' '));
    const leader = await findOperator(transport, signal);
    if (leader !== undefined) {
      progress(`an operator leads there already (${leader}): the demo uses it`);
      const elsewhere = Promise.withResolvers<void>();
      return {
        transport,
        server,
        ledger: 'installed',
        startOperator: (_, over) => {
          over.addEventListener('abort', () => elsewhere.resolve(), {once: true});
          return {ready: Promise.resolve(), read: () => undefined, stopped: elsewhere.promise};
        },
        inTurn: (over, work) => work(over),
      };
    }
    return {
      transport,
      server,
      ledger: 'kubernetes',
      startOperator: (name, over) => startDemoOperator({transport, name, signal: over, progress}),
      inTurn: (over, work) =>
        inTurn({what: 'demo', transport, progress, signal: over}, async (turn) => {
          await refuseBesideOthers({transport, what: 'demo'}, turn);
          return work(turn);
        }),
    };
  } catch (error) {
    await transport.close();
    throw error;
  }
}
