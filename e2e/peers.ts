import {availableParallelism, cpus, loadavg} from 'node:os';
import {Command, Option} from 'commander';
import {numberOf} from '../src/cli/argumentParsers.ts';
import {requestsAWorker} from '../src/cli/burst/objects.ts';
import {systemClock} from '../src/lib/clock.ts';
import {startApiServer} from '../test/servers/apiServer.ts';
import {makeTempFolder} from '../test/servers/tempFolder.ts';
import {type LedgerChoice, ledgersUnderTest} from './ledgerUnderTest.ts';
import {berth} from './peers/berth.ts';
import {kubeScheduler, kubeSchedulerUser} from './peers/kubeScheduler.ts';
import {peersReport} from './peers/report.ts';
import {runPeers} from './peers/run.ts';

/**
 * Berth against kube-scheduler, in alternating runs on one API server that is started for it:
 * `node e2e/peers.ts --help`, `make bench-peers`. What is measured how is in test/perf/README.md.
 */
interface Options {
  readonly workers: number;
  readonly requests: number;
  readonly rounds: number;
  readonly ledger: LedgerChoice['kind'];
  readonly json?: boolean;
}

const program = new Command('bench-peers')
  .option('--workers <count>', 'Workers, and as many Nodes', numberOf(1, 20_000), 1_000)
  .option('--requests <count>', 'objects a burst, 100m and 128Mi each', numberOf(2, 50_000), 3_000)
  .option('--rounds <count>', 'alternating pairs of runs', numberOf(1, 100), 3)
  .addOption(
    new Option('--ledger <kind>', 'ledger of Berth')
      .choices(ledgersUnderTest.map(({kind}) => kind))
      .default('kubernetes'),
  )
  .option('--json', 'print every figure of every round as JSON')
  .parse();
const options = program.opts<Options>();
if (options.requests > options.workers * requestsAWorker) {
  program.error(
    `error: option '--requests <count>' must be at most ${requestsAWorker} a worker: current value is ${options.requests} for ${options.workers} workers`,
  );
}

const startMs = systemClock.monotonicMs();
const progress = (line: string) => {
  const elapsed = ((systemClock.monotonicMs() - startMs) / 1000).toFixed(1);
  process.stderr.write(`[${elapsed.padStart(5)} s] ${line}\n`);
};
const load = () => loadavg().map((value) => value.toFixed(2));

const loadBefore = load();
const api = await startApiServer({users: [{name: kubeSchedulerUser}]});
const peer = await kubeScheduler(api, makeTempFolder('peers'));
const ours = await berth(api, ledgersUnderTest.find(({kind}) => kind === options.ledger)!);
const {workers: hosts, requests: objects} = options;
const rounds = await runPeers({
  api,
  peer,
  berth: ours,
  hosts,
  objects,
  rounds: options.rounds,
  progress,
});
await ours.close();
await api.stop();
if (options.json) {
  process.stdout.write(`${JSON.stringify(rounds, undefined, 2)}\n`);
} else {
  const machine = `${availableParallelism()} x ${cpus()[0]?.model ?? 'unknown'}`;
  const lines = [
    `${hosts} Nodes or Workers, ${objects} Pods or ContainerRequests; ${machine}; Node ${process.version};`,
    `load average before ${loadBefore.join(' ')}, after ${load().join(' ')}`,
    '',
    ...peersReport(rounds, {peer: peer.name, berth: ours.name}),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
process.exit(0);
