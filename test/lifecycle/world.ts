import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parse} from 'yaml';
import type {Condition} from '../../src/api/conditions.ts';
import type {ContainerRequest} from '../../src/api/containerRequestSchema.ts';
import type {WorkerPool} from '../../src/api/workerPoolSchema.ts';
import type {Worker} from '../../src/api/workerSchema.ts';
import {defaultConfig} from '../../src/config.ts';
import {EmbeddedApiServer} from '../../src/embedded/embeddedApiServer.ts';
import {type FaultRule, FaultyTransport} from '../../src/embedded/faultyTransport.ts';
import {
  containerRequests,
  leases,
  nodes,
  pathOf,
  pods,
  type Resource,
  workerPools,
  workers,
} from '../../src/kube/resource.ts';
import {type ApiCall, sendOrThrow, type Transport} from '../../src/kube/transport.ts';
import {MemoryLedger} from '../../src/ledger/memoryLedger.ts';
import {silentLog} from '../../src/lib/log.ts';
import {seededRandom} from '../../src/lib/random.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {Metrics} from '../../src/observe/metrics.ts';
import {Operator} from '../../src/operator.ts';

export interface SeenPod {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly ownerReferences: readonly {readonly kind: string; readonly uid: string}[];
  };
  readonly spec: {
    readonly nodeName: string;
    readonly restartPolicy: string;
    readonly containers: readonly {
      readonly env: readonly {readonly name: string; readonly value: string}[];
    }[];
  };
  readonly status?: {readonly phase?: string};
}

const namespace = 'default';
const crdFolder = fileURLToPath(new URL('../../crds', import.meta.url));
const crds = readdirSync(crdFolder)
  .filter((name) => name.startsWith('berth.dev_'))
  .map((name) => parse(readFileSync(join(crdFolder, name), 'utf8')) as object);

/** Reads and writes objects as users, agents and kubelets do. */
export class Cluster {
  readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  request(name: string): Promise<ContainerRequest> {
    return this.#get<ContainerRequest>(containerRequests, name);
  }

  worker(name: string): Promise<Worker> {
    return this.#get<Worker>(workers, name);
  }

  pool(name: string): Promise<WorkerPool> {
    return this.#get<WorkerPool>(workerPools, name);
  }

  async workerNames(): Promise<readonly string[]> {
    return (await this.#list<Worker>(workers)).map(({metadata}) => metadata.name).sort();
  }

  async podsOf(requestName: string): Promise<readonly SeenPod[]> {
    const all = await this.#list<SeenPod>(pods);
    return all.filter(({metadata}) => metadata.name.startsWith(`${requestName}-`));
  }

  /** The only Pod of a request. */
  async podOf(requestName: string): Promise<SeenPod> {
    const found = await this.podsOf(requestName);
    if (found.length !== 1) {
      throw new Error(`Cannot take the Pod of ${requestName}: there are ${found.length}`);
    }
    return found[0]!;
  }

  createRequest(name: string, spec: object = {}): Promise<unknown> {
    return this.#create(containerRequests, name, {spec: {container: {image: 'busybox'}, ...spec}});
  }

  createWorker(name: string, spec: object = {}): Promise<unknown> {
    return this.#create(workers, name, {spec: {capacity: {cpu: '4', memory: '16Gi'}, ...spec}});
  }

  createPool(name: string, spec: object): Promise<unknown> {
    return this.#create(workerPools, name, {spec});
  }

  /** A Node as its kubelet registers it: then its status, which a create does not take. */
  async createNode(name: string, {labels = {}, allocatable = {}}: NodeChanges = {}): Promise<void> {
    await this.#create(nodes, name, {metadata: {name, labels}});
    // The API server taints a new Node; the control plane, which is not there, would take it off.
    await this.patchNode(name, {spec: {taints: null}});
    await this.patchStatus(nodes, name, {
      allocatable: {cpu: '4', memory: '16Gi', pods: '110', ...allocatable},
      conditions: [{type: 'Ready', status: 'True', reason: 'KubeletReady', message: ''}],
    });
  }

  patchNode(name: string, change: object): Promise<unknown> {
    return this.#patch(pathOf(nodes, {name}), change);
  }

  /** What the control plane says of a Node. */
  setNodeReady(name: string, status: 'True' | 'False' | 'Unknown'): Promise<unknown> {
    const conditions = [{type: 'Ready', status, reason: 'Test', message: ''}];
    return this.patchStatus(nodes, name, {conditions});
  }

  patchRequest(name: string, spec: object): Promise<unknown> {
    return this.#patch(pathOf(containerRequests, {namespace, name}), {spec});
  }

  patchWorker(name: string, change: object): Promise<unknown> {
    return this.#patch(pathOf(workers, {name}), change);
  }

  patchPool(name: string, spec: object): Promise<unknown> {
    return this.#patch(pathOf(workerPools, {name}), {spec});
  }

  patchStatus(resource: Resource, name: string, status: object): Promise<unknown> {
    return this.#patch(pathOf(resource, {namespace, name, subresource: 'status'}), {status});
  }

  /** As the kubelet reports the state of the Pod's container. */
  async reportPod(requestName: string, phase: string, exitCode?: number): Promise<void> {
    const {metadata} = await this.podOf(requestName);
    const state =
      exitCode === undefined
        ? {running: {startedAt: '2026-01-01T00:00:05Z'}}
        : {terminated: {exitCode, reason: exitCode === 0 ? 'Completed' : 'Error'}};
    const container = {name: 'main', image: 'busybox', imageID: '', ready: false, restartCount: 0};
    await this.patchStatus(pods, metadata.name, {
      phase,
      containerStatuses: [{...container, state}],
    });
  }

  /** As the kubelet does at the end of a Pod that was deleted. */
  async endPod({metadata}: SeenPod): Promise<void> {
    const path = pathOf(pods, {namespace, name: metadata.name});
    await this.transport.send({method: 'DELETE', path, body: {gracePeriodSeconds: 0}});
  }

  delete(resource: Resource, name: string): Promise<unknown> {
    const path = pathOf(resource, {namespace, name});
    return sendOrThrow(this.transport, {method: 'DELETE', path});
  }

  /** Renews the heartbeat of a worker's agent. */
  async beat(workerName: string, renewTime: string): Promise<void> {
    const name = `berth-worker-${workerName}`;
    const spec = {holderIdentity: workerName, renewTime, leaseDurationSeconds: 40};
    const path = pathOf(leases, {namespace, name});
    const reply = await this.transport.send({
      method: 'PATCH',
      path,
      contentType: 'application/merge-patch+json',
      body: {spec},
    });
    if (reply.status === 404) await this.#create(leases, name, {spec});
  }

  async #get<T>(resource: Resource, name: string): Promise<T> {
    const path = pathOf(resource, {namespace, name});
    return sendOrThrow<T>(this.transport, {method: 'GET', path});
  }

