import {expect, it} from 'vitest';
import {LeaderElector} from '../../src/kube/leaderElector.ts';
import {preflight} from '../../src/kube/preflight.ts';
import {leases, pathOf} from '../../src/kube/resource.ts';
import {sendOrThrow, type Transport} from '../../src/kube/transport.ts';
import {systemClock} from '../../src/lib/clock.ts';
import {silentLog} from '../../src/lib/log.ts';
import {systemRandom} from '../../src/lib/random.ts';
import {describeWithServers} from '../servers/requireServers.ts';
import {waitFor} from '../servers/waitFor.ts';

interface Running {
  readonly epochs: readonly number[];
  readonly elector: LeaderElector;
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

/** Short durations: the virtual clock's tests are about the real ones. */
function start(transport: Transport, identity: string): Running {
  const elector = new LeaderElector({
    transport,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    namespace: 'default',
    name: 'berth-election',
    identity,
    durations: {leaseDurationSeconds: 3, renewDeadlineSeconds: 2, retryPeriodSeconds: 1},
  });
  const epochs: number[] = [];
  const stop = new AbortController();
  const done = elector.run(stop.signal, {
    onElected(epoch, signal) {
      epochs.push(epoch);
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve(), {once: true});
      });
    },
  });
  return {
    epochs,
    elector,
    done,
    async stop() {
      stop.abort();
      await done;
    },
  };
}

describeWithServers('leader election on a real API server', ['api'], (servers) => {
  const path = pathOf(leases, {namespace: 'default', name: 'berth-election'});

  it('hands the Lease over on release and on death, each time with a higher epoch', async () => {
    const a = start(servers.transport(), 'a');
    await waitFor('a to lead', 10_000, () => a.elector.isLeader);
    const transportOfB = servers.transport();
    const b = start(transportOfB, 'b');
    await waitFor('b to see a', 10_000, () => b.elector.leader === 'a');
    await a.stop();
    await waitFor('b to lead', 10_000, () => b.elector.isLeader);

    const c = start(servers.transport(), 'c');
    await transportOfB.close();
    await waitFor('c to lead', 20_000, () => c.elector.isLeader);
    expect(b.elector.isLeader).toBe(false);
    expect([a.epochs, b.epochs, c.epochs]).toEqual([[1], [2], [3]]);
    const lease = await sendOrThrow(servers.transport(), {method: 'GET', path});
    expect(lease).toMatchObject({spec: {holderIdentity: 'c', leaseTransitions: 3}});
    await Promise.all([b.stop(), c.stop()]);
  });

  it('says which rights are missing to an account that has none', async () => {
    const token = await servers.tokenFor({namespace: 'default', serviceAccount: 'no-rights'});
    const transport = servers.transport(token);
    await expect(start(transport, 'x').done).rejects.toThrow(/^Cannot GET the Lease .*forbidden/);
    const problems = await preflight({
      transport,
      leaseNamespace: 'default',
      usesLedgerObject: true,
    });
    expect(problems).toEqual([
      expect.stringMatching(/may not get containerrequests, .*patch leases in namespace default:/),
    ]);
  });

  it('finds nothing amiss for the admin where the CRDs are installed', async () => {
    const problems = await preflight({
      transport: servers.transport(),
      leaseNamespace: 'default',
      usesLedgerObject: true,
    });
    expect(problems).toEqual([]);
  });
});
