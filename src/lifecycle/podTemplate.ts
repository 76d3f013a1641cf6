import type {ContainerRequest} from '../api/containerRequestSchema.ts';
import type {RequestRecord} from '../api/records.ts';
import {apiVersionOf, containerRequests, pods} from '../kube/resource.ts';

/** Labels by which Berth finds the Pods of its requests. */
export const podLabels = {
  requestUid: 'berth.dev/request-uid',
  worker: 'berth.dev/worker',
} as const;

/** Annotation that ties a Pod to one assignment of its request. */
export const assignmentAnnotation = 'berth.dev/assignment';

const millisPerGpu = 1000;

/** The Pod's name: one an assignment, as a request that is placed again needs another Pod. */
export function podNameOf(request: RequestRecord): string {
  // 63 characters are the limit of a host name; the uid keeps a cut name unique.
  const suffix = `-${request.uid.slice(0, 8)}-${request.attempts}`;
  return `${request.name.slice(0, 63 - suffix.length).replace(/[-.]+$/, '')}${suffix}`;
}

/**
 * The Pod that runs a placed request on the Kubernetes node of its worker: owned by the request, so
 * that deleting the request ends it, and never restarted, as retries are the request's own.
 */
export function podTemplate(
  object: ContainerRequest,
  request: RequestRecord,
  {nodeName, workerName}: {nodeName: string; workerName: string},
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
      annotations: {[assignmentAnnotation]: request.placement!.assignmentId},
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
          name: 'main',
          env: [
            ...(container.env ?? []),
            ...gpuEnvironment(request.placement!.gpuDevices, gpuMillis),
          ],
          resources: {requests: quantities, limits: {memory: quantities.memory}},
        },
      ],
    },
  };
}

/** What NVIDIA's container runtime reads, and the share for whoever enforces it. */
function gpuEnvironment(devices: readonly number[], gpuMillis: number): readonly object[] {
  if (devices.length === 0) return [];
  const list = devices.join(',');
  return [
    {name: 'NVIDIA_VISIBLE_DEVICES', value: list},
    {name: 'BERTH_GPU_DEVICES', value: list},
    ...(gpuMillis < millisPerGpu ? [{name: 'BERTH_GPU_MILLIS', value: String(gpuMillis)}] : []),
  ];
}
