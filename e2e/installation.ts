import {mkdtempSync, readFileSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseMemoryBytes} from '../src/api/quantity.ts';
import type {RealApiServer} from '../test/servers/apiServer.ts';
import {ensureServers} from '../test/servers/ensureServers.ts';
import {waitFor} from '../test/servers/waitFor.ts';
import {OperatorProcess} from './operatorProcess.ts';
import {run} from './run.ts';
import type {Installed} from './stage.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const namespace = 'berth-system';

export type Installer = 'helm' | 'kustomize';

/**
 * Berth as a user installs it, on an API server without kubelets: the manifests are applied by the
 * real tools, and the operator runs as a process under the token of exactly the ServiceAccount that
 * they made, with exactly the ConfigMap and the heap limit that they made.
 */
export class Installation implements Installed {
  readonly #api: RealApiServer;
  readonly #kubectl: string;
  readonly #kubeconfigPath: string;
  readonly #configPath: string;
  readonly #nodeOptions: string;
  readonly #settings: readonly string[];

  private constructor(parts: {
    api: RealApiServer;
    kubectl: string;
    kubeconfigPath: string;
    configPath: string;
    nodeOptions: string;
    settings: readonly string[];
  }) {
    this.#api = parts.api;
    this.#kubectl = parts.kubectl;
    this.#kubeconfigPath = parts.kubeconfigPath;
    this.#configPath = parts.configPath;
    this.#nodeOptions = parts.nodeOptions;
    this.#settings = parts.settings;
  }

  /** @param settings flags for what only this machine knows, for example where Redis is */
  static async install(
    api: RealApiServer,
    installer: Installer,
    settings: readonly string[],
  ): Promise<Installation> {
    const programs = await ensureServers('kubectl', 'helm');
    const env = {KUBECONFIG: api.kubeconfigPath};
    const kubectl = (...args: string[]) => run(programs.kubectl, args, {env});
    if (installer === 'helm') {
      const chart = join(root, 'deploy/helm/berth');
      // No kubelet will ever make the Deployment ready here, so helm must not wait for it.
      await run(
        programs.helm,
        ['install', 'berth', chart, '--namespace', namespace, '--create-namespace'],
        {env},
      );
    } else {
      await kubectl('apply', '--server-side', '-k', join(root, 'deploy/kustomize/overlays/redis'));
    }
    // Established is not enough: for a moment the server still answers 429, "storage is
    // initializing".
    await waitFor('the API server to serve the CRDs', 30_000, () =>
      kubectl('get', 'creq,wrk,workerpools,ledgers', '-A').then(
        () => true,
        () => false,
      ),
    );
    const folder = mkdtempSync(join(tmpdir(), 'berth-e2e-'));
    const configPath = join(folder, 'config.yaml');
    const deployment = await deploymentOf(kubectl);
    writeFileSync(configPath, await mountedConfig(deployment, kubectl));
    const nodeOptions = nodeOptionsOf(deployment);
    const token = await api.tokenFor({namespace, serviceAccount: 'berth'});
    const kubeconfigPath = api.kubeconfigFor(`berth-${installer}`, token);
    return new Installation({
      ...{api, kubectl: programs.kubectl, kubeconfigPath, configPath, nodeOptions, settings},
    });
  }

  /** kubectl as the admin. */
  kubectl(...args: readonly string[]): Promise<string> {
    return run(this.#kubectl, args, {env: {KUBECONFIG: this.#api.kubeconfigPath}});
  }

  /** `kubectl apply` of a manifest. */
  kubectlApply(manifest: string): Promise<string> {
    const env = {KUBECONFIG: this.#api.kubeconfigPath};
    return run(this.#kubectl, ['apply', '-f', '-'], {env, input: manifest});
  }

  /** One more replica. */
  async startOperator(...further: readonly string[]): Promise<OperatorProcess> {
    const args = [
      '--config',
      this.#configPath,
      '--kubernetes-kubeconfig',
      this.#kubeconfigPath,
      '--leader-election-namespace',
      namespace,
      ...this.#settings,
      ...further,
    ];
    return await OperatorProcess.start(args, {NODE_OPTIONS: this.#nodeOptions});
  }
}

interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly {readonly resources: {readonly limits: {memory: string}}}[];
        readonly volumes: readonly {readonly configMap?: {readonly name: string}}[];
      };
    };
  };
}

async function deploymentOf(kubectl: (...args: string[]) => Promise<string>): Promise<Deployment> {
  const json = await kubectl('get', 'deployment', 'berth', '-n', namespace, '-o', 'json');
  return JSON.parse(json) as Deployment;
}

/**
 * What the image sets. No container limits the memory of a process here, so the share of the limit
 * is worked out.
 */
function nodeOptionsOf({spec}: Deployment): string {
  const dockerfile = readFileSync(join(root, 'deploy/docker/Dockerfile'), 'utf8');
  const options = /^\s*NODE_OPTIONS="(.+)"$/m.exec(dockerfile)![1]!;
  const limitBytes = Number(
    parseMemoryBytes(spec.template.spec.containers[0]!.resources.limits.memory),
  );
  const share = /-percentage=(\d+)/.exec(options)!;
  const heapMiB = Math.floor((limitBytes / 2 ** 20) * (Number(share[1]) / 100));
  return options.replace(share[0], `=${heapMiB}`);
}

/** The config file as the Deployment mounts it, whatever name its ConfigMap got. */
async function mountedConfig(
  {spec}: Deployment,
  kubectl: (...args: string[]) => Promise<string>,
): Promise<string> {
  const name = spec.template.spec.volumes.find(({configMap}) => configMap)?.configMap?.name;
  if (name === undefined)
    throw new Error('Cannot find the config: the Deployment mounts no ConfigMap');
  const map = JSON.parse(
    await kubectl('get', 'configmap', name, '-n', namespace, '-o', 'json'),
  ) as {
    data: Record<string, string>;
  };
  const text = map.data['config.yaml'];
  if (text === undefined) throw new Error(`Cannot find config.yaml in ConfigMap ${name}`);
  return text;
}
