import {afterAll, beforeAll, expect, it} from 'vitest';
import {defaultConfig} from '../../src/config.ts';
import {containerRequests, nodes, workerPools} from '../../src/kube/resource.ts';
import {KubernetesLedger} from '../../src/ledger/kubernetesLedger.ts';
import {systemClock} from '../../src/lib/clock.ts';
import {silentLog} from '../../src/lib/log.ts';
import {systemRandom} from '../../src/lib/random.ts';
import {Metrics} from '../../src/observe/metrics.ts';
import {Operator} from '../../src/operator.ts';
import {describeWithServers} from '../servers/requireServers.ts';
import {waitFor} from '../servers/waitFor.ts';
import {Cluster, kstatusOf} from './world.ts';

const soonMs = 20_000;
/** The garbage collector looks for kinds that it does not know yet every 30 seconds. */
const collectedMs = 60_000;

describeWithServers('the life of a request on a real API server', ['api'], (servers) => {
  const stop = new AbortController();
  let cluster: Cluster;
  let running: Promise<unknown>;

  const status = async (name: string) => (await cluster.request(name)).status ?? {};
  const isGone = async (look: Promise<unknown>) =>
    look.then(
      () => false,
      () => true,
    );
  const until = (what: string, check: () => Promise<boolean>, byMs = soonMs) =>
    waitFor(what, byMs, check);

  beforeAll(async () => {
    cluster = new Cluster(servers.transport());
    const transport = servers.transport();
    const config = defaultConfig({leaderElection: {enabled: false}});
    const {name, maxInFlight} = config.ledger;
    const operator = new Operator({
      config,
      transport,
      namespace: 'default',
      identity: 'lifecycle-test',
      ledger: (bound) => new KubernetesLedger({transport, name, bound, maxInFlight}),
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      metrics: new Metrics(),
    });
    running = operator.run(stop.signal);
    running.catch(() => {});
    await cluster.createPool('sandboxes', {
      nodeSelector: {pool: 'sandboxes'},
      reserved: {cpu: '500m'},
    });
    await cluster.createNode('node-1', {labels: {pool: 'sandboxes'}});
    await until('a Worker of the Node', async () => (await cluster.workerNames()).length === 1);
  });
  afterAll(async () => {
    stop.abort();
    await running;
  });

  const place = async (name: string, spec: object = {}) => {
    await cluster.createRequest(name, spec);
    await until(`the Pod of ${name}`, async () => (await cluster.podsOf(name)).length === 1);
  };

  it('makes of a Node a Worker that every rule of the CRD lets pass, and says so of the pool', async () => {
    const {spec, metadata} = await cluster.worker('node-1');
    expect(spec).toMatchObject({poolName: 'sandboxes', nodeName: 'node-1'});
    expect(spec.capacity).toMatchObject({cpu: '3500m', containers: 100});
    expect(metadata.labels).toMatchObject({pool: 'sandboxes'});
    await until('the status of the pool', async () => {
      const pool = (await cluster.pool('sandboxes')).status;
      return pool?.workers === 1 && pool.readyWorkers === 1;
    });
  });

  it('runs as a Pod there, succeeds with it, and is deleted after its time to live', async () => {
    await place('web', {ttlSecondsAfterFinished: 2, resources: {cpu: '250m'}});
    const pod = await cluster.podOf('web');
    expect(pod.spec.nodeName).toBe('node-1');
    await cluster.reportPod('web', 'Running');
    await until('web to run', async () => (await status('web')).phase === 'Running');
    expect(kstatusOf(await cluster.request('web'))).toBe('Current');
    await cluster.reportPod('web', 'Succeeded', 0);
    await until('web to succeed', async () => (await status('web')).phase === 'Succeeded');
    const request = await cluster.request('web');
    expect(request.status).toMatchObject({exitCode: 0, podName: pod.metadata.name});
    expect(kstatusOf(request)).toBe('Current');
    await until('web to be deleted', () => isGone(cluster.request('web')));
    const isCollected = async () => (await cluster.podsOf('web')).length === 0;
    await until('its Pod to be collected', isCollected, collectedMs);
  }, 120_000);

  it('takes its Pod along when it is deleted', async () => {
    await place('doomed');
    await cluster.delete(containerRequests, 'doomed');
    await until('its Pod to be told to end', async () =>
      (await cluster.podsOf('doomed')).every(
        ({metadata}) => metadata.deletionTimestamp !== undefined,
      ),
    );
  });

  it('is suspended and resumed: another assignment, another Pod', async () => {
    await place('pause');
    const first = await cluster.podOf('pause');
    await cluster.patchRequest('pause', {suspend: true});
    await until('its Pod to be told to end', async () => {
      const [pod] = await cluster.podsOf('pause');
      return pod?.metadata.deletionTimestamp !== undefined;
    });
    await cluster.endPod(first);
    await until('it to let go', async () => (await status('pause')).workerName === undefined);
    expect(await status('pause')).toMatchObject({phase: 'Pending', attempts: 0});
    await cluster.patchRequest('pause', {suspend: false});
    await until('its next Pod', async () => {
      const [pod] = await cluster.podsOf('pause');
      return pod !== undefined && pod.metadata.uid !== first.metadata.uid;
    });
  });

  it('says why the API server takes no such Pod', async () => {
    await cluster.createRequest('refused', {
      container: {image: 'busybox', volumeMounts: [{name: 'absent', mountPath: '/data'}]},
    });
    await until('it to fail', async () => (await status('refused')).phase === 'Failed');
    const {conditions = []} = await status('refused');
    const finished = conditions.find(({type}) => type === 'Finished');
    expect(finished).toMatchObject({
      reason: 'PodRefused',
      message: expect.stringMatching(/volumeMounts/),
    });
    expect(kstatusOf(await cluster.request('refused'))).toBe('Failed');
  });

  it('keeps its Worker until it has ended, when the pool makes no Workers any more', async () => {
    await place('last');
    await cluster.delete(workerPools, 'sandboxes');
    await until(
      'the Worker to be cordoned',
      async () => (await cluster.worker('node-1')).spec.unschedulable,
    );
    await cluster.delete(nodes, 'node-1');
    for (const name of ['pause', 'last']) {
      expect((await status(name)).workerName).toBe('node-1');
      await cluster.reportPod(name, 'Succeeded', 0);
    }
    await until('the Worker to be deleted', async () => (await cluster.workerNames()).length === 0);
  });
});
