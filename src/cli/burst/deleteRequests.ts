import {containerRequests, pathOf} from '../../kube/resource.ts';
import {sendOrThrow, type Transport} from '../../kube/transport.ts';

const timeoutMs = 60_000;

/** Deletes every request of a namespace. */
export async function deleteRequests(
  transport: Transport,
  namespace: string,
  signal?: AbortSignal,
): Promise<void> {
  const path = pathOf(containerRequests, {namespace});
  await sendOrThrow(transport, {method: 'DELETE', path, timeoutMs}, signal);
}
