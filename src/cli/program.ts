import {Command} from 'commander';
import {addAudit} from './addAudit.ts';
import {addBench} from './addBench.ts';
import {addPerf} from './addPerf.ts';
import {addSimulate} from './addSimulate.ts';
import {numberOf} from './argumentParsers.ts';
import type {DemoOptions} from './demoCommand.ts';
import {settingOptions} from './settings.ts';
import {version} from './version.ts';

const operatorHelp = `
Each setting can also be given in the config file (ledger: {redis: {url: ...}}) and in the environment
(BERTH_LEDGER_REDIS_URL). A flag counts before the environment before the file before the default.
Which setting counts is printed at start, without secrets.`;

const demoHelp = `
The exit code is 0 when every criterion of the report holds, else 1.
On a cluster it uses the operator that leads there, or starts one of its own for as long as it runs, and
removes everything that it created. Two at once without an installed operator run one after the other.`;

/**
 * The command line. Each command is imported when it runs, so that `berth --help` does not load a
 * Kubernetes client.
 */
export function createProgram(): Command {
  const program = new Command('berth')
    .description('Places bursts of container requests on a pool of workers in milliseconds.')
    .version(version)
    .configureOutput({outputError: (text, write) => write(withoutValues(text))})
    .showHelpAfterError('(berth --help lists the commands)');
  addOperator(program);
  addDemo(program);
  addPerf(program);
  addAudit(program);
  addBench(program);
  addSimulate(program);
  return program;
}

function addOperator(program: Command): void {
  const operator = program
    .command('operator')
    .description('Run the operator against a cluster until SIGTERM.')
    .showHelpAfterError('(berth operator --help lists the options)')
    .addHelpText('after', operatorHelp)
    .option('--config <file>', 'Config file, YAML with the keys of the settings below.');
  for (const option of settingOptions()) operator.addOption(option);
  operator.action(async (flags: Record<string, string>) => {
    const {runOperator} = await import('./operatorCommand.ts');
    await runOperator(flags);
  });
}

function addDemo(program: Command): void {
  program
    .command('demo')
    .description(
      'Place requests on simulated workers and report on it; without a cluster by default.',
    )
    .showHelpAfterError('(berth demo --help lists the options)')
    .addHelpText('after', demoHelp)
    .option('--requests <count>', 'ContainerRequests to create', numberOf(1, 10_000), 100)
    .option('--workers <count>', 'Workers with a simulated agent each', numberOf(1, 1_000), 20)
    .option(
      '--kubeconfig <file>',
      'use the cluster of this kubeconfig instead of the embedded API server',
    )
    .option('--context <name>', 'context of the kubeconfig')
    .option('--json', 'print the figures as JSON')
    .action(async (options: DemoOptions, command: Command) => {
      if (options.context !== undefined && options.kubeconfig === undefined) {
        command.error("error: option '--context <name>' needs '--kubeconfig <file>'");
      }
      const {runDemoCommand} = await import('./demoCommand.ts');
      await runDemoCommand(options);
    });
}

/** An unknown `--flag=VALUE` is quoted whole, and the value may be a password. */
function withoutValues(text: string): string {
  return text.replace(/('--?[^'=]+)=[^']*'/g, "$1=...'");
}
