import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {parseAllDocuments, stringify} from 'yaml';
import type {Allocation} from '../../src/api/resources.ts';
import {containerRequests, pathOf, type Resource, workers} from '../../src/kube/resource.ts';
import {sendOrThrow, type Transport} from '../../src/kube/transport.ts';
import {RedisLedger} from '../../src/ledger/redisLedger.ts';
import {systemClock} from '../../src/lib/clock.ts';
import {BerthProcess, endAll} from '../cli/berthProcess.ts';
import {writeKubeconfig} from '../servers/apiServerFiles.ts';
import {deleteTestObjects} from '../servers/deleteTestObjects.ts';
import {describeWithServers} from '../servers/requireServers.ts';
import {makeTempFolder} from '../servers/tempFolder.ts';

const timeoutMs = 60_000;
const account = {namespace: 'default', serviceAccount: 'berth-auditor'};
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const roles = ['clusterroles', 'clusterrolebindings'].map((plural) => `${rbac}/${plural}`);

/** The role and the binding of the sample. */
function sampleRoles(): readonly object[] {
  const file = new URL('../../deploy/samples/auditor.yaml', import.meta.url);
  const documents = parseAllDocuments(readFileSync(file, 'utf8'));
  const objects = documents.map((document) => document.toJS() as {kind: string});
  return objects.filter(({kind}) => kind.startsWith('ClusterRole'));
}

