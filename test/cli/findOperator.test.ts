import {describe, expect, it} from 'vitest';
import {findOperator} from '../../src/cli/burst/findOperator.ts';
import {EmbeddedApiServer} from '../../src/embedded/embeddedApiServer.ts';
import {leases, pathOf} from '../../src/kube/resource.ts';
import {sendOrThrow, type Transport} from '../../src/kube/transport.ts';
import {systemClock} from '../../src/lib/clock.ts';
import {systemRandom} from '../../src/lib/random.ts';

const never = new AbortController().signal;

interface LeaseSpec {
  readonly holderIdentity?: string;
  /** Relative to now. */
  readonly renewedSeconds: number;
}

const microTime = (seconds: number) =>
  new Date(Date.now() + seconds * 1000).toISOString().replace('Z', '000Z');

async function clusterWith(name: string, spec: LeaseSpec): Promise<Transport> {
  const server = new EmbeddedApiServer({clock: systemClock, random: systemRandom});
  const transport = server.transport();
  const {renewedSeconds, ...holder} = spec;
  await sendOrThrow(transport, {
    method: 'POST',
    path: pathOf(leases, {namespace: 'default'}),
    body: {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {name, namespace: 'default'},
      spec: {...holder, leaseDurationSeconds: 1, renewTime: microTime(renewedSeconds)},
    },
  });
  return transport;
}

const renew = (transport: Transport, seconds: number) =>
  sendOrThrow(transport, {
    method: 'PATCH',
    path: pathOf(leases, {namespace: 'default', name: 'berth'}),
    contentType: 'application/merge-patch+json',
    body: {spec: {renewTime: microTime(seconds)}},
  });

describe('whether an operator leads on a cluster', () => {
  const rows: readonly [what: string, name: string, spec: LeaseSpec, leads: boolean][] = [
    ['a Lease renewed just now', 'berth', {holderIdentity: 'a', renewedSeconds: 0}, true],
    ['a Lease given up', 'berth', {renewedSeconds: 0}, false],
    ['a Lease of another name', 'other', {holderIdentity: 'a', renewedSeconds: 0}, false],
    ['a Lease whose holder is gone', 'berth', {holderIdentity: 'a', renewedSeconds: -60}, false],
    [
      'a Lease from the future that stands still',
      'berth',
      {holderIdentity: 'a', renewedSeconds: 60},
      false,
    ],
  ];
  it.each(rows)('is told from %s', async (_, name, spec, leads) => {
    const transport = await clusterWith(name, spec);
    expect(await findOperator(transport, never)).toBe(leads ? 'default/berth' : undefined);
  });

  it.each([-3_600, 3_600])('is seen by a renewal where the clocks differ by %d s', async (skew) => {
    const transport = await clusterWith('berth', {holderIdentity: 'a', renewedSeconds: skew});
    const found = findOperator(transport, never);
    await renew(transport, skew + 1);
    expect(await found).toBe('default/berth');
  });

  it('is not waited for after an interrupt', async () => {
    const transport = await clusterWith('berth', {holderIdentity: 'a', renewedSeconds: -60});
    const interrupt = new AbortController();
    const found = findOperator(transport, interrupt.signal);
    interrupt.abort(new Error('interrupted'));
    await expect(found).rejects.toThrow();
  });
});
