import {apiVersionOf, containerRequests, namespaces, workers} from '../../kube/resource.ts';

/** On everything that a demo creates, with the demo's name: what is left of one that was killed. */
export const demoLabel = 'berth.dev/demo';

/** The namespace that a demo creates. */
export function demoNamespace(name: string): object {
  return {
    apiVersion: apiVersionOf(namespaces),
    kind: namespaces.kind,
    metadata: {name, labels: {[demoLabel]: name}},
  };
}

/** The Worker that a demo applies: 4 CPUs and 16 GiB in a pool of its own. */
export function demoWorker(name: string, poolName: string): object {
  return {
    apiVersion: apiVersionOf(workers),
    kind: workers.kind,
    metadata: {name, labels: {[demoLabel]: poolName}},
    spec: {poolName, capacity: {cpu: '4', memory: '16Gi'}},
  };
}

/**
 * The request that a demo applies: 100m and 128Mi, without an affinity key, for the demo's pool
 * only.
 */
export function demoRequest(name: string, namespace: string, poolName: string): object {
  return {
    apiVersion: apiVersionOf(containerRequests),
    kind: containerRequests.kind,
    metadata: {name, namespace, labels: {[demoLabel]: poolName}},
    spec: {
      container: {image: 'busybox:1.36', command: ['true']},
      resources: {cpu: '100m', memory: '128Mi'},
      poolName,
    },
  };
}
