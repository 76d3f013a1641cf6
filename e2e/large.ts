import {createBurst} from '../src/cli/burst/floor.ts';
import {inLanes} from '../src/cli/burst/inLanes.ts';
import {burstWorker, create, numbered} from '../src/cli/burst/objects.ts';
import {median} from '../src/cli/burst/statistics.ts';
import {spreadText} from '../src/cli/perf/spread.ts';
import {namespaces, pathOf, workers} from '../src/kube/resource.ts';
import {sleep, systemClock} from '../src/lib/clock.ts';
import {startApiServer} from '../test/servers/apiServer.ts';
import {Installation} from './installation.ts';
import {kubernetesChoice as choice} from './ledgerUnderTest.ts';
import type {OperatorProcess} from './operatorProcess.ts';

/**
 * A replica that starts beside many workers and many waiting requests on a real API server: how
 * long until its first batch, how much memory, and whether its cycles take longer than later ones,
 * with fewer waiting. Each start has as many waiting as the first one.
 *
 * Usage: node e2e/large.ts [STARTS [SECONDS [WORKERS [REQUESTS]]]]
 *   STARTS    5 when absent
 *   SECONDS   from the first batch of a start to its end; 30 when absent
 *   WORKERS   5,000 when absent
 *   REQUESTS  that wait; 150,000 when absent
 */
const [starts, seconds, workerCount, requestCount] = [5, 30, 5_000, 150_000].map(
  (fallback, index) => Number(process.argv[2 + index] ?? fallback),
) as [number, number, number, number];
const name = 'large';
const pollMs = 500;
/** A start that has placed nothing by then is given up. */
const mostMs = 300_000;
const never = new AbortController().signal;

/** What the log says of one cycle. */
interface Cycle {
  readonly atMs: number;
  readonly batchSize: number;
  readonly ready: number;
  readonly ownMs: number;
}

interface Start {
  /** From exec until the last list was in. */
  readonly listsMs: number;
  /** From there to the first batch. */
  readonly firstBatchMs: number;
  /** Resident, the most that was seen. */
  readonly memoryMb: number;
  readonly placed: number;
  readonly cycles: readonly Cycle[];
}

const say = (line: string) => process.stdout.write(`${line}\n`);

const api = await startApiServer();
const ledger = await choice.start(api);
const installation = await Installation.install(api, choice.installer, ledger.settings);
const transport = api.transport();
const body = {apiVersion: 'v1', kind: 'Namespace', metadata: {name}};
await create(transport, pathOf(namespaces), body);
await inLanes(numbered(`${name}-worker`, workerCount), async (workerName) => {
  await create(transport, pathOf(workers), burstWorker(workerName, name));
});
await createRequests(numbered('r', requestCount));

const results: Start[] = [];
for (let index = 0; index < starts; index++) {
  const before = results.at(-1);
  if (before) await createRequests(numbered(`r-${index}`, before.placed));
  const result = await measureStart();
  results.push(result);
  say(`start ${index + 1} of ${starts}: ${(result.firstBatchMs / 1000).toFixed(2)} s`);
}
report(results);
await ledger.stop();
await api.stop();
process.exit(0);

async function createRequests(names: readonly string[]): Promise<void> {
  let sent = 0;
  const onSent = () => {
    if (++sent % 10_000 === 0) say(`created ${sent} of ${names.length} requests`);
  };
  await createBurst({transport, namespace: name, poolName: name, names, onSent});
}

async function measureStart(): Promise<Start> {
  const startMs = systemClock.nowMs();
  const operator = await installation.startOperator();
  const lines = new Map<string, Record<string, unknown>>();
  let memoryMb = 0;
  for (let endMs = startMs + mostMs; systemClock.nowMs() < endMs; ) {
    await sleep(systemClock, pollMs, never);
    gather(operator, lines);
    memoryMb = Math.max(memoryMb, (await operator.metric('process_resident_memory_bytes')) / 1e6);
    const [first] = cyclesIn(lines);
    if (first) endMs = first.atMs + seconds * 1000;
  }
  const cycles = cyclesIn(lines);
  if (cycles.length === 0) throw new Error(`Cannot measure as nothing was placed\n${operator.log}`);
  await operator.stop();
  const listed = [...lines.values()].filter(({msg}) => msg === 'first list is in');
  const listedMs = Math.max(...listed.map(timeOf));
  return {
    listsMs: listedMs - startMs,
    firstBatchMs: cycles[0]!.atMs - listedMs,
    memoryMb,
    placed: cycles.reduce((sum, {batchSize}) => sum + batchSize, 0),
    cycles,
  };
}

function report(results: readonly Start[]): void {
  const spread = (of: (result: Start) => number, digits: number) =>
    spreadText(results.map(of), (value) => value.toFixed(digits));
  say(
    `${workerCount} workers, ${requestCount} waiting requests, kubernetes ledger, median (least..most) of ${results.length}`,
  );
  say(`  exec -> lists are in, s   ${spread(({listsMs}) => listsMs / 1000, 1)}`);
  say(`  lists -> first batch, s   ${spread(({firstBatchMs}) => firstBatchMs / 1000, 2)}`);
  say(`  resident memory, MB       ${spread(({memoryMb}) => memoryMb, 0)}`);
  say(`  placed in ${seconds} s            ${spread(({placed}) => placed, 0)}`);
  const tenthOf = (cycles: readonly Cycle[]) => Math.ceil(cycles.length / 10);
  for (const [what, someOf] of [
    ['first tenth', (cycles: readonly Cycle[]) => cycles.slice(0, tenthOf(cycles))],
    ['last tenth', (cycles: readonly Cycle[]) => cycles.slice(-tenthOf(cycles))],
  ] as const) {
    const perRequestUs = ({cycles}: Start) =>
      median(someOf(cycles).map(({ownMs, batchSize}) => (ownMs / batchSize) * 1000));
    const waiting = ({cycles}: Start) => median(someOf(cycles).map(({ready}) => ready));
    say(
      `  ${what.padEnd(11)} of the cycles: ${spread(perRequestUs, 0)} us of this process a request, ${spread(waiting, 0)} waiting`,
    );
  }
}

/** The process keeps its last lines only. */
function gather({log}: OperatorProcess, lines: Map<string, Record<string, unknown>>): void {
  for (const line of log.split('\n')) {
    if (line.startsWith('{') && !lines.has(line)) lines.set(line, JSON.parse(line));
  }
}

function timeOf({time}: Record<string, unknown>): number {
  return Date.parse(String(time));
}

/** With a batch; the commit is left out, as that is the server's time. */
function cyclesIn(log: ReadonlyMap<string, Record<string, unknown>>): readonly Cycle[] {
  return [...log.values()]
    .filter(({msg, batchSize}) => msg === 'cycle done' && Number(batchSize) > 0)
    .map((line) => {
      const {snapshot, place, assume, handOver} = line['phasesMs'] as Record<string, number>;
      const ownMs = snapshot! + place! + assume! + handOver!;
      return {
        atMs: timeOf(line),
        batchSize: Number(line['batchSize']),
        ready: Number(line['ready']),
        ownMs,
      };
    });
}
