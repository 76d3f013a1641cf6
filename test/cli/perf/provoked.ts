import {deleteRequests} from '../../../src/cli/burst/deleteRequests.ts';
import {runFloor} from '../../../src/cli/burst/floor.ts';
import {burstNamespace, burstWorker, create, numbered} from '../../../src/cli/burst/objects.ts';
import type {CallCounter} from '../../../src/cli/perf/callCounts.ts';
import type {PerfFigures} from '../../../src/cli/perf/figures.ts';
import {measureBurst} from '../../../src/cli/perf/measureBurst.ts';
import {unprofiled} from '../../../src/cli/perf/profile.ts';
import {embeddedStage, type PerfStage} from '../../../src/cli/perf/stage.ts';
import {ourVariant, type Variant} from '../../../src/cli/perf/variant.ts';
import {FaultyTransport} from '../../../src/embedded/faultyTransport.ts';
import {namespaces, pathOf, workers as workersResource} from '../../../src/kube/resource.ts';
import type {ApiCall, Transport} from '../../../src/kube/transport.ts';
import type {Clock} from '../../../src/lib/clock.ts';
import {VirtualClock} from '../../../src/lib/virtualClock.ts';
import {makePerf} from './figures.ts';

export interface Provocation {
  readonly requests?: number;
  readonly workers?: number;
  readonly targetMs?: number;
  /** What the measured operator does otherwise. */
  readonly variant?: (transport: Transport) => Partial<Variant>;
  readonly config?: Parameters<typeof measureBurst>[0]['ledger'];
  /** Around the connections of the operator alone. */
  readonly operator?: Around;
  /** Around those of the bare client as well. */
  readonly everybody?: Around;
  /** What blocks the process blocks it in real time. */
  readonly isReal?: boolean;
}

export type Around = (transport: Transport, clock: Clock) => Transport;

/** What a call takes on a clock on which work takes no time. */
const callMs = 1;
const noDelay = {p99Ms: 0, maxMs: 0};

/** One round of the real operator on the embedded API server, with something wrong. */
export async function provoke(provocation: Provocation): Promise<PerfFigures> {
  if (provocation.isReal)
    return provokeOn(
      embeddedStage(() => {}),
      provocation,
    );
  const clock = new VirtualClock();
  const stage = {
    ...embeddedStage(() => {}, clock),
    watchLoop: () => ({start() {}, stop: async () => noDelay}),
  };
  const [client, operator] = [stage.client, stage.operator].map((transport) =>
    delayed(callMs, (_, isWatch) => !isWatch)(transport, clock),
  ) as [Transport, Transport];
  const figures = provokeOn({...stage, client, operator}, provocation);
  let isOver = false;
  const ended = () => {
    isOver = true;
  };
  figures.then(ended, ended);
  if (!(await clock.run(() => isOver))) throw new Error('Cannot go on: nothing is left to happen');
  return figures;
}

async function provokeOn(embedded: PerfStage, provocation: Provocation): Promise<PerfFigures> {
  const {requests = 100, workers = 20, targetMs = 60_000, everybody = (t) => t} = provocation;
  const {operator = delayed(20, isPlacement), config = {}, variant} = provocation;
  const {clock} = embedded;
  const stage: PerfStage = {
    ...embedded,
    client: everybody(embedded.client, clock),
    operator: operator(everybody(embedded.operator, clock), clock),
  };
  const counter: CallCounter = {ledgerCalls: 'it', apiCalls: 'it', read: embedded.counts};
  const name = 'provoked';
  await create(embedded.client, pathOf(namespaces), burstNamespace(name));
  for (const worker of numbered(`${name}-worker`, workers)) {
    await create(embedded.client, pathOf(workersResource), burstWorker(worker, name));
  }
  const names = numbered('floor', requests);
  const signal = new AbortController().signal;
  const floor = {transport: stage.client, namespace: name, poolName: name, names};
  const floorMs = await runFloor(floor, clock);
  await deleteRequests(stage.client, name, signal);
  const ours = await measureBurst(
    {
      ...{stage, name, workers, counter, ledger: config},
      ...{mix: 'cpu', timeoutMs: 10_000, profile: unprofiled},
    },
    {
      variant: {...ourVariant, ...variant?.(stage.operator)},
      warmUp: numbered('warm', Math.min(requests, 20)),
      names: numbered('ours', requests),
      around: unprofiled,
    },
    signal,
  );
  await stage.close();
  return makePerf({requests, workers, targetMs, rounds: [{floorMs, ours, old: undefined}]});
}

export const isLedgerWrite = ({method, path}: ApiCall): boolean =>
  method === 'PATCH' && path.includes('/ledgers/');
export const isPlacement = ({method, path}: ApiCall): boolean =>
  method === 'PUT' && path.includes('/containerrequests/');

/** Every call that matches is so much later on its way. */
export function delayed(
  beforeMs: number,
  matches: (call: ApiCall, isWatch: boolean) => boolean,
): Around {
  return (transport, clock) => {
    const faulty = new FaultyTransport({transport, clock});
    faulty.inject({fault: {kind: 'delay', beforeMs}, matches, times: Number.POSITIVE_INFINITY});
    return faulty;
  };
}
