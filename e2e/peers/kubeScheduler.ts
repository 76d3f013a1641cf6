import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {RealApiServer} from '../../test/servers/apiServer.ts';
import {ensureServers} from '../../test/servers/ensureServers.ts';
import {ServerProcess} from '../../test/servers/serverProcess.ts';
import type {Contender} from './contender.ts';
import {podsOnNodes} from './placementKind.ts';

/** As a cluster knows it: its rights and its priority at the API server come with this name. */
export const kubeSchedulerUser = 'system:kube-scheduler';
/** Far above what one API server answers, so that its client is not what limits it. */
const callsPerSecond = 5_000;

/**
 * kube-scheduler with its default profile. Its Lease is left out, which spares it a few writes.
 *
 * @param api with `kubeSchedulerUser` among its users
 * @param folder for its configuration and its log
 */
export async function kubeScheduler(api: RealApiServer, folder: string): Promise<Contender> {
  const programs = await ensureServers('kube-scheduler');
  const token = await api.tokenFor({user: kubeSchedulerUser});
  const configPath = join(folder, 'kube-scheduler.config');
  const config = {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    clientConnection: {
      kubeconfig: api.kubeconfigFor('kube-scheduler', token),
      qps: callsPerSecond,
      burst: callsPerSecond,
    },
    leaderElection: {leaderElect: false},
  };
  writeFileSync(configPath, JSON.stringify(config));
  return {
    name: 'kube-scheduler',
    kind: podsOnNodes,
    async start() {
      const started = ServerProcess.start({
        name: 'kube-scheduler',
        program: programs['kube-scheduler'],
        arguments: [`--config=${configPath}`, '--secure-port=0'],
        logPath: join(folder, 'kube-scheduler.log'),
      });
      const {pid} = started;
      return {
        pid,
        hasEnded: () => started.hasEnded,
        log: () => started.logTail(),
        stop: () => started.stop(),
      };
    },
  };
}
