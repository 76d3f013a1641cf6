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
 * Places and deletes bursts: an operator that has just started runs code that nobody has compiled
 * yet, while the client of the floor has run for minutes. Operators live long; both are measured
 * warm.
 *
 * @param bursts the names of each
 */
export async function warmUp(
  witness: Witness,
  to: Pick<BurstOptions, 'transport' | 'namespace' | 'poolName'>,
  bursts: readonly (readonly string[])[],
): Promise<void> {
  for (const names of bursts) {
    await createBurst({...to, names});
    await witness.lastPlacedMs(to.namespace, names, 60_000);
    await clear(witness, to);
  }
}
