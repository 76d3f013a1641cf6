import {join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {containerRequests, pathOf} from '../../src/kube/resource.ts';
import {sendOrThrow} from '../../src/kube/transport.ts';
import {writeKubeconfig} from '../servers/apiServerFiles.ts';
import {describeWithServers} from '../servers/requireServers.ts';
import {makeTempFolder} from '../servers/tempFolder.ts';
import {allObjects} from './allObjects.ts';
import {BerthProcess, endAll} from './berthProcess.ts';
import {Door} from './door.ts';
import {verdictOf} from './verdictOf.ts';

/** Namespace deletion takes seconds. */
const timeoutMs = 120_000;

describeWithServers('berth demo on a real API server', ['api'], (servers) => {
  let before: readonly string[];
  const folder = makeTempFolder('demo');
  const start = (requests = 40) =>
    BerthProcess.start([
      ...['demo', '--kubeconfig', servers.api.kubeconfigPath, '--requests', String(requests)],
    ]);

  beforeEach(async () => {
    before = await allObjects(servers.transport());
  });
  afterEach(endAll);

  const expectNothingLeft = async () =>
    expect(await allObjects(servers.transport())).toEqual(before);

  it(
    'places its requests by an operator of its own, and leaves nothing behind',
    async () => {
      const berth = start();
      const exitCode = await berth.end();
      expect(verdictOf(berth.stdout), berth.output).toEqual({count: 7, wrong: [], exitCode});
      expect(berth.stdout).toMatch(/API server v1\.\d+\.\d+ at https:\S+, kubernetes ledger/);
      expect(berth.stdout).toMatch(/exactly 2 each/);
      expect(berth.output).not.toContain(servers.api.adminToken);
      await expectNothingLeft();
    },
    timeoutMs,
  );

  it.each([
    ['while it applies workers', /applying/],
    ['while its operator starts', /starting the operator/],
    ['while it creates requests', /creating/],
    ['while it cleans up', /removing/],
  ])(
    'leaves nothing behind when SIGINT ends it %s',
    async (_, moment) => {
      const berth = start(300);
      await berth.until(`the moment: ${String(moment)}`, () => moment.test(berth.stderr));
      berth.signal('SIGINT');
      const exitCode = await berth.end();
      await expectNothingLeft();
      // When it was done with its work, it has a report as well.
      if (berth.stdout === '') {
        expect(exitCode).toBe(130);
        expect(berth.stderr).toMatch(/\nberth: Cannot finish the demo: ended by SIGINT\n$/);
      }
    },
    timeoutMs,
  );

  it(
    'leaves nothing behind when its connections break in the middle, and says why it failed',
    async () => {
      const {url, caFile, adminToken: token} = servers.api;
      const door = await Door.open(0, url);
      const kubeconfig = writeKubeconfig(join(folder, 'door'), {url: door.url, caFile, token});
      const berth = BerthProcess.start([
        ...['demo', '--kubeconfig', kubeconfig, '--requests', '1000', '--workers', '50'],
      ]);
      await berth.until('its first requests', () => /creating/.test(berth.stderr));
      door.cut();
      expect(await berth.end()).toBe(1);
      expect(berth.stderr).toMatch(/\nberth: Cannot .*\n$/);
      expect(berth.stderr).not.toMatch(/^\s+at .*:\d+/m);
      await expectNothingLeft();
      door.close();
    },
    timeoutMs,
  );

  it(
    'runs one after the other where two are started at once, and both hold every criterion',
    async () => {
      const both = [start(), start()];
      const codes = await Promise.all(both.map((berth) => berth.end()));
      for (const [index, {stdout, output}] of both.entries()) {
        const exitCode = codes[index];
        expect(verdictOf(stdout), output).toEqual({count: 7, wrong: [], exitCode});
      }
      const waited = both.filter(({stderr}) => /another demo runs on this cluster/.test(stderr));
      expect(waited).toHaveLength(1);
      await expectNothingLeft();
    },
    timeoutMs,
  );

  it(
    'refuses where it would place the requests of others, and leaves them alone',
    async () => {
      const transport = servers.transport();
      const path = pathOf(containerRequests, {namespace: 'default'});
      const spec = {container: {image: 'busybox'}};
      const body = {
        apiVersion: 'berth.dev/v1alpha1',
        kind: 'ContainerRequest',
        metadata: {name: 'of-others'},
        spec,
      };
      await sendOrThrow(transport, {method: 'POST', path, body});
      before = await allObjects(transport);
      try {
        const berth = start();
        expect(await berth.end()).toBe(1);
        expect(berth.stderr).toMatch(
          /\nberth: Cannot start an operator of its own there: it would place the ContainerRequests of others, default\/of-others for example; install Berth/,
        );
        expect(berth.stdout).toBe('');
        await expectNothingLeft();
      } finally {
        await transport.send({method: 'DELETE', path: `${path}/of-others`});
      }
    },
    timeoutMs,
  );

  it(
    'uses the operator that leads there, beside requests of others, and starts none',
    async () => {
      const operator = BerthProcess.operator([
        '--kubernetes-kubeconfig',
        servers.api.kubeconfigPath,
      ]);
      await operator.untilLogged('ledger settled; taking batches');
      before = await allObjects(servers.transport());
      const berth = start();
      const exitCode = await berth.end();
      expect(verdictOf(berth.stdout), berth.output).toEqual({count: 5, wrong: [], exitCode});
      expect(berth.stderr).toMatch(/an operator leads there already \(default\/berth\)/);
      expect(berth.stderr).not.toMatch(/starting the operator/);
      expect(berth.stdout).toMatch(/, installed ledger\n/);
      await expectNothingLeft();
      expect((await operator.stop()).exitCode).toBe(0);
    },
    timeoutMs,
  );
});
