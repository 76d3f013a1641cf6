import {mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
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
 * they made, with exactly the ConfigMap that they made.
 */
export class Installation implements Installed {
  readonly #api: RealApiServer;
  readonly #kubectl: string;
  readonly #kubeconfigPath: string;
  readonly #configPath: string;
  readonly #settings: readonly string[];

  private constructor(parts: {
    api: RealApiServer;
    kubectl: string;
    kubeconfigPath: string;
    configPath: string;
    settings: readonly string[];
  }) {
    this.#api = parts.api;
    this.#kubectl = parts.kubectl;
    this.#kubeconfigPath = parts.kubeconfigPath;
    this.#configPath = parts.configPath;
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
    writeFileSync(configPath, await mountedConfig(kubectl));
    const token = await api.tokenFor({namespace, serviceAccount: 'berth'});
    const kubeconfigPath = api.kubeconfigFor(`berth-${installer}`, token);
    return new Installation({api, kubectl: programs.kubectl, kubeconfigPath, configPath, settings});
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
    return await OperatorProcess.start([
      '--config',
      this.#configPath,
      '--kubernetes-kubeconfig',
      this.#kubeconfigPath,
      '--leader-election-namespace',
      namespace,
      ...this.#settings,
      ...further,
    ]);
  }
}

/** The config file as the Deployment mounts it, whatever name its ConfigMap got. */
async function mountedConfig(kubectl: (...args: string[]) => Promise<string>): Promise<string> {
  const deployment = JSON.parse(
    await kubectl('get', 'deployment', 'berth', '-n', namespace, '-o', 'json'),
  ) as {
    spec: {template: {spec: {volumes: {configMap?: {name: string}}[]}}};
  };
  const name = deployment.spec.template.spec.volumes.find(({configMap}) => configMap)?.configMap
    ?.name;
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
