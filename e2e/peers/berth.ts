import type {RealApiServer} from '../../test/servers/apiServer.ts';
import {Installation} from '../installation.ts';
import type {LedgerChoice} from '../ledgerUnderTest.ts';
import type {Contender} from './contender.ts';
import {requestsOnWorkers} from './placementKind.ts';

/**
 * Berth as a user installs it, with its defaults; one replica, a process under its ServiceAccount.
 */
export async function berth(
  api: RealApiServer,
  choice: LedgerChoice,
): Promise<Contender & {close(): Promise<void>}> {
  const ledger = await choice.start(api);
  const installation = await Installation.install(api, choice.installer, ledger.settings);
  return {
    name: `Berth, ${choice.kind} ledger`,
    kind: requestsOnWorkers,
    async start() {
      const operator = await installation.startOperator();
      const {pid} = operator;
      return {
        pid,
        hasEnded: () => operator.hasEnded,
        log: () => operator.log,
        async stop() {
          await operator.stop();
        },
      };
    },
    close: () => ledger.stop(),
  };
}
