import {type Config, defaultConfig, isRedisUrl} from '../../config.ts';
import {RedisGauge} from '../../ledger/redisGauge.ts';
import {redisOptions} from '../createLedger.ts';

/** As the settings of the operator with the same words. */
export interface PerfRedisOptions {
  readonly redisUrl?: string;
  readonly redisUsername?: string;
  readonly redisPasswordFile?: string;
  readonly redisTlsCaFile?: string;
  readonly redisTlsCertFile?: string;
  readonly redisTlsKeyFile?: string;
}

export const keyPrefix = 'berth-perf';
const timeoutMs = 5_000;

/**
 * The settings of the ledger in Redis, for an operator that is measured. A file of TLS is of no use
 * without TLS, so that any of them stands for it, whatever the URL says.
 * @throws Error where the URL is none; it is not repeated, as it may hold a password
 */
export function redisSettings(options: PerfRedisOptions): Config['ledger']['redis'] {
  const {redisUrl: url, redisUsername: username, redisPasswordFile: passwordFile} = options;
  const {redisTlsCaFile: caFile, redisTlsCertFile: certFile, redisTlsKeyFile: keyFile} = options;
  if (url !== undefined && !isRedisUrl(url)) {
    const found = /^[a-z]+:/.exec(url)?.[0] ?? 'no scheme';
    throw new Error(
      `Cannot use --redis-url as it must be redis://HOST:PORT or rediss://HOST:PORT: current value begins with ${found}`,
    );
  }
  const enabled = [caFile, certFile, keyFile].some((file) => file !== undefined);
  const tls = {enabled, caFile, certFile, keyFile};
  return defaultConfig({ledger: {redis: {keyPrefix, url, username, passwordFile, tls}}}).ledger
    .redis;
}

/** @throws Error where the password or a certificate cannot be read */
export function redisGauge(settings: Config['ledger']['redis']): RedisGauge {
  try {
    return new RedisGauge({...redisOptions(settings), timeoutMs});
  } catch (cause) {
    throw new Error(
      `Cannot read the password or a certificate for Redis: ${(cause as Error).message}`,
      {cause},
    );
  }
}
