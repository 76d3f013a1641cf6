import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {defaultConfig} from '../../src/config.ts';
import {apiVersionOf, containerRequests, pathOf, workers} from '../../src/kube/resource.ts';
import {sendOrThrow, type Transport} from '../../src/kube/transport.ts';
import {KubernetesLedger} from '../../src/ledger/kubernetesLedger.ts';
import {systemClock} from '../../src/lib/clock.ts';
import {silentLog} from '../../src/lib/log.ts';
import {systemRandom} from '../../src/lib/random.ts';
import {Metrics} from '../../src/observe/metrics.ts';
import {Operator} from '../../src/operator.ts';
import {ensureServers} from '../servers/ensureServers.ts';
import {describeWithServers} from '../servers/requireServers.ts';

const run = promisify(execFile);

describeWithServers('why a request waits, on a real API server', ['api'], (servers) => {
  const stop = new AbortController();
  let running: Promise<unknown>;

  async function kubectl(...parameters: string[]): Promise<string> {
    const {kubectl: program} = await ensureServers('kubectl');
    const access = `--kubeconfig=${servers.api.kubeconfigPath}`;
    const {stdout} = await run(program, [access, '-n', 'default', ...parameters]);
    return stdout;
  }

  beforeAll(async () => {
    const transport = servers.transport();
    await createWorker(transport);
    // Before there is an operator: its first batch is all of them.
    await createRequest(transport, 'high', {resources: {cpu: '3'}, priority: 10});
    await createRequest(transport, 'low', {resources: {cpu: '3'}});
    await createRequest(transport, 'large', {resources: {cpu: '6', memory: '16Gi'}});
    running = operatorOn(transport).run(stop.signal);
  });

  afterAll(async () => {
    stop.abort();
    await running;
  });

  test.each([
    ['low', '1 taken by requests of higher priority', '2 cpu (1 free of 3 wanted)'],
    [
      'large',
      '1 insufficient cpu',
      '5 cpu (1 free of 6 wanted), 8320Mi memory (8064Mi free of 16Gi wanted)',
    ],
  ])(
    'kubectl describe says it of %s, with what the nearest worker lacks',
    async (name, why, lack) => {
      await kubectl('wait', '--for=condition=Scheduled=False', `creq/${name}`, '--timeout=30s');
      const said = await kubectl('describe', `creq/${name}`);
      expect(said).toContain(`0/1 workers fit: ${why}. Nearest: w-1 lacks ${lack}.`);
      expect(said).toMatch(/Reason: +Unplaceable/);
    },
  );

  function operatorOn(transport: Transport): Operator {
    const config = defaultConfig({});
    const {name, maxInFlight} = config.ledger;
    return new Operator({
      config,
      transport,
      namespace: 'default',
      identity: 'reasons',
      ledger: (bound) => new KubernetesLedger({transport, name, bound, maxInFlight}),
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      metrics: new Metrics(),
    });
  }
});

async function createWorker(transport: Transport): Promise<void> {
  const {kind} = workers;
  const spec = {capacity: {cpu: '4', memory: '8Gi'}};
  const body = {apiVersion: apiVersionOf(workers), kind, metadata: {name: 'w-1'}, spec};
  await sendOrThrow(transport, {method: 'POST', path: pathOf(workers), body});
}

async function createRequest(transport: Transport, name: string, fields: object): Promise<void> {
  const {kind} = containerRequests;
  const spec = {container: {image: 'busybox:1.36'}, ...fields};
  const body = {apiVersion: apiVersionOf(containerRequests), kind, metadata: {name}, spec};
  const path = pathOf(containerRequests, {namespace: 'default'});
  await sendOrThrow(transport, {method: 'POST', path, body});
}
