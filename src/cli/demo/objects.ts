import {apiVersionOf, containerRequests, workers} from '../../kube/resource.ts';

/** The Worker that a demo applies: 4 CPUs and 16 GiB in a pool of its own. */
export function demoWorker(name: string, poolName: string): object {
  return {
    apiVersion: apiVersionOf(workers),
    kind: workers.kind,
    metadata: {name, labels: {'berth.dev/demo': poolName}},
    spec: {poolName, capacity: {cpu: '4', memory: '16Gi'}},
  };
}

/** The request that a demo applies: 100m and 128Mi, without an affinity key, for the demo's pool only. */
export function demoRequest(name: string, namespace: string, poolName: string): object {
  return {
    apiVersion: apiVersionOf(containerRequests),
    kind: containerRequests.kind,
    metadata: {name, namespace},
    spec: {
      container: {image: 'busybox:1.36', command: ['true']},
      resources: {cpu: '100m', memory: '128Mi'},
      poolName,
    },
  };
}
