import {readdirSync, readFileSync} from 'node:fs';
import {parse as parseYaml} from 'yaml';
import {EmbeddedApiServer} from '../../embedded/embeddedApiServer.ts';
import {connect} from '../../kube/connect.ts';
import {preflight} from '../../kube/preflight.ts';
import {containerRequests, pathOf} from '../../kube/resource.ts';
import {sendOrThrow, type Transport} from '../../kube/transport.ts';
import {systemClock} from '../../lib/clock.ts';
import {systemRandom} from '../../lib/random.ts';
import {findOperator} from './findOperator.ts';
import {inTurn} from './inTurn.ts';
import {demoLabel} from './objects.ts';
import {startOperator} from './ownOperator.ts';
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
  const server = new EmbeddedApiServer({clock: systemClock, random: systemRandom});
  for (const crd of readCrds()) server.applyCrd(crd);
  const transport = server.transport();
  return {
    transport,
    server: 'embedded API server',
    ledger: 'kubernetes',
    startOperator: (name, signal) => startOperator({transport, name, signal, progress}),
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
      startOperator: (name, over) => startOperator({transport, name, signal: over, progress}),
      inTurn: (over, work) =>
        inTurn({transport, progress, signal: over}, async (turn) => {
          await refuseBesideOthers(transport, turn);
          return work(turn);
        }),
    };
  } catch (error) {
    await transport.close();
    throw error;
  }
}

async function refuseBesideOthers(transport: Transport, signal: AbortSignal): Promise<void> {
  const query = {limit: 1, labelSelector: `!${demoLabel}`};
  const foreign = await sendOrThrow<{items: {metadata: {namespace: string; name: string}}[]}>(
    transport,
    {method: 'GET', path: pathOf(containerRequests), query},
    signal,
  );
  const [first] = foreign.items;
  if (!first) return;
  const {namespace, name} = first.metadata;
  throw new Error(
    `Cannot start an operator of its own there: it would place the ContainerRequests of others, ${namespace}/${name} for example; install Berth (deploy/) and run the demo again`,
  );
}

/** The CRDs lie beside the bundle, or beside the source. */
function readCrds(): readonly object[] {
  const folders = [new URL('./crds/', import.meta.url), new URL('../../../crds/', import.meta.url)];
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
