import {join} from 'node:path';
import {HttpTransport} from '../../src/kube/httpTransport.ts';
import {freePort} from './freePort.ts';
import {ServerProcess} from './serverProcess.ts';

const READY_MS = 60_000;
const TRIES_FOR_A_PORT = 5;

export interface RealEtcd {
  readonly url: string;
  /** Of the process at present. */
  pid(): number;
  /** Kills it, starts it on the same ports with the same store, and waits until it is healthy. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts an etcd with its store in `folder` and waits until it is healthy. It never syncs to disk:
 * what is in it need not survive the machine.
 */
export async function startEtcd(program: string, folder: string): Promise<RealEtcd> {
  for (let tries = 1; ; tries++) {
    const url = `http://127.0.0.1:${await freePort()}`;
    const peerUrl = `http://127.0.0.1:${await freePort()}`;
    const start = () => startProcess(program, folder, {url, peerUrl});
    let current = start();
    try {
      await untilHealthy(current, url);
      return {
        url,
        pid: () => current.pid,
        async restart() {
          await current.stop(0);
          current = start();
          await untilHealthy(current, url);
        },
        stop: () => current.stop(0),
      };
    } catch (error) {
      const isTaken = current.foundPortTaken();
      await current.stop(0);
      if (!isTaken || tries >= TRIES_FOR_A_PORT) throw error;
    }
  }
}

function startProcess(
  program: string,
  folder: string,
  {url, peerUrl}: {url: string; peerUrl: string},
): ServerProcess {
  return ServerProcess.start({
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
}

async function untilHealthy(etcd: ServerProcess, url: string): Promise<void> {
  const probe = new HttpTransport({url, timeoutsMs: {api: 2_000}});
  try {
    await etcd.waitUntil(() => isHealthy(probe), READY_MS);
  } finally {
    await probe.close();
  }
}

async function isHealthy(probe: HttpTransport): Promise<boolean> {
  try {
    return (await probe.send({method: 'GET', path: '/health'})).status === 200;
  } catch {
    return false;
  }
}
