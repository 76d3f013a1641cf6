import {fileURLToPath} from 'node:url';
import type {TestProject} from 'vitest/node';
import {ensureServers} from '../test/servers/ensureServers.ts';
import {buildImage} from './kindCluster.ts';
import {answers, run} from './run.ts';
import type {Ground} from './stage.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const image = 'berth:e2e';

/** Builds what runs, gets the programs, and says what the tests run on. */
export default async function setup(project: TestProject): Promise<void> {
  const ground = await chooseGround();
  const on =
    ground.on === 'kind'
      ? 'a Docker engine answers; the tests run on kind clusters, with the image'
      : 'the tests run on a real API server and etcd of this machine, with kube-controller-manager, ' +
        'the operator a process under its ServiceAccount';
  process.stdout.write(`e2e: ${on}\n`);
  project.provide('berthGround', ground);
}

/**
 * kind where a Docker engine answers. Where the engine is there and kind or the image cannot be
 * had, CI fails; elsewhere the other ground does.
 */
async function chooseGround(): Promise<Ground> {
  if (await answers('docker', ['info'])) {
    try {
      await ensureServers('kind', 'kubectl', 'helm');
      await buildImage(image);
      return {on: 'kind', image};
    } catch (error) {
      if (process.env['CI'] === 'true') throw error;
      process.stdout.write(`e2e: no kind cluster: ${(error as Error).message}\n`);
    }
  } else {
    process.stdout.write('e2e: no Docker engine answers\n');
  }
  await run(process.execPath, [`${root}src/cli/bundle.ts`]);
  await ensureServers(
    'kube-apiserver',
    'etcd',
    'kubectl',
    'kube-controller-manager',
    'helm',
    'redis-server',
  );
  return {on: 'API server and processes'};
}
