import {
  containerRequests,
  leases,
  ledgers,
  nodes,
  pathOf,
  pods,
  type Resource,
  workerPools,
  workers,
} from '../../src/kube/resource.ts';
import {ApiError, sendOrThrow, type Transport} from '../../src/kube/transport.ts';
import {waitFor} from './waitFor.ts';

/** Requests first: what owns others goes before what is owned. */
const kinds = [containerRequests, pods, workers, workerPools, ledgers, nodes, leases];
const GONE_MS = 30_000;

interface Listed {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly finalizers?: readonly string[];
  };
}

/**
 * Deletes every berth.dev object, Pod, Node and Lease outside kube-*, and waits until all are gone.
 */
export async function deleteTestObjects(transport: Transport): Promise<void> {
  for (const kind of kinds) {
    await waitFor(`${kind.plural} to be gone`, GONE_MS, async () => {
      const found = await list(transport, kind);
      if (found.length > 0) await deleteAll(transport, kind, found);
      return found.length === 0;
    });
  }
}

async function list(transport: Transport, kind: Resource): Promise<readonly Listed[]> {
  const call = {method: 'GET', path: pathOf(kind)} as const;
  const reply = await transport.send<{items: readonly Listed[]}>(call);
  // A CRD that is not there has no objects.
  if (reply.status === 404) return [];
  if (reply.status >= 400) throw new ApiError(call, reply);
  return reply.body.items.filter(({metadata}) => !metadata.namespace?.startsWith('kube-'));
}

async function deleteAll(
  transport: Transport,
  kind: Resource,
  found: readonly Listed[],
): Promise<void> {
  for (const {metadata} of found.filter((item) => item.metadata.finalizers?.length)) {
    const {name, namespace} = metadata;
    await transport.send({
      method: 'PATCH',
      path: pathOf(kind, {name, ...(namespace !== undefined && {namespace})}),
      contentType: 'application/merge-patch+json',
      body: {metadata: {finalizers: null}},
    });
  }
  // A collection over all namespaces cannot be deleted, only one namespace at a time.
  const places = new Set(found.map((item) => item.metadata.namespace));
  for (const namespace of places) {
    await sendOrThrow(transport, {
      method: 'DELETE',
      path: pathOf(kind, namespace === undefined ? {} : {namespace}),
      // No kubelet confirms the end of a Pod here.
      query: {gracePeriodSeconds: 0},
      timeoutMs: GONE_MS,
    });
  }
}
