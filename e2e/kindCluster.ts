import {mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {connect} from '../src/kube/connect.ts';
import type {Transport} from '../src/kube/transport.ts';
import {ensureServers} from '../test/servers/ensureServers.ts';
import {run} from './run.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Arguments of `docker` and `kind`, apart so that they can be looked at without either. */
export const kindArguments = {
  build: (image: string) => [
    'build',
    '-f',
    join(root, 'deploy/docker/Dockerfile'),
    '-t',
    image,
    root,
  ],
  create: (name: string, kubeconfigPath: string) => [
    'create',
    'cluster',
    '--name',
    name,
    '--kubeconfig',
    kubeconfigPath,
    '--wait',
    '180s',
  ],
  load: (name: string, image: string) => ['load', 'docker-image', image, '--name', name],
  delete: (name: string, kubeconfigPath: string) => [
    'delete',
    'cluster',
    '--name',
    name,
    '--kubeconfig',
    kubeconfigPath,
  ],
  /** SIGKILL for a container of a node, which is a container of Docker itself. */
  kill: (node: string, containerId: string) =>
    ['exec', node, 'ctr', '--namespace', 'k8s.io', 'tasks', 'kill', '--signal', 'SIGKILL'].concat(
      containerId.replace('containerd://', ''),
    ),
};

/** Builds the image of the operator, as deploy/README.md says. */
export async function buildImage(image: string): Promise<void> {
  await run('docker', kindArguments.build(image));
}

/** A Kubernetes cluster in Docker, with an image of ours on its node. */
export class KindCluster {
  readonly kubeconfigPath: string;
  readonly #name: string;
  readonly #kind: string;
  readonly #transports: Transport[] = [];

  static async create(name: string, image: string): Promise<KindCluster> {
    const {kind} = await ensureServers('kind');
    const cluster = new KindCluster(name, kind);
    try {
      // Of a run that was killed; harmless where there is none.
      await run(kind, kindArguments.delete(name, cluster.kubeconfigPath));
      await run(kind, kindArguments.create(name, cluster.kubeconfigPath));
      await run(kind, kindArguments.load(name, image));
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  private constructor(name: string, kind: string) {
    this.#name = name;
    this.#kind = kind;
    this.kubeconfigPath = join(mkdtempSync(join(tmpdir(), 'berth-kind-')), 'kubeconfig');
  }

  /** A transport as the admin; closed with the cluster. */
  async connect(): Promise<Transport> {
    const {transport} = await connect({kubeconfigPath: this.kubeconfigPath});
    this.#transports.push(transport);
    return transport;
  }

  async kill(node: string, containerId: string): Promise<void> {
    await run('docker', kindArguments.kill(node, containerId));
  }

  async close(): Promise<void> {
    await Promise.all(this.#transports.map((transport) => transport.close()));
    await run(this.#kind, kindArguments.delete(this.#name, this.kubeconfigPath));
  }
}
