import {readFileSync} from 'node:fs';
import type {Config} from '../config.ts';
import type {Transport} from '../kube/transport.ts';
import {type BoundView, KubernetesLedger} from '../ledger/kubernetesLedger.ts';
import type {Ledger} from '../ledger/ledger.ts';
import {MemoryLedger} from '../ledger/memoryLedger.ts';
import type {RedisOptions} from '../ledger/redisCredentials.ts';
import {RedisLedger} from '../ledger/redisLedger.ts';
import {assertNever} from '../lib/assertNever.ts';
import type {Clock} from '../lib/clock.ts';

/** The ledger that the configuration names. Connects to nothing yet. */
export function createLedger(
  {kind, name, maxInFlight, redis}: Config['ledger'],
  {transport, bound, clock}: {transport: Transport; bound: BoundView; clock: Clock},
): Ledger {
  switch (kind) {
    case 'kubernetes':
      return new KubernetesLedger({transport, name, bound, maxInFlight});
    case 'redis':
      return new RedisLedger({redis: redisOptions(redis), name, clock});
    case 'memory':
      return new MemoryLedger();
    default:
      return assertNever(kind);
  }
}

/** How to connect to the Redis of the settings. Reads no file yet. */
export function redisOptions({
  passwordFile,
  tls: {enabled, ...files},
  ...rest
}: Config['ledger']['redis']): RedisOptions {
  return {
    ...rest,
    // Read at each connect, so that a changed Secret needs no restart.
    password: passwordFile && (() => readFileSync(passwordFile, 'utf8').trim()),
    tls: enabled || rest.url.startsWith('rediss:') ? files : undefined,
  };
}
