import {type Command, Option} from 'commander';
import {listOf, numberOf} from './argumentParsers.ts';
import type {PerfRedisOptions} from './perf/perfRedis.ts';
import type {PerfOptions} from './perfCommand.ts';

const perfHelp = `
It runs the real operator in this process and measures it beside its floor, the same creates and a merge
patch of the status each by a bare client, and beside the same operator without batches, cache and
affinity. Everything that it creates is in a namespace and a pool of its own, and is removed; it refuses a
cluster on which an operator leads by a Lease named berth, or that has ContainerRequests of others.
Without --kubeconfig and --server it runs on the embedded API server.

With --rate it creates at a fixed rate instead, and measures each placement from the moment at which its
create was due, also where connections or this process were busy then (no coordinated omission). Each
request is deleted 2 s after it was seen placed, so that as many come as go and the Workers stay at most
half full; the deletes are part of the load, of the floor as well. Placements end as they do in a cluster
that lives: with Workers enough for all of them, every step would get slower with the number of requests.

The exit code is 0 when every criterion of the report holds, 1 when one does not, 130 when interrupted.`;

/** A single process that creates, watches and decides has no more to say above it. */
const mostPerSecond = 2_000;

/** `berth perf` and its options. */
export function addPerf(program: Command): void {
  program
    .command('perf')
    .description('Measure a burst of placements, beside what a bare client needs for its writes.')
    .showHelpAfterError('(berth perf --help lists the options)')
    .addHelpText('after', perfHelp)
    .option('--requests <count>', 'ContainerRequests of a burst', numberOf(1, 10_000), 100)
    .option('--workers <count>', 'Workers', numberOf(1, 1_000), 20)
    .option('--gpus', 'every second Worker has 8 GPUs, every second request wants a fifth of one')
    .addOption(
      new Option('--ledger <kind>', 'who owns capacity at commit time')
        .choices(['kubernetes', 'redis', 'memory'])
        .default('kubernetes'),
    )
    .option('--redis-url <url>', 'Redis of the ledger; redis://127.0.0.1:6379 when absent')
    .option('--redis-username <name>', 'its ACL user')
    .option('--redis-password-file <file>', 'file that holds the password')
    .option('--redis-tls-ca-file <file>', 'TLS with this authority, PEM')
    .option('--redis-tls-cert-file <file>', 'client certificate, PEM')
    .option('--redis-tls-key-file <file>', 'key of the client certificate, PEM')
    .option(
      '--repeat <count>',
      'rounds: of each figure the median and its spread',
      numberOf(1, 100),
      1,
    )
    .option(
      '--rate <list>',
      'instead of bursts: creates a second, one rate after the other, for example 50,100,200',
      listOf(10, numberOf(1, mostPerSecond)),
    )
    .option('--seconds <count>', 'how long each rate lasts', numberOf(1, 3_600), 60)
    .option('--no-old', 'leave out the comparison with the operator without batches')
    .addOption(
      new Option(
        '--profile <kind>',
        'write a V8 profile of what is measured last: the last round, at the last rate',
      ).choices(['cpu', 'heap']),
    )
    .option(
      '--profile-out <file>',
      'where to; berth-perf.cpuprofile or berth-perf.heapprofile when absent',
    )
    .option('--json', 'print every figure of every round as JSON')
    .option(
      '--html <file>',
      'write the report as one page too: timeline, latencies, distribution, nothing from elsewhere',
    )
    .option('--kubeconfig <file>', 'kubeconfig of the cluster to measure on')
    .option('--context <name>', 'context of the kubeconfig')
    .option(
      '--server <url>',
      'measure on this API server, without a kubeconfig; of kubectl proxy for example',
    )
    .option('--token-file <file>', 'bearer token for --server')
    .option('--certificate-authority <file>', 'authority of the certificate of --server')
    .action(async (options: PerfOptions, command: Command) => {
      refuseCombinations(options, command);
      if (options.rate !== undefined) {
        const {runSustainedCommand} = await import('./sustainedCommand.ts');
        return runSustainedCommand({...options, rate: options.rate});
      }
      const {runPerfCommand} = await import('./perfCommand.ts');
      await runPerfCommand(options);
    });
}

const redisNames: readonly (keyof PerfRedisOptions)[] = [
  'redisUrl',
  'redisUsername',
  'redisPasswordFile',
  'redisTlsCaFile',
  'redisTlsCertFile',
  'redisTlsKeyFile',
];

/** Options that say nothing without another one, or beside one. */
function refuseCombinations(options: PerfOptions, command: Command): void {
  const {rate, profile, kubeconfig, server, ledger} = options;
  const isGiven = (name: keyof PerfOptions) => command.getOptionValueSource(name) === 'cli';
  const flagsOf = (name: keyof PerfOptions) =>
    command.options.find((option) => option.attributeName() === name)!.flags;
  const needs: readonly [keyof PerfOptions, boolean, string][] = [
    ['seconds', rate !== undefined, "'--rate <list>'"],
    ['profileOut', profile !== undefined, "'--profile <kind>'"],
    ['context', kubeconfig !== undefined, "'--kubeconfig <file>'"],
    ['tokenFile', server !== undefined, "'--server <url>'"],
    ['certificateAuthority', server !== undefined, "'--server <url>'"],
    ...redisNames.map((name): (typeof needs)[number] => [
      name,
      ledger === 'redis',
      `'--ledger redis': current value is '${ledger}'`,
    ]),
  ];
  for (const [name, isThere, what] of needs) {
    if (!isGiven(name) || isThere) continue;
    command.error(`error: option '${flagsOf(name)}' needs ${what}`);
  }
  if (isGiven('requests') && rate !== undefined) {
    command.error(
      "error: option '--requests <count>' is of bursts: with '--rate <list>' name '--seconds <count>'",
    );
  }
  for (const name of ['html', 'gpus'] as const) {
    if (!isGiven(name) || rate === undefined) continue;
    command.error(
      `error: option '${flagsOf(name)}' is of bursts: it cannot be used with '--rate <list>'`,
    );
  }
  if (server !== undefined && kubeconfig !== undefined) {
    command.error("error: option '--server <url>' cannot be used with '--kubeconfig <file>'");
  }
}
