import {Command, InvalidArgumentError} from 'commander';
import {settingOptions} from './settings.ts';
import {version} from './version.ts';

/**
 * The command line. Each command is imported when it runs, so that `berth --help` does not load a
 * Kubernetes client.
 */
export function createProgram(): Command {
  const program = new Command('berth')
    .description('Places bursts of container requests on a pool of workers in milliseconds.')
    .version(version)
    .showHelpAfterError('(berth --help lists the commands and their options)');

  const operator = program
    .command('operator')
    .description('Run the operator against a cluster.')
    .option('--config <file>', 'Config file, YAML with the keys of the settings below.');
  for (const option of settingOptions()) operator.addOption(option);
  operator.action(async (flags: Record<string, unknown>) => {
    const {runOperator} = await import('./operatorCommand.ts');
    await runOperator(flags);
  });

  program
    .command('demo')
    .description(
      'Place requests on simulated workers and report on it; without a cluster by default.',
    )
    .option('--requests <count>', 'ContainerRequests to create', countOf(10_000), 100)
    .option('--workers <count>', 'Workers with a simulated agent each', countOf(1_000), 20)
    .option(
      '--kubeconfig <file>',
      'use the cluster of this kubeconfig instead of the embedded API server',
    )
    .option('--context <name>', 'context of the kubeconfig')
    .option('--json', 'print the figures as JSON')
    .action(
      async (options: {
        requests: number;
        workers: number;
        kubeconfig?: string;
        context?: string;
        json?: boolean;
      }) => {
        const {runDemoCommand} = await import('./demoCommand.ts');
        await runDemoCommand(options);
      },
    );

  return program;
}

function countOf(max: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (Number.isInteger(count) && count >= 1 && count <= max) return count;
    throw new InvalidArgumentError(`wanted a whole number from 1 to ${max}.`);
  };
}
