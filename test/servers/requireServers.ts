import {afterAll, beforeAll, describe, inject, it} from 'vitest';
import {fileCredentials} from '../../src/kube/credentialSources.ts';
import {HttpTransport} from '../../src/kube/httpTransport.ts';
import type {Transport} from '../../src/kube/transport.ts';
import {deleteTestObjects} from './deleteTestObjects.ts';
import type {Lane, ProvidedServers} from './globalSetup.ts';
import {serviceAccountToken} from './serviceAccountToken.ts';

export type RequiredPart = 'api' | 'redis' | 'browser';

/** What this file may use: nobody else does while it runs. */
type Parts = Lane & Pick<ProvidedServers, 'browser'>;

/** The servers of the run, seen from a test file. */
export interface TestServers {
  /** @throws Error when the tests did not ask for `api` */
  readonly api: NonNullable<Parts['api']>;
  /** @throws Error when the tests did not ask for `redis` */
  readonly redis: NonNullable<Parts['redis']>;
  /** @throws Error when the tests did not ask for `browser` */
  readonly browser: NonNullable<Parts['browser']>;
  /** Connections as the bearer of `token` (default: admin); closed after the tests. */
  transport(token?: string): Transport;
  /** A token by TokenRequest; the ServiceAccount is made where it is missing. */
  tokenFor(account: {namespace: string; serviceAccount: string}): Promise<string>;
}

/**
 * `describe` for tests that need real servers. `body` runs when every part is there; otherwise one
 * skipped test says which part is not, and why (in CI the run fails before that). With `api`, no
 * berth.dev object, Pod, Node or Lease of another test exists before and after.
 */
export function describeWithServers(
  name: string,
  parts: readonly RequiredPart[],
  body: (servers: TestServers) => void,
): void {
  const {lanes, browser, missing: whyMissing} = inject('berthServers');
  const own = lanes[Number(process.env['VITEST_POOL_ID']) - 1]!;
  const provided: Parts = {...own, ...(browser && {browser})};
  const missing = parts.filter((part) => !provided[part]);
  describe(name, () => {
    if (missing.length === 0) return runWithServers(provided, parts, body);
    const why = missing.map((part) => `no ${part}: ${whyMissing[part]}`).join('; ');
    it.skipIf(true)(why, () => {});
  });
}

function runWithServers(
  provided: Parts,
  parts: readonly RequiredPart[],
  body: (servers: TestServers) => void,
): void {
  const open: Transport[] = [];
  const servers: TestServers = {
    get api() {
      return wanted(provided, 'api');
    },
    get redis() {
      return wanted(provided, 'redis');
    },
    get browser() {
      return wanted(provided, 'browser');
    },
    transport(token) {
      const {url, caFile, adminToken} = servers.api;
      const credentials = fileCredentials({token: token ?? adminToken, caFile});
      const made = new HttpTransport({url, credentials});
      open.push(made);
      return made;
    },
    tokenFor: (account) => serviceAccountToken(servers.transport(), account),
  };
  if (parts.includes('api')) beforeAll(() => deleteTestObjects(servers.transport()));
  afterAll(async () => {
    try {
      if (parts.includes('api')) await deleteTestObjects(servers.transport());
    } finally {
      await Promise.all(open.splice(0).map((transport) => transport.close()));
    }
  });
  body(servers);
}

function wanted<Part extends RequiredPart>(provided: Parts, part: Part): NonNullable<Parts[Part]> {
  const found = provided[part];
  if (!found) throw new Error(`Cannot use ${part} as describeWithServers was not given '${part}'`);
  return found;
}
