import {type ConnectOptions, connect} from '../../kube/connect.ts';
import {preflight} from '../../kube/preflight.ts';
import type {Transport} from '../../kube/transport.ts';
import {type Clock, systemClock} from '../../lib/clock.ts';
import {startEmbeddedServer} from '../burst/embeddedServer.ts';
import {findOperator} from '../burst/findOperator.ts';
import {inTurn} from '../burst/inTurn.ts';
import {refuseBesideOthers} from '../burst/refuseBesideOthers.ts';
import {countsOfMetrics, EmbeddedCounts} from './apiCounts.ts';
import type {CallCounts} from './callCounts.ts';
import {LoopDelayWatch} from './loopDelay.ts';

/** What a measurement runs on. */
export interface PerfStage {
  /** For the first line of the report. */
  readonly server: string;
  readonly version: string;
  /** Who counts calls to it. */
  readonly countedBy: string;
  /** Of whoever creates requests and cleans up; the bare client of the floor has it too. */
  readonly client: Transport;
  readonly operator: Transport;
  readonly observer: Transport;
  readonly counts: () => Promise<CallCounts>;
  /** Everything is timed by it. */
  readonly clock: Clock;
  readonly watchLoop: () => Pick<LoopDelayWatch, 'start' | 'stop'>;
  /** As the stage of a demo. */
  readonly inTurn: <T>(
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ) => Promise<T>;
  readonly close: () => Promise<void>;
}

export interface ClusterOptions {
  /** Which cluster. */
  readonly to: ConnectOptions;
  readonly usesLedgerObject: boolean;
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}

/** An API server in this process, for this run alone. */
export function embeddedStage(
  progress: (line: string) => void,
  clock: Clock = systemClock,
): PerfStage {
  progress('starting the embedded API server');
  const counted = new EmbeddedCounts();
  const server = startEmbeddedServer({onCall: counted.onCall, clock});
  const [client, operator, observer] = [server.transport(), server.transport(), server.transport()];
  return {
    server: 'embedded API server, in this process: no network, no etcd',
    version: 'embedded',
    countedBy: 'the embedded API server',
    ...{client, operator, observer},
    counts: async () => counted.counts,
    ...{clock, watchLoop: () => new LoopDelayWatch()},
    inTurn: (signal, work) => work(signal),
    close: async () => {
      await Promise.all([client, operator, observer].map((transport) => transport.close()));
    },
  };
}

/**
 * A real cluster on which no operator leads and no request of others is: those would be measured
 * as well. The client, the operator and the observer have connections of their own each, so that
 * none waits for another's.
 * @throws Error with one sentence where the cluster cannot be used
 */
export async function clusterStage(options: ClusterOptions): Promise<PerfStage> {
  const {to, usesLedgerObject, progress, signal} = options;
  const opened: Transport[] = [];
  const open = async () => {
    const connection = await connect(to, signal);
    opened.push(connection.transport);
    return connection;
  };
  const close = async () => {
    await Promise.all(opened.map((transport) => transport.close()));
  };
  try {
    const {transport: client, url, serverVersion} = await open();
    const server = `API server ${serverVersion} at ${url}`;
    progress(`connected to ${server}`);
    const problems = await preflight({transport: client, usesLedgerObject}, signal);
    if (problems.length > 0) throw new Error(problems.join(' '));
    const leader = await findOperator(client, signal);
    if (leader !== undefined) {
      throw new Error(
        `Cannot measure there: an operator leads already (${leader}) and would take the requests; stop it, or name another cluster`,
      );
    }
    return {
      server,
      version: serverVersion,
      countedBy: '/metrics of the API server',
      client,
      operator: (await open()).transport,
      observer: (await open()).transport,
      counts: () => countsOfMetrics(client),
      ...{clock: systemClock, watchLoop: () => new LoopDelayWatch()},
      inTurn: (over, work) =>
        inTurn({what: 'measurement', transport: client, progress, signal: over}, async (turn) => {
          await refuseBesideOthers({transport: client, what: 'measurement'}, turn);
          return work(turn);
        }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
