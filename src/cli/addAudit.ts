import {type Command, Option} from 'commander';
import {timeOf} from './argumentParsers.ts';
import type {AuditOptions} from './auditCommand.ts';

const auditHelp = `
It only reads: get, list and watch of containerrequests and workers (berth.dev), and of ledgers
(berth.dev) and leases (coordination.k8s.io) where it may; deploy/samples/auditor.yaml has the role.
The exit code is 0 when nothing was wrong, 1 after a violation, 2 when it could not be judged.`;

/** `berth audit` and its options. */
export function addAudit(program: Command): void {
  program
    .command('audit')
    .description('Watch a cluster and say where a placement breaks a promise; read-only.')
    .showHelpAfterError('(berth audit --help lists the options)')
    .addHelpText('after', auditHelp)
    .option('--kubeconfig <file>', 'kubeconfig of the cluster; the usual one when absent')
    .option('--context <name>', 'context of the kubeconfig')
    .option('--namespace <name>', 'only its requests: sums and reasons are not judged then')
    .addOption(
      new Option(
        '--config <file>',
        'config of the operator: where its ledger is Redis, that is compared with the placements',
        // What differs counts once it has lasted.
      ).conflicts('once'),
    )
    .option(
      '--for <time>',
      'end after so long, for example 60s or 5m; at SIGINT when absent',
      timeOf,
    )
    .option('--once', 'judge what is there now, and end')
    .addOption(
      new Option('--grace <time>', 'what follows a change by itself must have followed by then')
        .argParser(timeOf)
        .default(60_000, '60s'),
    )
    .addOption(
      new Option(
        '--crossing <time>',
        'how soon after its worker shrank or went a placement may come',
      )
        .argParser(timeOf)
        .default(1_000, '1s'),
    )
    .option('--lease-name <name>', "name of the operator's Lease", 'berth')
    .option('--json', 'print one JSON object a line')
    .action(async (options: AuditOptions) => {
      const {runAudit} = await import('./auditCommand.ts');
      await runAudit(options);
    });
}
