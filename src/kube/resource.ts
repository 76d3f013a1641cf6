/** Where a kind lives in the API. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

const berth = {group: 'berth.dev', version: 'v1alpha1'};

export const containerRequests: Resource = {
  ...berth,
  plural: 'containerrequests',
  kind: 'ContainerRequest',
  namespaced: true,
};
export const workers: Resource = {...berth, plural: 'workers', kind: 'Worker', namespaced: false};
export const workerPools: Resource = {
  ...berth,
  plural: 'workerpools',
  kind: 'WorkerPool',
  namespaced: false,
};
export const ledgers: Resource = {...berth, plural: 'ledgers', kind: 'Ledger', namespaced: false};
export const leases: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};
export const events: Resource = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};
export const pods: Resource = {
  group: '',
  version: 'v1',
  plural: 'pods',
  kind: 'Pod',
  namespaced: true,
};
export const nodes: Resource = {
  group: '',
  version: 'v1',
  plural: 'nodes',
  kind: 'Node',
  namespaced: false,
};
export const namespaces: Resource = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
};

/** `v1`, or `group/version`. */
export function apiVersionOf(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/**
 * Path of a collection (all namespaces when `namespace` is absent), or of one object when `name`
 * is given, or of its subresource.
 */
export function pathOf(
  resource: Resource,
  at: {namespace?: string; name?: string; subresource?: 'status'} = {},
): string {
  const root = resource.group === '' ? '/api' : `/apis/${resource.group}`;
  const parts = [`${root}/${resource.version}`];
  if (resource.namespaced && at.namespace !== undefined) parts.push('namespaces', at.namespace);
  parts.push(resource.plural);
  if (at.name !== undefined) parts.push(at.name);
  if (at.subresource !== undefined) parts.push(at.subresource);
  return parts.join('/');
}
