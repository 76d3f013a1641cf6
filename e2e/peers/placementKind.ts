import {floorStatus} from '../../src/cli/burst/floor.ts';
import {burstRequest, burstWorker, create} from '../../src/cli/burst/objects.ts';
import {
  apiVersionOf,
  containerRequests,
  nodes,
  pathOf,
  pods,
  type Resource,
  workers,
} from '../../src/kube/resource.ts';
import {type ApiCall, sendOrThrow, type Transport} from '../../src/kube/transport.ts';

/** Namespace and pool of everything that is placed. */
export const space = 'peers';

/** An object as it was stored. */
export interface Stored {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
  readonly spec?: {readonly nodeName?: string};
  readonly status?: {readonly workerName?: string};
}

/** What is placed on what, by whom ever. */
export interface PlacementKind {
  readonly objects: Resource;
  readonly hosts: Resource;
  /** Field selector of the objects that are placed. */
  readonly placed: string;
  /** One that asks for 100m and 128Mi. */
  object(name: string): object;
  /** Makes one of 4 CPUs and 16 GiB that may be placed on. */
  createHost(transport: Transport, name: string): Promise<void>;
  /** The one write that places it. */
  placing(stored: Stored, host: string): ApiCall;
  hostOf(stored: Stored): string | undefined;
}

/** What kube-scheduler places: bare Pods on bare Nodes, without a kubelet anywhere. */
export const podsOnNodes: PlacementKind = {
  objects: pods,
  hosts: nodes,
  placed: 'spec.nodeName!=',
  object: (name) => ({
    apiVersion: apiVersionOf(pods),
    kind: pods.kind,
    metadata: {name, namespace: space, labels: {app: space}},
    spec: {
      containers: [
        {
          name: 'main',
          image: 'busybox:1.36',
          command: ['true'],
          resources: {requests: {cpu: '100m', memory: '128Mi'}},
        },
      ],
    },
  }),
  async createHost(transport, name) {
    const resources = {cpu: '4', memory: '16Gi', pods: '110'};
    await create(transport, pathOf(nodes), {
      apiVersion: apiVersionOf(nodes),
      kind: nodes.kind,
      metadata: {name, labels: {'kubernetes.io/hostname': name}},
      status: {
        capacity: resources,
        allocatable: resources,
        conditions: [{type: 'Ready', status: 'True', reason: 'Bare', message: 'no kubelet'}],
      },
    });
    // Admission gives each new Node the taint not-ready, which a controller would take off.
    await sendOrThrow(transport, {
      method: 'PATCH',
      path: pathOf(nodes, {name}),
      contentType: 'application/merge-patch+json',
      body: {spec: {taints: null}},
    });
  },
  placing: ({metadata: {name, uid}}, host) => ({
    method: 'POST',
    path: `${pathOf(pods, {namespace: space, name})}/binding`,
    body: {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: {name, namespace: space, uid},
      target: {kind: 'Node', name: host},
    },
  }),
  hostOf: ({spec}) => spec?.nodeName,
};

/** What Berth places. */
export const requestsOnWorkers: PlacementKind = {
  objects: containerRequests,
  hosts: workers,
  placed: 'status.workerName!=',
  object: (name) => burstRequest(name, space, space),
  async createHost(transport, name) {
    await create(transport, pathOf(workers), burstWorker(name, space));
  },
  placing: ({metadata: {name, uid, resourceVersion}}, host) => ({
    method: 'PATCH',
    path: pathOf(containerRequests, {namespace: space, name, subresource: 'status'}),
    contentType: 'application/merge-patch+json',
    body: {metadata: {uid, resourceVersion}, status: floorStatus(host)},
  }),
  hostOf: ({status}) => status?.workerName,
};
