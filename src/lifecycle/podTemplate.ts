import type {ContainerRequest} from '../api/containerRequestSchema.ts';
import type {Placement, RequestRecord, WorkerRecord} from '../api/records.ts';
import {WHOLE_GPU_MILLIS} from '../api/resources.ts';
import {apiVersionOf, containerRequests, pods} from '../kube/resource.ts';

/** Labels by which Berth finds the Pods of its requests. */
export const podLabels = {
  requestUid: 'berth.dev/request-uid',
  worker: 'berth.dev/worker',
} as const;

/** Annotation that ties a Pod to one assignment of its request. */
export const assignmentAnnotation = 'berth.dev/assignment';

/** The one container of such a Pod. */
export const containerName = 'main';

/** A request that has a worker. */
export type PlacedRequest = RequestRecord & {readonly placement: Placement};

/** The Pod's name: one an assignment, as a request that is placed again needs another Pod. */
export function podNameOf({name, uid, placement}: PlacedRequest): string {
  // 63 characters are the limit of a host name; uid and assignment keep a cut name unique.
  const assignment = placement.assignmentId.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  const suffix = `-${uid.slice(0, 8)}-${assignment}`.slice(0, 48);
  return `${name.slice(0, 63 - suffix.length)}${suffix}`.replaceAll(/[-.]+(?=-|$)/g, '');
}

/**
 * The Pod that runs a placed request on the Kubernetes node of its worker: owned by the request, so
 * that deleting the request ends it, and never restarted, as retries are the request's own.
 */
export function podTemplate(
  object: ContainerRequest,
  request: PlacedRequest,
  {name: workerName, nodeName, capacity}: WorkerRecord,
): object {
  const {container, pod, tolerations} = object.spec;
  const {cpuMillis, memoryBytes, gpuMillis} = request.demand;
  const quantities = {cpu: `${cpuMillis}m`, memory: String(memoryBytes)};
  return {
    apiVersion: apiVersionOf(pods),
    kind: pods.kind,
    metadata: {
      name: podNameOf(request),
      namespace: request.namespace,
      labels: {
        [podLabels.requestUid]: request.uid,
        [podLabels.worker]: workerName.slice(0, 63).replace(/[-.]+$/, ''),
      },
      annotations: {[assignmentAnnotation]: request.placement.assignmentId},
      ownerReferences: [
        {
          apiVersion: apiVersionOf(containerRequests),
          kind: containerRequests.kind,
          name: request.name,
          uid: request.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      ...pod,
      nodeName,
      restartPolicy: 'Never',
      ...(tolerations && {tolerations}),
      containers: [
        {
          ...container,
          name: containerName,
          env: [
            // The last one of a name counts: a request cannot help itself to other devices.
            ...(container.env ?? []),
            ...(capacity.gpuCount > 0
              ? gpuEnvironment(request.placement.gpuDevices, gpuMillis)
              : []),
          ],
          resources: {requests: quantities, limits: {memory: quantities.memory}},
        },
      ],
    },
  };
}

/**
 * What NVIDIA's container runtime reads, and the share for whoever enforces it. `void` where the
 * request has no GPU: CUDA images ask for all of them by themselves.
 */
function gpuEnvironment(devices: readonly number[], gpuMillis: number): readonly object[] {
  if (devices.length === 0) return [{name: 'NVIDIA_VISIBLE_DEVICES', value: 'void'}];
  const list = devices.join(',');
  return [
    {name: 'NVIDIA_VISIBLE_DEVICES', value: list},
    {name: 'BERTH_GPU_DEVICES', value: list},
    ...(gpuMillis < WHOLE_GPU_MILLIS ? [{name: 'BERTH_GPU_MILLIS', value: String(gpuMillis)}] : []),
  ];
}
