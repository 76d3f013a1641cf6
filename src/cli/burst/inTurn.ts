import {randomUUID} from 'node:crypto';
import {hostname} from 'node:os';
import {LeaderElector} from '../../kube/leaderElector.ts';
import {leases, pathOf} from '../../kube/resource.ts';
import type {Transport} from '../../kube/transport.ts';
import {systemClock} from '../../lib/clock.ts';
import {silentLog} from '../../lib/log.ts';
import {systemRandom} from '../../lib/random.ts';

export interface InTurnOptions {
  /** What wants its turn, for people. */
  readonly what: string;
  readonly transport: Transport;
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}

/** In the one namespace that every cluster has. */
const lease = {namespace: 'default', name: 'berth-demo'};
/** A free Lease is had at once; longer means that somebody holds it. */
const noticeAfterMs = 2_000;

/**
 * Runs `work` while no other demo's or measurement's operator runs on the cluster: each would place
 * the requests of both, by a ledger of its own. The turn is a Lease, so that one that was killed
 * blocks the next for 15 s only. The signal of `work` aborts with `signal`, or when the Lease is
 * lost.
 *
 * Rejected: to refuse the second one (a race between look and start), or to let it use the first
 * one's operator (which ends with the first one).
 */
export async function inTurn<T>(
  {what, transport, progress, signal}: InTurnOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const elector = new LeaderElector({
    transport,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    ...lease,
    identity: `${hostname()}_${randomUUID()}`,
  });
  const cancel = systemClock.setTimer(noticeAfterMs, () =>
    progress(`another ${what} runs on this cluster (${elector.leader}): waiting for its end`),
  );
  let outcome: {readonly value: T} | undefined;
  try {
    await elector.run(AbortSignal.any([signal, done.signal]), {
      onElected: async (_, turn) => {
        cancel();
        try {
          outcome = {value: await work(turn)};
        } finally {
          done.abort();
        }
      },
    });
  } finally {
    cancel();
    await removeFreeLease(transport);
  }
  if (outcome) return outcome.value;
  signal.throwIfAborted();
  throw new Error(`Cannot finish the ${what}: it lost its turn, another one may have begun`);
}

/** Removes the Lease, unless somebody has taken it by now. */
async function removeFreeLease(transport: Transport): Promise<void> {
  const path = pathOf(leases, lease);
  const reply = await transport.send<{
    metadata: {uid: string; resourceVersion: string};
    spec: {holderIdentity?: string};
  }>({method: 'GET', path});
  if (reply.status !== 200 || reply.body.spec.holderIdentity) return;
  const {uid, resourceVersion} = reply.body.metadata;
  const preconditions = {uid, resourceVersion};
  const body = {apiVersion: 'v1', kind: 'DeleteOptions', preconditions};
  await transport.send({method: 'DELETE', path, body});
}
