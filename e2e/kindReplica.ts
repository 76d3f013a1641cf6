import {pathOf, pods} from '../src/kube/resource.ts';
import {sendOrThrow, type Transport} from '../src/kube/transport.ts';
import {waitFor} from '../test/servers/waitFor.ts';
import type {KindCluster} from './kindCluster.ts';
import {namespace} from './kindManifests.ts';
import type {Replica} from './stage.ts';
import {sumOfMetric} from './sumOfMetric.ts';
import {takesBatches} from './takesBatches.ts';

interface PodState {
  readonly spec: {readonly nodeName?: string};
  readonly status: {
    readonly containerStatuses?: readonly {
      readonly containerID?: string;
      readonly state: {readonly terminated?: {readonly exitCode: number}};
    }[];
  };
}

export interface KindReplicaOptions {
  readonly cluster: KindCluster;
  readonly transport: Transport;
  /** Of the Pod. */
  readonly name: string;
  readonly kubectl: (...args: readonly string[]) => Promise<string>;
}

const startDeadlineMs = 120_000;
const endDeadlineMs = 60_000;

/** One replica as a Pod of a kind cluster, reached through the API server. */
export class KindReplica implements Replica {
  readonly #options: KindReplicaOptions;
  #log = '';
  #isGone = false;

  private constructor(options: KindReplicaOptions) {
    this.#options = options;
  }

  /** Creates the Pod and waits until the operator answers. */
  static async start(options: KindReplicaOptions, pod: object): Promise<KindReplica> {
    const {transport, name, kubectl} = options;
    await sendOrThrow(transport, {method: 'POST', path: pathOf(pods, {namespace}), body: pod});
    const replica = new KindReplica(options);
    try {
      // Before the Pod has an address the proxy may give no answer at all.
      await waitFor(`Pod ${name} to answer`, startDeadlineMs, () =>
        replica.#ask(8081, '/healthz').then(
          ({status}) => status === 200,
          () => false,
        ),
      );
    } catch (cause) {
      const described = await kubectl('describe', 'pod', name, '-n', namespace);
      throw new Error(`${(cause as Error).message}\n${described}\n${await replica.#readLog()}`, {
        cause,
      });
    }
    return replica;
  }

  get log(): string {
    return this.#log;
  }

  async readyz(): Promise<string> {
    const {body} = await this.#ask(8081, '/readyz?verbose');
    return typeof body === 'string' ? body : JSON.stringify(body);
  }

  async isReady(): Promise<boolean> {
    return (await this.#ask(8081, '/readyz')).status === 200;
  }

  async untilLeading(): Promise<void> {
    await waitFor('the operator to lead', 30_000, () => takesBatches(this));
  }

  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const {status, body} = await this.#ask(8080, '/metrics');
    if (status !== 200) throw new Error(`Cannot read the metrics: ${JSON.stringify(body)}`);
    return sumOfMetric(String(body), name, labels);
  }

  async stop(): Promise<number | null> {
    if (this.#isGone) return null;
    await this.#options.kubectl(
      'delete',
      'pod',
      this.#options.name,
      '-n',
      namespace,
      '--wait=false',
    );
    return await this.#end();
  }

  async kill(): Promise<void> {
    if (this.#isGone) return;
    const {spec, status} = await this.#read();
    const [container] = status.containerStatuses ?? [];
    if (!container?.state.terminated) {
      await this.#options.cluster.kill(spec.nodeName!, container!.containerID!);
    }
    await this.#end();
  }

  /** Waits for the exit code, and lets the Pod go. */
  async #end(): Promise<number | null> {
    const {name, kubectl} = this.#options;
    let exitCode: number | null = null;
    await waitFor(`the end of Pod ${name}`, endDeadlineMs, async () => {
      const [container] = (await this.#read()).status.containerStatuses ?? [];
      exitCode = container?.state.terminated?.exitCode ?? null;
      return exitCode !== null;
    });
    this.#log = await this.#readLog();
    this.#isGone = true;
    const patch = JSON.stringify([{op: 'remove', path: '/metadata/finalizers'}]);
    await kubectl('patch', 'pod', name, '-n', namespace, '--type=json', '-p', patch);
    await kubectl('delete', 'pod', name, '-n', namespace, '--ignore-not-found', '--wait=false');
    return exitCode;
  }

  #readLog(): Promise<string> {
    const {kubectl, name} = this.#options;
    return kubectl('logs', name, '-n', namespace, '--tail=200').catch(
      (error: Error) => error.message,
    );
  }

  #read(): Promise<PodState> {
    const {transport, name} = this.#options;
    return sendOrThrow(transport, {method: 'GET', path: pathOf(pods, {namespace, name})});
  }

  /** Through the API server's proxy: no port of the cluster is open on this machine. */
  #ask(port: number, pathAndQuery: string): Promise<{status: number; body: unknown}> {
    const {transport, name} = this.#options;
    const [path, query = ''] = pathAndQuery.split('?');
    const proxied = `${pathOf(pods, {namespace, name: `${name}:${port}`})}/proxy${path}`;
    return transport.send({
      method: 'GET',
      path: proxied,
      ...(query !== '' && {query: {[query]: ''}}),
    });
  }
}
