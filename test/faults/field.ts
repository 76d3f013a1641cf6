import {execFileSync} from 'node:child_process';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {inLanes} from '../../src/cli/burst/inLanes.ts';
import {containerRequests, ledgers, namespaces, pathOf, workers} from '../../src/kube/resource.ts';
import {sendOrThrow, type Transport} from '../../src/kube/transport.ts';
import {BerthProcess} from '../cli/berthProcess.ts';
import {type RealApiServer, startApiServer} from '../servers/apiServer.ts';
import {writeKubeconfig} from '../servers/apiServerFiles.ts';
import {applyCrds} from '../servers/applyCrds.ts';
import {makeTempFolder, removeTempFolder} from '../servers/tempFolder.ts';
import {waitFor} from '../servers/waitFor.ts';

/** As flags of the operator. */
export interface LeaseSeconds {
  readonly duration: number;
  readonly renewDeadline: number;
  readonly retryPeriod: number;
}

export const defaultLease: LeaseSeconds = {duration: 15, renewDeadline: 10, retryPeriod: 2};
/** Where waiting for the end of a default one would take the time of the whole test. */
export const shortLease: LeaseSeconds = {duration: 3, renewDeadline: 2, retryPeriod: 1};

export interface WorkersOptions {
  readonly count: number;
  /** Requests of 100m and 64Mi that fit on each. */
  readonly slots: number;
}

const clearMs = 60_000;

/**
 * An API server and an etcd that may be killed, as nobody else uses them, and the operator as users
 * run it: bundled, a process a replica.
 */
export class Field {
  readonly api: RealApiServer;
  readonly transport: Transport;
  readonly #namespaces: string[] = [];
  readonly #folder: string;
  readonly #entry: string;

  private constructor(api: RealApiServer, folder: string, entry: string) {
    this.api = api;
    this.transport = api.transport();
    this.#folder = folder;
    this.#entry = entry;
  }

  static async open(): Promise<Field> {
    const folder = makeTempFolder('faults');
    const bundle = fileURLToPath(new URL('../../src/cli/bundle.ts', import.meta.url));
    execFileSync(process.execPath, [bundle, '--out', join(folder, 'dist')]);
    const api = await startApiServer();
    const field = new Field(api, folder, join(folder, 'dist/berth.js'));
    await applyCrds(field.transport);
    return field;
  }

  async close(): Promise<void> {
    await this.api.stop();
    removeTempFolder(this.#folder);
  }

  async createWorkers({count, slots}: WorkersOptions): Promise<void> {
    const capacity = {cpu: `${slots * 100}m`, memory: `${slots * 64}Mi`, containers: slots};
    await inLanes([...Array(count).keys()], async (index) => {
      const metadata = {name: `w-${index}`};
      const body = {apiVersion: 'berth.dev/v1alpha1', kind: 'Worker', metadata, spec: {capacity}};
      await sendOrThrow(this.transport, {method: 'POST', path: pathOf(workers), body});
    });
  }

  async createNamespace(name: string): Promise<void> {
    const body = {apiVersion: 'v1', kind: 'Namespace', metadata: {name}};
    await sendOrThrow(this.transport, {method: 'POST', path: pathOf(namespaces), body});
    this.#namespaces.push(name);
  }

  /** Deletes what the battle before this one has left. */
  async clear(): Promise<void> {
    for (const namespace of this.#namespaces.splice(0)) {
      await this.#clear(pathOf(containerRequests, {namespace}));
    }
    for (const kind of [workers, ledgers]) await this.#clear(pathOf(kind));
  }

  async #clear(path: string): Promise<void> {
    await waitFor(`all of ${path} to be gone`, clearMs, async () => {
      await sendOrThrow(this.transport, {method: 'DELETE', path, timeoutMs: clearMs});
      const call = {method: 'GET', path, query: {limit: 1}} as const;
      return (await sendOrThrow<{items: unknown[]}>(this.transport, call)).items.length === 0;
    });
  }

  /** @param apiPort where its API server is, for one behind a proxy */
  startOperator(options: {
    lease: LeaseSeconds;
    flags?: readonly string[];
    apiPort?: number | undefined;
  }): BerthProcess {
    const {lease, flags = [], apiPort} = options;
    const {duration, renewDeadline, retryPeriod} = lease;
    return BerthProcess.operator(
      [
        ...['--kubernetes-kubeconfig', this.#kubeconfig(apiPort)],
        ...['--leader-election-lease-duration-seconds', String(duration)],
        ...['--leader-election-renew-deadline-seconds', String(renewDeadline)],
        ...['--leader-election-retry-period-seconds', String(retryPeriod)],
        ...flags,
      ],
      {entry: this.#entry},
    );
  }

  #kubeconfig(apiPort: number | undefined): string {
    const {kubeconfigPath, adminToken: token, caFile} = this.api;
    if (apiPort === undefined) return kubeconfigPath;
    const url = `https://127.0.0.1:${apiPort}`;
    return writeKubeconfig(join(this.#folder, `proxy-${apiPort}`), {url, caFile, token});
  }
}
