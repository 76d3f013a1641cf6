import {apiVersionOf, leases, pathOf} from '../../kube/resource.ts';
import {ApiError, type Transport} from '../../kube/transport.ts';
import type {RedisGauge} from '../../ledger/redisGauge.ts';
import {sleep, systemClock} from '../../lib/clock.ts';

/** A lock a worker, where the ledger is. */
export interface WorkerLocks {
  /** False where somebody else holds it. */
  tryLock(workerName: string, signal: AbortSignal): Promise<boolean>;
  unlock(workerName: string): Promise<void>;
}

const retryMs = 5;
const maxHeldMs = 10_000;

/** Waits until the lock is free. */
export async function lock(
  locks: WorkerLocks,
  workerName: string,
  signal: AbortSignal,
): Promise<void> {
  const endMs = systemClock.monotonicMs() + maxHeldMs;
  while (!(await locks.tryLock(workerName, signal))) {
    if (systemClock.monotonicMs() > endMs) {
      throw new Error(`Cannot lock worker ${workerName}: held for more than ${maxHeldMs} ms`);
    }
    await sleep(systemClock, retryMs, signal);
    signal.throwIfAborted();
  }
}

export function redisLocks(gauge: RedisGauge, name: string): WorkerLocks {
  const keyOf = (workerName: string) => `berth-perf:{${name}}:lock:${workerName}`;
  return {
    tryLock: (workerName) => gauge.tryLock(keyOf(workerName), name, maxHeldMs),
    unlock: (workerName) => gauge.unlock(keyOf(workerName)),
  };
}

/** Leases that are created and deleted, in the namespace of the measurement. */
export function leaseLocks(transport: Transport, namespace: string): WorkerLocks {
  const lane = 'ledger';
  return {
    async tryLock(workerName, signal) {
      const metadata = {name: workerName, namespace};
      const spec = {holderIdentity: namespace};
      const body = {apiVersion: apiVersionOf(leases), kind: leases.kind, metadata, spec};
      const call = {method: 'POST', path: pathOf(leases, {namespace}), body, lane} as const;
      const reply = await transport.send(call, signal);
      if (reply.status === 409) return false;
      if (reply.status >= 400) throw new ApiError(call, reply);
      return true;
    },
    async unlock(name) {
      const call = {method: 'DELETE', path: pathOf(leases, {namespace, name}), lane} as const;
      const reply = await transport.send(call);
      if (reply.status >= 400 && reply.status !== 404) throw new ApiError(call, reply);
    },
  };
}

export function memoryLocks(): WorkerLocks {
  const held = new Set<string>();
  return {
    async tryLock(workerName) {
      return held.size < held.add(workerName).size;
    },
    async unlock(workerName) {
      held.delete(workerName);
    },
  };
}
