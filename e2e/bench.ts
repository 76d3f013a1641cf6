import {createBurst, createFinished, runFloor} from '../src/cli/burst/floor.ts';
import {inLanes} from '../src/cli/burst/inLanes.ts';
import {numbered} from '../src/cli/burst/objects.ts';
import {spreadText} from '../src/cli/perf/spread.ts';
import {namespaces, pathOf, workers} from '../src/kube/resource.ts';
import {sendOrThrow, type Transport} from '../src/kube/transport.ts';
import {systemClock} from '../src/lib/clock.ts';
import {type RealApiServer, startApiServer} from '../test/servers/apiServer.ts';
import {coreTimeOf} from './coreTime.ts';
import {Installation} from './installation.ts';
import {type LedgerUnderTest, ledgersUnderTest} from './ledgerUnderTest.ts';
import {Witness} from './measure.ts';
import type {OperatorProcess} from './operatorProcess.ts';
import {clear, warmUp} from './warmUp.ts';

/**
 * The figures of the README, measured from outside on a real API server, each burst beside its
 * floor (the same creates and status patches by a bare client, alternating in the same run).
 *
 * Usage: node e2e/bench.ts [ROUNDS [REQUESTS/WORKERS ...]]
 *   ROUNDS            of each burst; 5 when absent
 *   REQUESTS/WORKERS  the bursts, and no start; 100/20 and 2000/200 and a start when absent
 */
const [roundsText = '5', ...sizes] = process.argv.slice(2);
const rounds = Number(roundsText);
const bursts = (sizes.length > 0 ? sizes : ['100/20', '2000/200']).map(burstOf);
/** After so many bursts of 100 neither an operator nor an API server gets faster any more. */
const warmUpBursts = 10;
const start = {workers: 1_000, finished: 20_000};

const say = (line: string) => process.stdout.write(`${line}\n`);

for (const choice of ledgersUnderTest) {
  const api = await startApiServer();
  const ledger = await choice.start(api);
  const installation = await Installation.install(api, choice.installer, ledger.settings);
  for (const burst of bursts) await measureBurst(choice.kind, ledger, api, installation, burst);
  if (choice.kind === 'kubernetes' && sizes.length === 0) await measureStart(api, installation);
  await ledger.stop();
  await api.stop();
}
process.exit(0);

/** @throws Error when `text` is not two positive integers with a slash between them */
function burstOf(text: string): {requests: number; workers: number} {
  const [requests = 0, workers = 0] = text.split('/').map(Number);
  if (!(requests > 0 && workers > 0)) {
    throw new Error(
      `Cannot measure a burst as it must be REQUESTS/WORKERS: current value is ${text}`,
    );
  }
  return {requests, workers};
}

