import {apiVersionOf, containerRequests, namespaces, workers} from '../../kube/resource.ts';
import {sendOrThrow, type Transport} from '../../kube/transport.ts';

/**
 * On everything that a demo or a measurement creates, with its name: what is left of one that was
 * killed.
 */
export const demoLabel = 'berth.dev/demo';

/** A namespace of its own. */
export function burstNamespace(name: string): object {
  return {
    apiVersion: apiVersionOf(namespaces),
    kind: namespaces.kind,
    metadata: {name, labels: {[demoLabel]: name}},
  };
}

/** As many of `burstRequest` as one of `burstWorker` holds. */
export const requestsAWorker = 40;

/** What a burst is made of: CPU alone, or GPUs in every second Worker and every second request. */
export type BurstMix = 'cpu' | 'cpu and gpu';

/** A Worker of 4 CPUs and 16 GiB in a pool of its own; 8 GPUs hold 40 shares, as its CPUs do. */
export function burstWorker(name: string, poolName: string, mix: BurstMix = 'cpu'): object {
  const gpu = mix === 'cpu and gpu' && isSecond(name) && {gpu: {type: 'H100', count: 8}};
  return {
    apiVersion: apiVersionOf(workers),
    kind: workers.kind,
    metadata: {name, labels: {[demoLabel]: poolName}},
    spec: {poolName, capacity: {cpu: '4', memory: '16Gi', ...gpu}},
  };
}

/** A request of 100m and 128Mi (and a fifth of a GPU), without an affinity key, for one pool. */
export function burstRequest(
  name: string,
  namespace: string,
  poolName: string,
  mix: BurstMix = 'cpu',
): object {
  const gpu = mix === 'cpu and gpu' && isSecond(name) && {gpu: {count: 1, shareMillis: 200}};
  return {
    apiVersion: apiVersionOf(containerRequests),
    kind: containerRequests.kind,
    metadata: {name, namespace, labels: {[demoLabel]: poolName}},
    spec: {
      container: {image: 'busybox:1.36', command: ['true']},
      resources: {cpu: '100m', memory: '128Mi', ...gpu},
      poolName,
    },
  };
}

/** Whether it is the second, the fourth and so on of those that `numbered` names. */
export function isSecond(name: string): boolean {
  return Number(/\d+$/.exec(name)?.[0]) % 2 === 0;
}

/** POSTs an object and gives it back as it was stored. */
export function create<T>(transport: Transport, path: string, body: object): Promise<T> {
  return sendOrThrow<T>(transport, {method: 'POST', path, body});
}

/** `prefix-001` and so on. */
export function numbered(prefix: string, count: number): readonly string[] {
  const digits = String(count).length;
  return Array.from(
    {length: count},
    (_, index) => `${prefix}-${String(index + 1).padStart(digits, '0')}`,
  );
}
