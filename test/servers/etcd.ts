import {join} from 'node:path';
import {HttpTransport} from '../../src/kube/httpTransport.ts';
import {freePort} from './freePort.ts';
import {ServerProcess} from './serverProcess.ts';

const READY_MS = 60_000;
const TRIES_FOR_A_PORT = 5;

/**
 * Starts an etcd with its store in `folder` and waits until it is healthy. It never syncs to disk:
 * what is in it need not survive the machine.
 */
export async function startEtcd(
  program: string,
  folder: string,
): Promise<{readonly url: string; stop(): Promise<void>}> {
  for (let tries = 1; ; tries++) {
    const url = `http://127.0.0.1:${await freePort()}`;
    const peerUrl = `http://127.0.0.1:${await freePort()}`;
    const started = ServerProcess.start({
      name: 'etcd',
      program,
      arguments: [
        '--unsafe-no-fsync',
        `--data-dir=${join(folder, 'etcd')}`,
        `--listen-client-urls=${url}`,
        `--advertise-client-urls=${url}`,
        `--listen-peer-urls=${peerUrl}`,
        `--initial-advertise-peer-urls=${peerUrl}`,
        `--initial-cluster=default=${peerUrl}`,
        '--log-level=warn',
      ],
      logPath: join(folder, 'etcd.log'),
    });
    const probe = new HttpTransport({url, timeoutsMs: {api: 2_000}});
    try {
      await started.waitUntil(() => isHealthy(probe), READY_MS);
      return {url, stop: () => started.stop(0)};
    } catch (error) {
      const isTaken = started.foundPortTaken();
      await started.stop(0);
      if (!isTaken || tries >= TRIES_FOR_A_PORT) throw error;
    } finally {
      await probe.close();
    }
  }
}

async function isHealthy(probe: HttpTransport): Promise<boolean> {
  try {
    return (await probe.send({method: 'GET', path: '/health'})).status === 200;
  } catch {
    return false;
  }
}
