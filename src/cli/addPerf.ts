import {type Command, Option} from 'commander';
import {numberOf} from './argumentParsers.ts';
import type {PerfOptions} from './perfCommand.ts';

const perfHelp = `
It runs the real operator in this process and measures it beside its floor, the same writes by a bare
client, and beside the same operator without batches, cache and affinity. Everything that it creates is
in a namespace and a pool of its own, and is removed; it refuses a cluster on which an operator leads or
that has ContainerRequests of others. Without --kubeconfig it runs on the embedded API server.
The exit code is 0 when every criterion of the report holds, 1 when one does not, 130 when interrupted.`;

/** `berth perf` and its options. */
export function addPerf(program: Command): void {
  program
    .command('perf')
    .description('Measure a burst of placements, beside what a bare client needs for its writes.')
    .showHelpAfterError('(berth perf --help lists the options)')
    .addHelpText('after', perfHelp)
    .option('--requests <count>', 'ContainerRequests of a burst', numberOf(1, 10_000), 100)
    .option('--workers <count>', 'Workers', numberOf(1, 1_000), 20)
    .addOption(
      new Option('--ledger <kind>', 'who owns capacity at commit time')
        .choices(['kubernetes', 'redis', 'memory'])
        .default('kubernetes'),
    )
    .option('--redis-url <url>', 'Redis of the ledger; redis://127.0.0.1:6379 when absent')
    .option(
      '--repeat <count>',
      'rounds: of each figure the median and its spread',
      numberOf(1, 100),
      1,
    )
    .option('--no-old', 'leave out the comparison with the operator without batches')
    .option('--json', 'print every figure of every round as JSON')
    .option(
      '--html <file>',
      'write the report as one page too: timeline, latencies, distribution, nothing from elsewhere',
    )
    .option('--kubeconfig <file>', 'kubeconfig of the cluster to measure on')
    .option('--context <name>', 'context of the kubeconfig')
    .action(async (options: PerfOptions, command: Command) => {
      if (options.context !== undefined && options.kubeconfig === undefined) {
        command.error("error: option '--context <name>' needs '--kubeconfig <file>'");
      }
      if (options.redisUrl !== undefined && options.ledger !== 'redis') {
        command.error(
          `error: option '--redis-url <url>' needs '--ledger redis': current value is '${options.ledger}'`,
        );
      }
      const {runPerfCommand} = await import('./perfCommand.ts');
      await runPerfCommand(options);
    });
}