describeWithServers('berth audit on a real API server', ['api', 'redis'], (servers) => {
  let admin: Transport;
  let kubeconfig: string;
  const folder = makeTempFolder('audit');

  const audit = (...args: readonly string[]) =>
    BerthProcess.start(['audit', '--kubeconfig', kubeconfig, ...args]);

  async function create(resource: Resource, name: string, spec: object): Promise<void> {
    const {group, version, kind, namespaced} = resource;
    const path = pathOf(resource, namespaced ? {namespace: 'default'} : {});
    const body = {apiVersion: `${group}/${version}`, kind, metadata: {name}, spec};
    await sendOrThrow(admin, {method: 'POST', path, body});
  }

  /** By the status alone, past the operator: as a bug of it would. */
  async function place(name: string, workerName: string, assignment: object = {}): Promise<void> {
    await sendOrThrow(admin, {
      method: 'PATCH',
      path: pathOf(containerRequests, {namespace: 'default', name, subresource: 'status'}),
      contentType: 'application/merge-patch+json',
      body: {
        status: {
          phase: 'Scheduled',
          workerName,
          assignment: {id: `by-hand-${name}`, gpuDevices: [0], ...assignment},
        },
      },
    });
  }

  beforeAll(async () => {
    admin = servers.transport();
    const token = await servers.tokenFor(account);
    for (const [index, body] of sampleRoles().entries()) {
      await sendOrThrow(admin, {method: 'POST', path: roles[index]!, body});
    }
    const {url, caFile} = servers.api;
    kubeconfig = writeKubeconfig(join(folder, 'auditor'), {url, caFile, token});
  });

  beforeEach(async () => {
    await deleteTestObjects(admin);
    const capacity = {cpu: '4', memory: '8Gi', gpu: {type: 'A100', count: 2}};
    await create(workers, 'w-1', {capacity});
    for (const name of ['a', 'b']) {
      const spec = {container: {image: 'busybox'}, resources: {gpu: {count: 1}}};
      await create(containerRequests, name, spec);
    }
    await place('a', 'w-1');
  });

  afterEach(endAll);

  afterAll(async () => {
    for (const path of roles) {
      await admin.send({method: 'DELETE', path: `${path}/berth-auditor`});
    }
  });

  it.each([
    ['as it watches', ['--for', '2s']],
    ['in one look', ['--once']],
  ])(
    'says %s that a cluster is clean, with a role that only reads, and exits with 0',
    async (_, args) => {
      await place('b', 'w-1', {gpuDevices: [1]});
      const berth = audit(...args);
      expect(await berth.end(), berth.output).toBe(0);
      expect(berth.stdout).toMatch(
        /watching Workers, ContainerRequests of all namespaces, Ledgers/,
      );
      expect(berth.stdout).toMatch(/2 of 2 requests placed on 1 workers, 0 violations/);
      expect(berth.stdout).toMatch(/\nNo violation in \d+ revisions\.\n$/);
      expect(berth.stderr).toBe('');
    },
    timeoutMs,
  );

  it(
    'sees a GPU that is given twice while it watches, and exits with 1',
    async () => {
      const berth = audit();
      await berth.until('its watches', () => /Auditing/.test(berth.stdout));
      await place('b', 'w-1');
      await berth.until('the violation', () => /VIOLATION/.test(berth.stdout));
      berth.signal('SIGINT');
      expect(await berth.end()).toBe(1);
      expect(berth.stdout).toMatch(/VIOLATION device over capacity at revision \d+/);
      expect(berth.stdout).toMatch(/found {4}GPU 0 of worker w-1 holds 2000 milli/);
      expect(berth.stdout).toMatch(
        /objects {2}Worker w-1, ContainerRequest default\/a, .*default\/b/,
      );
      expect(berth.stdout).toMatch(/\n1 violations in \d+ revisions\.\n$/);
    },
    timeoutMs,
  );

  it(
    'sees a double booking that was there before, in one look, and tells programs too',
    async () => {
      await place('b', 'w-1');
      const berth = audit('--once', '--json');
      expect(await berth.end()).toBe(1);
      const lines = berth.stdout.trim().split('\n');
      expect(lines.map((line) => JSON.parse(line))).toMatchObject([
        {event: 'violation', rule: 'device over capacity', expected: 'at most 1000 milli'},
        {event: 'watching', unseen: []},
        {event: 'end', violations: 1, gaps: 0},
      ]);
    },
    timeoutMs,
  );

  describe('beside a ledger in Redis', () => {
    const name = 'audited';
    const config = join(folder, 'operator.yaml');
    const compared = ['--config', config, '--grace', '1s', '--for', '4s'];

    /** The ledger holds this, as an operator writes it. */
    async function hold(allocations: readonly Allocation[]): Promise<void> {
      const redis = {url: servers.redis.url, keyPrefix: 'berth', commandTimeoutMs: 1_000};
      const ledger = new RedisLedger({redis, name, clock: systemClock});
      const {signal} = new AbortController();
      const epoch = systemClock.nowMs();
      const opened = await ledger.open(epoch, signal);
      expect(opened.kind).toBe('opened');
      const settled = await ledger.settle(epoch, allocations, signal);
      expect(settled.kind).toBe('committed');
      await ledger.close();
    }

    async function allocationOfA(): Promise<Allocation> {
      const path = pathOf(containerRequests, {namespace: 'default', name: 'a'});
      const {metadata} = await sendOrThrow<{metadata: {uid: string}}>(admin, {method: 'GET', path});
      const amounts = {cpuMillis: 100, memoryBytes: 2 ** 27, gpuMillis: 1_000, gpuDevices: [0]};
      return {uid: metadata.uid, request: 'default/a', workerName: 'w-1', ...amounts};
    }

    beforeEach(() => {
      const redis = {url: servers.redis.url};
      writeFileSync(config, stringify({ledger: {kind: 'redis', name, redis}}));
    });

    it(
      'says that what it holds is what is placed',
      async () => {
        await hold([await allocationOfA()]);
        const berth = audit(...compared);
        expect(await berth.end(), berth.output).toBe(0);
        expect(berth.stdout).toMatch(/watching .*, berth:\{audited\}:allocations of Redis/);
      },
      timeoutMs,
    );

    it(
      'sees that it holds less, and more, than what is placed',
      async () => {
        await hold([{...(await allocationOfA()), uid: 'nobody'}]);
        const berth = audit(...compared);
        expect(await berth.end(), berth.output).toBe(1);
        expect(berth.stdout).toMatch(/VIOLATION ledger differs/);
        expect(berth.stdout).toMatch(
          /request default\/a is on worker w-1, .*nothing in the ledger/,
        );
        expect(berth.stdout).toMatch(
          /the ledger holds .* for uid nobody, which is not bound there/,
        );
      },
      timeoutMs,
    );

    it(
      'says that Redis does not answer, which is no violation',
      async () => {
        const redis = {url: 'redis://127.0.0.1:1'};
        writeFileSync(config, stringify({ledger: {kind: 'redis', name, redis}}));
        const berth = audit(...compared);
        expect(await berth.end(), berth.output).toBe(0);
        expect(berth.stdout.match(/not compared at present: Cannot read/g)).toHaveLength(1);
      },
      timeoutMs,
    );
  });

  it(
    'says what it may not see, and exits with 2 where that is the requests',
    async () => {
      const token = await servers.tokenFor({namespace: 'default', serviceAccount: 'nobody'});
      const {url, caFile} = servers.api;
      const blind = writeKubeconfig(join(folder, 'blind'), {url, caFile, token});
      const berth = BerthProcess.start(['audit', '--kubeconfig', blind, '--once']);
      expect(await berth.end()).toBe(2);
      expect(berth.stderr).toMatch(/^berth: Cannot GET .*workers: 403 .*nobody/);
    },
    timeoutMs,
  );

  it(
    'exits with 2 where there is no API server',
    async () => {
      const nowhere = {url: 'https://127.0.0.1:1', caFile: servers.api.caFile, token: 'x'};
      const path = writeKubeconfig(join(folder, 'nowhere'), nowhere);
      const berth = BerthProcess.start(['audit', '--kubeconfig', path, '--for', '1h']);
      expect(await berth.end()).toBe(2);
      expect(berth.stderr).toMatch(/Cannot reach the API server/);
    },
    timeoutMs,
  );
});
