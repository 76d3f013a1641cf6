import {mkdtempSync, readFileSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {requestsIn} from '../src/cli/perf/apiCounts.ts';
import type {RealApiServer} from '../test/servers/apiServer.ts';
import {startRedis} from '../test/servers/redisServer.ts';
import type {Installer} from './installation.ts';

/** A ledger, and how its commits are counted by somebody else. */
export interface LedgerUnderTest {
  /** Flags that only this machine can know. */
  readonly settings: readonly string[];
  /** Ledger updates so far: by the API server's own metrics, or by Redis' own statistics. */
  commits(): Promise<number>;
  stop(): Promise<void>;
}

export interface LedgerChoice {
  readonly kind: 'kubernetes' | 'redis';
  readonly installer: Installer;
  start(api: RealApiServer): Promise<LedgerUnderTest>;
}

const password = 'e2e-password';

export const kubernetesChoice: LedgerChoice = {
  kind: 'kubernetes',
  installer: 'helm',
  start: async (api) => ({
    settings: [],
    commits: async () => patchesOfLedgerStatus(await api.metrics()),
    stop: async () => {},
  }),
};

/** As the overlay installs it: over TLS, as an ACL user with the least rights. */
export const redisChoice: LedgerChoice = {
  kind: 'redis',
  installer: 'kustomize',
  async start() {
    const redis = await startRedis({tls: true, users: sampleUsers()});
    const passwordFile = join(mkdtempSync(join(tmpdir(), 'berth-e2e-')), 'password');
    writeFileSync(passwordFile, `${password}\n`);
    return {
      settings: [
        ...['--ledger-redis-url', redis.url],
        ...['--ledger-redis-password-file', passwordFile],
        ...['--ledger-redis-tls-ca-file', redis.tls!.caFile],
        ...['--ledger-redis-tls-server-name', 'localhost'],
      ],
      commits: async () => (await redis.commandCalls()).get('evalsha') ?? 0,
      stop: () => redis.stop(),
    };
  },
};

export const ledgersUnderTest: readonly LedgerChoice[] = [kubernetesChoice, redisChoice];

/** The users of the sample, with a password of our own. */
function sampleUsers(): readonly string[] {
  const sample = fileURLToPath(new URL('../deploy/samples/redis/users.acl', import.meta.url));
  return readFileSync(sample, 'utf8').replace('CHANGE-ME', password).trim().split('\n');
}

/** Ledger updates so far, by the API server's own metrics. */
export function patchesOfLedgerStatus(metrics: string): number {
  const verbs = ['PATCH', 'APPLY'];
  return requestsIn(metrics, {resource: 'ledgers', subresource: 'status', verbs});
}