  async #list<T>(resource: Resource): Promise<readonly T[]> {
    const call: ApiCall = {method: 'GET', path: pathOf(resource)};
    return (await sendOrThrow<{items: readonly T[]}>(this.transport, call)).items;
  }

  #create(resource: Resource, name: string, body: object): Promise<unknown> {
    const apiVersion = resource.group === '' ? 'v1' : `${resource.group}/${resource.version}`;
    return sendOrThrow(this.transport, {
      method: 'POST',
      path: pathOf(resource, {namespace}),
      body: {apiVersion, kind: resource.kind, metadata: {name}, ...body},
    });
  }

  async #patch(path: string, body: object): Promise<unknown> {
    const contentType = 'application/merge-patch+json';
    return sendOrThrow(this.transport, {method: 'PATCH', path, contentType, body});
  }
}

interface NodeChanges {
  readonly labels?: Readonly<Record<string, string>>;
  readonly allocatable?: Readonly<Record<string, string>>;
}

/** An API server on a virtual clock, which an operator may be started on again and again. */
export function makeServer(seed = 1) {
  const clock = new VirtualClock();
  const server = new EmbeddedApiServer({clock, random: seededRandom(seed)});
  for (const crd of crds) server.applyCrd(crd);
  return {clock, server};
}

/** The real operator beside an embedded API server. */
export function startWorld({
  on: {clock, server} = makeServer(),
  faults: staged = [],
}: {
  readonly on?: ReturnType<typeof makeServer>;
  readonly faults?: readonly FaultRule[];
} = {}) {
  const calls: ApiCall[] = [];
  const counted: Transport = countCalls(server.transport({user: 'operator'}), calls);
  const faults = new FaultyTransport({transport: counted, clock});
  for (const rule of staged) faults.inject(rule);
  const operator = new Operator({
    config: defaultConfig({ledger: {kind: 'memory'}, leaderElection: {enabled: false}}),
    transport: faults,
    namespace,
    identity: 'test',
    ledger: () => new MemoryLedger(),
    clock,
    random: seededRandom(2),
    log: silentLog,
    metrics: new Metrics(),
  });
  const stop = new AbortController();
  const running = operator.run(stop.signal);
  // Looked at by `stop`: until then an early end must not count as unhandled.
  running.catch(() => {});
  return {
    on: {clock, server},
    operator,
    faults,
    /** Writes of the operator so far, without Events and without views. */
    writes: () => calls.filter(isWrite).map(({method, path}) => `${method} ${path}`),
    cluster: new Cluster(server.transport()),
    advance: (byMs: number) => clock.advance(byMs),
    stop: async () => {
      stop.abort();
      await clock.advance(60_000);
      await running;
    },
  };
}

function isWrite({method, path}: ApiCall): boolean {
  const isView = path.includes('/workers/') && path.endsWith('/status');
  return method !== 'GET' && !path.includes('/events') && !isView;
}

function countCalls(transport: Transport, calls: ApiCall[]): Transport {
  return {
    send: (call, signal) => {
      calls.push(call);
      return transport.send(call, signal);
    },
    watch: (call, signal) => transport.watch(call, signal),
    close: () => transport.close(),
  };
}

/**
 * What `kubectl wait` and kstatus make of an object: the algorithm of
 * sigs.k8s.io/cli-utils/kstatus.
 */
export function kstatusOf({metadata, status = {}}: ContainerRequest): string {
  const {conditions = [], observedGeneration} = status;
  const is = (type: string) =>
    (conditions as readonly Condition[]).find((one) => one.type === type)?.status;
  if (observedGeneration !== undefined && observedGeneration !== metadata.generation) {
    return 'InProgress';
  }
  if (is('Reconciling') === 'True') return 'InProgress';
  if (is('Stalled') === 'True') return 'Failed';
  if (is('Ready') === 'False' || is('Ready') === 'Unknown') return 'InProgress';
  return 'Current';
}
