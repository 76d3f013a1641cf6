import {type Command, InvalidArgumentError, Option} from 'commander';
import type {SimulateOptions} from './simulateCommand.ts';

const simulateHelp = `
Real operators, an API server in this process, agents and users on one virtual clock: what goes wrong is drawn
from the seed, and the same seed gives the same run, to the byte (its hash is printed). A seed that finds
something is run again with fewer and fewer faults, and the command for the shortest list is printed.
The exit code is 0 when no seed found anything, else 1.
With --ledger redis the answers come from a real server: the same checks, but when an answer comes is not
told by the seed, and the faults of the ledger itself (emptied, failed over) do not happen.`;

/** `berth simulate` and its options. */
export function addSimulate(program: Command): void {
  program
    .command('simulate')
    .description('Run whole operators against faults drawn from a seed, and audit what they do.')
    .showHelpAfterError('(berth simulate --help lists the options)')
    .addHelpText('after', simulateHelp)
    .option('--seed <number>', 'one seed', seedOf)
    .option('--seeds <first..last>', 'several seeds', rangeOf)
    .option('--workers <count>', 'workers at most', countOf(5_000), 20)
    .option('--requests <count>', 'requests a seed', countOf(1_000_000), 300)
    .option('--max-faults <count>', 'faults a seed at most', countOf(10_000), 30)
    .option('--faults <list>', 'only these of the drawn faults, for example 3,17', listOf)
    .addOption(
      new Option('--ledger <kind>', 'who owns capacity; the seed draws it when absent').choices([
        'kubernetes',
        'memory',
        'redis',
      ]),
    )
    .option('--redis <url>', 'the real server of --ledger redis', 'redis://127.0.0.1:6379')
    .option('--no-shrink', 'do not look for the shortest list of faults')
    .option('--trace <file>', 'write every event of the run there (one seed)')
    .option('--processes <count>', 'processes that share the seeds', countOf(256), 1)
    .option('--json', 'print one JSON object a seed')
    .action(async (options: SimulateOptions) => {
      const {runSimulate} = await import('./simulateCommand.ts');
      await runSimulate(options);
    });
}

function countOf(max: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (/^\d+$/.test(text) && count <= max) return count;
    throw new InvalidArgumentError(`wanted a whole number up to ${max}.`);
  };
}

function seedOf(text: string): number {
  const seed = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(seed)) return seed;
  throw new InvalidArgumentError('wanted a whole number.');
}

function rangeOf(text: string): readonly [number, number] {
  const [, first, last] = /^(\d+)\.\.(\d+)$/.exec(text) ?? [];
  if (first !== undefined && Number(first) <= Number(last)) return [Number(first), Number(last)];
  throw new InvalidArgumentError('wanted FIRST..LAST, for example 1..200.');
}

function listOf(text: string): readonly number[] {
  if (text === '') return [];
  if (/^\d+(,\d+)*$/.test(text)) return text.split(',').map(Number);
  throw new InvalidArgumentError('wanted numbers with commas between, for example 3,17.');
}