async function measureBurst(
  kind: string,
  ledger: LedgerUnderTest,
  api: RealApiServer,
  installation: Installation,
  size: {requests: number; workers: number},
): Promise<void> {
  const name = `burst-${size.requests}`;
  const transport = api.transport();
  await createWorkers(transport, name, size.workers);
  for (const namespace of [name, 'floor']) await createNamespace(transport, namespace);
  const witness = await Witness.start(api.transport());
  /** Commits as the API server or Redis counts them, but for those that only carry releases. */
  const counts = async (operator: OperatorProcess) => ({
    commits:
      (await ledger.commits()) -
      (await operator.metric('berth_ledger_commits_total', {for: 'releases'})),
    batches: await operator.metric('berth_cycles_total'),
    ...(await coreTimeOf(operator.pid)),
  });
  const floor = async (names: readonly string[]) => {
    const ms = await runFloor({transport, namespace: 'floor', poolName: 'none', names});
    // A leader writes the conditions of whatever has ended: that work is not of the burst.
    await clear(witness, {transport, namespace: 'floor'});
    return ms;
  };
  const ours = async (round: number) => {
    const operator = await installation.startOperator();
    await operator.untilLeading();
    const burst = {transport, namespace: name, poolName: name};
    await warmUp(witness, burst, warmUpNames(`warm-up-${round}`));
    const before = await counts(operator);
    const names = numbered(`r-${round}`, size.requests);
    const startMs = systemClock.monotonicMs();
    await createBurst({...burst, names});
    const totalMs = (await witness.lastPlacedMs(name, names, 120_000)) - startMs;
    const loopDelayMs = await loopDelayP99Ms(operator);
    const after = await counts(operator);
    const memoryMb = (await operator.metric('process_resident_memory_bytes')) / 1e6;
    await operator.stop();
    await clear(witness, burst);
    return {
      totalMs,
      memoryMb,
      loopDelayMs,
      ranMs: after.ranMs - before.ranMs,
      waitedMs: after.waitedMs - before.waitedMs,
      commits: after.commits - before.commits,
      batches: after.batches - before.batches,
    };
  };
  for (const names of warmUpNames('floor-warm-up')) await floor(names);
  const results: (Awaited<ReturnType<typeof ours>> & {floorMs: number})[] = [];
  for (let round = 0; round < rounds; round++) {
    const floorOf = () => floor(numbered(`floor-${round}`, size.requests));
    // First in one round and last in the next: what drifts meanwhile hits both.
    const before = round % 2 === 0 ? await floorOf() : undefined;
    const measured = await ours(round);
    results.push({...measured, floorMs: before ?? (await floorOf())});
  }
  const {violationCount, revisions} = await witness.verdict();
  const of = (pick: (result: (typeof results)[number]) => number) => results.map(pick);
  const ratios = of(({totalMs, floorMs}) => totalMs / floorMs);
  const spread = (values: readonly number[], digits = 0) =>
    spreadText(values, (value) => value.toFixed(digits));
  say(
    `${kind} ledger, ${size.requests} requests on ${size.workers} workers, median (least..most) of ${rounds}`,
  );
  say(`  total ms          ${spread(of(({totalMs}) => totalMs))}`);
  say(`  floor ms          ${spread(of(({floorMs}) => floorMs))}`);
  say(`  total / floor     ${spread(ratios, 2)}`);
  say(`  placements a s    ${spread(of(({totalMs}) => (size.requests / totalMs) * 1000))}`);
  say(
    `  commits / batches ${results.map(({commits, batches}) => `${commits}/${batches}`).join(' ')}`,
  );
  say(`  memory MB         ${spread(of(({memoryMb}) => memoryMb))}`);
  const loopDelays = of(({loopDelayMs}) => loopDelayMs);
  say(`  loop delay p99 ms ${spread(loopDelays, 1)}`);
  say(`  on a core ms      ${spread(of(({ranMs}) => ranMs))}`);
  say(`  waited for one ms ${spread(of(({waitedMs}) => waitedMs))}`);
  say(`  violations        ${violationCount} in ${revisions} revisions`);
}

/** How late the event loop of the operator was, since its metrics were last read. */
async function loopDelayP99Ms(operator: OperatorProcess): Promise<number> {
  // Node notes the time from timer to timer, and the timer's own 10 ms are in it.
  const timerMs = 10;
  return (await operator.metric('nodejs_eventloop_lag_p99_seconds')) * 1000 - timerMs;
}

function warmUpNames(prefix: string): readonly (readonly string[])[] {
  return numbered(prefix, warmUpBursts).map((burst) => numbered(burst, 100));
}

async function measureStart(api: RealApiServer, installation: Installation): Promise<void> {
  const transport = api.transport();
  await createWorkers(transport, 'start', start.workers);
  await createNamespace(transport, 'finished');
  await createNamespace(transport, 'first');
  const names = numbered('finished', start.finished);
  await createFinished({transport, namespace: 'finished', poolName: 'start', names});
  const witness = await Witness.start(api.transport());
  const seconds: number[] = [];
  const memoryMb: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const waiting = numbered(`first-${round}`, 1);
    await createBurst({transport, namespace: 'first', poolName: 'start', names: waiting});
    const startMs = systemClock.monotonicMs();
    const operator = await installation.startOperator();
    const placedMs = await witness.lastPlacedMs('first', waiting, 120_000);
    seconds.push((placedMs - startMs) / 1000);
    memoryMb.push((await operator.metric('process_resident_memory_bytes')) / 1e6);
    await operator.stop();
  }
  await witness.verdict();
  say(`start with ${start.workers} workers and ${start.finished} finished requests, of ${rounds}`);
  say(
    `  s from exec to the first placement seen ${seconds.map((value) => value.toFixed(2)).join(' ')}`,
  );
  say(
    `  memory MB                               ${memoryMb.map((value) => value.toFixed(0)).join(' ')}`,
  );
}

async function createWorkers(transport: Transport, poolName: string, count: number): Promise<void> {
  await inLanes(numbered(`${poolName}-worker`, count), async (name) => {
    const spec = {poolName, capacity: {cpu: '4', memory: '16Gi'}};
    const body = {apiVersion: 'berth.dev/v1alpha1', kind: 'Worker', metadata: {name}, spec};
    await sendOrThrow(transport, {method: 'POST', path: pathOf(workers), body});
  });
}

async function createNamespace(transport: Transport, name: string): Promise<void> {
  const body = {apiVersion: 'v1', kind: 'Namespace', metadata: {name}};
  const reply = await transport.send({method: 'POST', path: pathOf(namespaces), body});
  if (reply.status !== 201 && reply.status !== 409)
    throw new Error(`Cannot create ${name}: ${reply.status}`);
}
