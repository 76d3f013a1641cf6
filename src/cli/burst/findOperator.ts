import {leases, pathOf} from '../../kube/resource.ts';
import {sendOrThrow, type Transport} from '../../kube/transport.ts';
import {sleep, systemClock} from '../../lib/clock.ts';

interface LeaseList {
  readonly items: readonly {
    readonly metadata: {readonly namespace: string; readonly name: string};
    readonly spec: {
      readonly holderIdentity?: string;
      readonly renewTime?: string;
      readonly leaseDurationSeconds?: number;
    };
  }[];
}

const pollMs = 1_000;

/**
 * `NAMESPACE/NAME` of the Lease by which an installed operator leads; undefined where none does. A
 * Lease that looks old is watched for its duration: the clock of this machine may be the wrong one.
 */
export async function findOperator(
  transport: Transport,
  signal: AbortSignal,
): Promise<string | undefined> {
  const first = await heldLeases(transport, signal);
  if (first.size === 0) return undefined;
  for (const [name, {renewTime, durationMs}] of first) {
    const ageMs = systemClock.nowMs() - Date.parse(renewTime);
    if (ageMs >= 0 && ageMs < durationMs) return name;
  }
  const longestMs = Math.max(...[...first.values()].map(({durationMs}) => durationMs));
  const endMs = systemClock.monotonicMs() + longestMs;
  while (systemClock.monotonicMs() < endMs) {
    await sleep(systemClock, pollMs, signal);
    signal.throwIfAborted();
    for (const [name, {renewTime}] of await heldLeases(transport, signal)) {
      if (first.get(name)?.renewTime !== renewTime) return name;
    }
  }
  return undefined;
}

async function heldLeases(
  transport: Transport,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, {renewTime: string; durationMs: number}>> {
  const query = {fieldSelector: 'metadata.name=berth'};
  const call = {method: 'GET', path: pathOf(leases), query} as const;
  const {items} = await sendOrThrow<LeaseList>(transport, call, signal);
  const held = items.filter(({spec}) => Boolean(spec.holderIdentity));
  return new Map(
    held.map(({metadata, spec}) => [
      `${metadata.namespace}/${metadata.name}`,
      {renewTime: spec.renewTime ?? '', durationMs: (spec.leaseDurationSeconds ?? 15) * 1000},
    ]),
  );
}
