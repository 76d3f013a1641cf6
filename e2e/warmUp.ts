import {type BurstOptions, createBurst} from '../src/cli/burst/floor.ts';
import {containerRequests, pathOf} from '../src/kube/resource.ts';
import {waitFor} from '../test/servers/waitFor.ts';
import type {Witness} from './measure.ts';

/** Deletes every request of the namespace and waits until they are seen gone. */
export async function clear(
  witness: Witness,
  {transport, namespace}: Pick<BurstOptions, 'transport' | 'namespace'>,
): Promise<void> {
  const path = pathOf(containerRequests, {namespace});
  await transport.send({method: 'DELETE', path, timeoutMs: 60_000});
  await waitFor(`the end of all in ${namespace}`, 60_000, () => witness.countIn(namespace) === 0);
}

/**
 * Places and deletes one burst: an operator that has just started runs code that nobody has
 * compiled yet, while the client of the floor has run for seconds. Operators live long; both are
 * measured warm.
 */
export async function warmUp(witness: Witness, burst: BurstOptions): Promise<void> {
  await createBurst(burst);
  await witness.lastPlacedMs(burst.namespace, burst.names, 60_000);
  await clear(witness, burst);
}
