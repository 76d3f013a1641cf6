import {containerRequests, pathOf} from '../../kube/resource.ts';
import {sendOrThrow, type Transport} from '../../kube/transport.ts';
import {demoLabel} from './objects.ts';

/**
 * An operator places every request of its cluster: one for a demo or a measurement wants none of
 * others.
 * @param what for people: the demo, the measurement
 * @throws Error that names one
 */
export async function refuseBesideOthers(
  {transport, what}: {readonly transport: Transport; readonly what: string},
  signal: AbortSignal,
): Promise<void> {
  const query = {limit: 1, labelSelector: `!${demoLabel}`};
  const foreign = await sendOrThrow<{items: {metadata: {namespace: string; name: string}}[]}>(
    transport,
    {method: 'GET', path: pathOf(containerRequests), query},
    signal,
  );
  const [first] = foreign.items;
  if (!first) return;
  const {namespace, name} = first.metadata;
  const advice =
    what === 'demo'
      ? 'install Berth (deploy/) and run the demo again'
      : `remove them, or run the ${what} on a cluster of its own`;
  throw new Error(
    `Cannot start an operator of its own there: it would place the ContainerRequests of others, ${namespace}/${name} for example; ${advice}`,
  );
}
