import {type Command, Option} from 'commander';
import {listOf, numberOf, rangeOf} from './argumentParsers.ts';
import type {SimulateOptions} from './simulateCommand.ts';

const simulateHelp = `
Real operators, an API server in this process, agents and users on one virtual clock: what goes wrong is drawn
from the seed, and the same seed gives the same run, to the byte (its hash is printed). A seed that finds
something is run again with fewer and fewer faults, and the command for the shortest list is printed.
The exit code is 0 when no seed found anything, else 1.
With --ledger redis the answers come from a real server: the same checks, but when an answer comes is not
told by the seed, and the faults of the ledger itself (emptied, failed over) do not happen.`;

const maxFaults = 10_000;

/** `berth simulate` and its options. */
export function addSimulate(program: Command): void {
  program
    .command('simulate')
    .description('Run whole operators against faults drawn from a seed, and audit what they do.')
    .showHelpAfterError('(berth simulate --help lists the options)')
    .addHelpText('after', simulateHelp)
    .option('--seed <number>', 'one seed', numberOf(0, Number.MAX_SAFE_INTEGER))
    .addOption(
      new Option('--seeds <first..last>', 'several seeds').argParser(rangeOf).conflicts('seed'),
    )
    .option('--workers <count>', 'workers at most', numberOf(0, 5_000), 20)
    .option('--requests <count>', 'requests a seed', numberOf(0, 1_000_000), 300)
    .option('--max-faults <count>', 'faults a seed at most', numberOf(0, maxFaults), 30)
    .option('--faults <list>', 'only these of the drawn faults, for example 3,17', faultsOf)
    .addOption(
      new Option('--ledger <kind>', 'who owns capacity; the seed draws it when absent').choices([
        'kubernetes',
        'memory',
        'redis',
      ]),
    )
    .option('--redis-url <url>', 'the real server of --ledger redis', 'redis://127.0.0.1:6379')
    .option('--no-shrink', 'do not look for the shortest list of faults')
    .addOption(
      new Option('--trace <file>', 'write every event of the one seed there').conflicts([
        'seeds',
        'processes',
      ]),
    )
    .option('--processes <count>', 'processes that share the seeds', numberOf(0, 256), 1)
    .option('--json', 'print one JSON object a seed')
    .action(async (options: SimulateOptions) => {
      const {runSimulate} = await import('./simulateCommand.ts');
      await runSimulate(options);
    });
}

const someFaultsOf = listOf(maxFaults, numberOf(0, maxFaults - 1));

/** Empty: none of them. */
function faultsOf(text: string): readonly number[] {
  return text === '' ? [] : someFaultsOf(text);
}
