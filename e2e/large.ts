import {createBurst} from '../src/cli/burst/floor.ts';
import {inLanes} from '../src/cli/burst/inLanes.ts';
import {burstWorker, create, numbered} from '../src/cli/burst/objects.ts';
import {median} from '../src/cli/burst/statistics.ts';
import {namespaces, pathOf, workers} from '../src/kube/resource.ts';
import {sleep, systemClock} from '../src/lib/clock.ts';
import {startApiServer} from '../test/servers/apiServer.ts';
import {Installation} from './installation.ts';
import {kubernetesChoice as choice} from './ledgerUnderTest.ts';
import type {OperatorProcess} from './operatorProcess.ts';

/**
 * A replica that starts beside many workers and many waiting requests on a real API server: how
 * long until its first batch, how much memory, and whether its cycles take longer than later ones,
 * with fewer waiting.
 *
 * Usage: node e2e/large.ts [WORKERS [REQUESTS [SECONDS]]]      5,000, 150,000 and 60 when absent
 */
const [workerCount, requestCount, seconds] = [5_000, 150_000, 60].map((fallback, index) =>
  Number(process.argv[2 + index] ?? fallback),
) as [number, number, number];
const name = 'large';
const pollMs = 500;
const never = new AbortController().signal;

/** What the log says of one cycle. */
interface Cycle {
  readonly atMs: number;
  readonly batchSize: number;
  readonly ready: number;
  readonly ownMs: number;
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
const names = numbered('r', requestCount);
let sent = 0;
const onSent = () => {
  if (++sent % 10_000 === 0) say(`created ${sent} of ${requestCount} requests`);
};
await createBurst({transport, namespace: name, poolName: name, names, onSent});

const startMs = systemClock.nowMs();
const operator = await installation.startOperator();
const lines = new Map<string, Record<string, unknown>>();
let [memoryMb, elapsedMs] = [0, 0];
const firstBatchMs = () => cyclesIn(lines)[0]?.atMs;
while ((firstBatchMs() ?? Infinity) + seconds * 1000 > systemClock.nowMs() && elapsedMs < 300_000) {
  await sleep(systemClock, pollMs, never);
  elapsedMs = systemClock.nowMs() - startMs;
  gather(operator);
  memoryMb = Math.max(memoryMb, (await operator.metric('process_resident_memory_bytes')) / 1e6);
}
const cycles = cyclesIn(lines);
if (cycles.length === 0) throw new Error(`Cannot measure as no batch was placed\n${operator.log}`);
const listed = [...lines.values()].filter(({msg}) => msg === 'first list is in');
const listMs = Math.max(...listed.map(timeOf));
const placed = cycles.reduce((sum, {batchSize}) => sum + batchSize, 0);
say(`${workerCount} workers, ${requestCount} waiting requests, kubernetes ledger`);
say(`  exec -> lists are in      ${((listMs - startMs) / 1000).toFixed(1)} s`);
say(`  lists -> first batch      ${((cycles[0]!.atMs - listMs) / 1000).toFixed(2)} s`);
say(`  resident memory, most     ${memoryMb.toFixed(0)} MB`);
say(`  placed                    ${placed} in ${seconds} s`);
const tenth = Math.ceil(cycles.length / 10);
for (const [what, some] of [
  ['first', cycles.slice(0, tenth)],
  ['last', cycles.slice(-tenth)],
] as const) {
  const perRequest = some.map(({ownMs, batchSize}) => (ownMs / batchSize) * 1000);
  const waiting = median(some.map(({ready}) => ready));
  say(
    `  ${what.padEnd(5)} tenth of ${cycles.length} cycles: ${median(perRequest).toFixed(0)} us of this process a request, ` +
      `${median(some.map(({ownMs}) => ownMs)).toFixed(2)} ms a cycle, ${waiting} waiting`,
  );
}
await operator.stop();
await ledger.stop();
await api.stop();
process.exit(0);

/** The process keeps its last lines only. */
function gather({log}: OperatorProcess): void {
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
