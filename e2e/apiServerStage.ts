import {startApiServer} from '../test/servers/apiServer.ts';
import {Installation} from './installation.ts';
import type {LedgerChoice} from './ledgerUnderTest.ts';
import type {Stage} from './stage.ts';

/**
 * API server, etcd and Redis as processes of this machine, and the operator's replicas beside them.
 */
export async function openApiServerStage(choice: LedgerChoice): Promise<Stage> {
  const api = await startApiServer({controllers: ['garbage-collector', 'namespace']});
  const ledger = await choice.start(api);
  const installation = await Installation.install(api, choice.installer, ledger.settings);
  return {
    transport: () => api.transport(),
    commits: () => ledger.commits(),
    installation,
    async close() {
      await ledger.stop();
      await api.stop();
    },
  };
}
