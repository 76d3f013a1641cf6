import {execFileSync} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import {afterAll, expect, it} from 'vitest';
import {kubernetesChoice} from '../../../e2e/ledgerUnderTest.ts';
import {berth} from '../../../e2e/peers/berth.ts';
import type {Side} from '../../../e2e/peers/figures.ts';
import {kubeScheduler, kubeSchedulerUser} from '../../../e2e/peers/kubeScheduler.ts';
import {runPeers} from '../../../e2e/peers/run.ts';
import {type RealApiServer, startApiServer} from '../../servers/apiServer.ts';
import {ensureServers} from '../../servers/ensureServers.ts';
import {describeWithServers} from '../../servers/requireServers.ts';
import {makeTempFolder} from '../../servers/tempFolder.ts';

const bundle = fileURLToPath(new URL('../../../src/cli/bundle.ts', import.meta.url));
const missing = await whyMissing();

/** In CI a part that cannot be had is a failure, as it is for the servers of all tests. */
async function whyMissing(): Promise<string | undefined> {
  try {
    await ensureServers('kube-scheduler', 'kubectl', 'helm');
    return undefined;
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    return (error as Error).message;
  }
}

function numbersOf(figures: object): readonly number[] {
  return Object.values(figures).flatMap((value: unknown) =>
    typeof value === 'object' && value !== null ? numbersOf(value) : [value as number],
  );
}

describeWithServers('Berth against kube-scheduler', ['api'], () => {
  let api: RealApiServer | undefined;
  afterAll(() => api?.stop());

  it.skipIf(missing !== undefined)(
    missing ?? 'both place every object, from a backlog and with creates, and leave nothing',
    async () => {
      execFileSync(process.execPath, [bundle]);
      api = await startApiServer({users: [{name: kubeSchedulerUser}]});
      const peer = await kubeScheduler(api, makeTempFolder('peers'));
      const ours = await berth(api, kubernetesChoice);
      const size = {hosts: 50, objects: 100, rounds: 1};
      // It refuses a burst of which one is not placed, or a host has more than it holds.
      const rounds = await runPeers({api, peer, berth: ours, ...size, progress: () => {}});
      await ours.close();
      expect(rounds).toHaveLength(1);
      const sides: readonly Side[] = [rounds[0]!.peer, rounds[0]!.berth];
      for (const side of sides) {
        const numbers = numbersOf(side);
        expect(numbers).toHaveLength(17);
        expect(numbers.every((value) => Number.isFinite(value) && value > 0)).toBe(true);
        expect(side.burst.p50Ms).toBeLessThanOrEqual(side.burst.p99Ms);
      }
      const transport = api.transport();
      for (const path of ['/api/v1/pods', '/api/v1/nodes', '/apis/berth.dev/v1alpha1/workers']) {
        const {body} = await transport.send<{items: unknown[]}>({method: 'GET', path});
        expect(body.items).toEqual([]);
      }
    },
    180_000,
  );
});
