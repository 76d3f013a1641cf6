import {fileURLToPath} from 'node:url';
import {ensureServers} from '../test/servers/ensureServers.ts';
import {answers, run} from './run.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Builds the bundle that the image carries, gets the servers, and says what the tests run on. */
export default async function setup(): Promise<void> {
  const hasDocker = await answers('docker', ['info']);
  process.stdout.write(
    hasDocker
      ? 'e2e: a Docker engine answers; the tests run on a kind cluster\n'
      : 'e2e: no Docker engine answers; the same tests run on a real API server and etcd of this machine, ' +
          'with kube-controller-manager, the operator a process under its ServiceAccount\n',
  );
  await run(process.execPath, [`${root}src/cli/bundle.ts`]);
  await ensureServers(
    'kube-apiserver',
    'etcd',
    'kubectl',
    'kube-controller-manager',
    'helm',
    'redis-server',
  );
}
