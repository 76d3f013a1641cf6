import {type Command, InvalidArgumentError} from 'commander';
import type {PolicyName} from '../bench/openb.ts';
import {listOf, numberOf} from './argumentParsers.ts';
import type {BenchOptions} from './benchCommand.ts';

const benchHelp = `
Policy berth knows the list beforehand, as the protocol allows; berth-unseeded goes by what it has placed. Policy
bestfit is one of the published ones, done again: it checks the replay itself. Progress goes to stderr.
The exit code is 1 when published figures were given and ours miss the bar that they set.`;

/** `berth bench openb`. */
export function addBench(program: Command): void {
  program
    .command('bench')
    .description('Measure the placement engine on recorded clusters.')
    .command('openb <nodes.csv> <pods.csv...>')
    .description('Replay lists of the openb format, by the protocol of FGD (USENIX ATC 2023).')
    .showHelpAfterError('(berth bench openb --help lists the options)')
    .addHelpText('after', benchHelp)
    .option('--seeds <list>', 'seeds of the replays, comma-separated', seedsOf, defaultSeeds)
    .option('--batch <list>', 'arrivals a decision, comma-separated', batchesOf, [1, 32, 512])
    .option('--policy <list>', 'berth, berth-unseeded, bestfit', policiesOf, ['berth'])
    .option('--expected <expected.csv>', 'published figures, to print beside ours')
    .option('--json', 'print the figures as JSON')
    .action(async (nodes: string, pods: string[], options: BenchOptions) => {
      const {runBenchOpenb} = await import('./benchCommand.ts');
      runBenchOpenb(nodes, pods, options);
    });
}

const defaultSeeds = [42, 43, 44, 45, 46, 47, 48, 49, 50, 51];
const seedsOf = listOf(1_000, numberOf(0, 2 ** 32 - 1));
const batchesOf = listOf(20, numberOf(1, 100_000));
const policiesOf = listOf(3, (text): PolicyName => {
  if (text === 'berth' || text === 'berth-unseeded' || text === 'bestfit') return text;
  throw new InvalidArgumentError('wanted berth, berth-unseeded or bestfit.');
});
