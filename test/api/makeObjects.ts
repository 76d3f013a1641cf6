/** A ContainerRequest as a watch delivers it, with `spec` over the least that is needed. */
export function makeRequestObject(
  spec: Record<string, unknown> = {},
  status?: Record<string, unknown>,
  metadata: Record<string, unknown> = {},
) {
  return {
    apiVersion: 'berth.dev/v1alpha1',
    kind: 'ContainerRequest',
    metadata: {
      name: 'build-1',
      namespace: 'team',
      uid: 'uid-1',
      resourceVersion: '17',
      generation: 2,
      creationTimestamp: '2026-01-02T03:04:05Z',
      ...metadata,
    },
    spec: {container: {image: 'app:v1'}, ...spec},
    ...(status && {status}),
  };
}

/** A Worker as a watch delivers it, with `spec` over the least that is needed. */
export function makeWorkerObject(
  spec: Record<string, unknown> = {},
  status?: Record<string, unknown>,
  metadata: Record<string, unknown> = {},
) {
  return {
    apiVersion: 'berth.dev/v1alpha1',
    kind: 'Worker',
    metadata: {name: 'worker-1', uid: 'uid-w1', resourceVersion: '5', ...metadata},
    spec: {capacity: {cpu: '4', memory: '8Gi'}, ...spec},
    ...(status && {status}),
  };
}
