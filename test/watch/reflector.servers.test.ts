import {afterAll, afterEach, beforeAll, describe, expect, it} from 'vitest';
import {containerRequests, pathOf, workers} from '../../src/kube/resource.ts';
import {type ApiCall, sendOrThrow, type Transport} from '../../src/kube/transport.ts';
import {type RealApiServer, startApiServer} from '../servers/apiServer.ts';
import {describeWithServers} from '../servers/requireServers.ts';
import {waitFor} from '../servers/waitFor.ts';
import {createLeases, deleteLease, runLive, truth} from './liveRig.ts';

const SOON_MS = 20_000;

type Run = ReturnType<typeof runLive>;
const runs: Run[] = [];

/** As `runLive`, stopped after the test whatever comes of it. */
function run(...args: Parameters<typeof runLive>): Run {
  const started = runLive(...args);
  runs.push(started);
  return started;
}
afterEach(async () => {
  for (const started of runs.splice(0)) await started.stop();
});

async function untilOpen({faulty, reflector, signal}: Run): Promise<void> {
  await reflector.synced(signal);
  await waitFor('the watch to be open', SOON_MS, () => faulty.openWatches === 1);
}

async function createWorker(transport: Transport, name: string): Promise<void> {
  const spec = {capacity: {cpu: '4', memory: '8Gi'}};
  const body = {apiVersion: 'berth.dev/v1alpha1', kind: 'Worker', metadata: {name}, spec};
  await sendOrThrow(transport, {method: 'POST', path: pathOf(workers), body});
}

async function untilTrue(sink: Run['sink'], transport: Transport): Promise<void> {
  await waitFor('the sink to have what the server has', SOON_MS, async () => {
    return JSON.stringify(sink.state) === JSON.stringify(await truth(transport));
  });
}

describeWithServers('a reflector on a real API server', ['api'], (servers) => {
  let transport: Transport;
  beforeAll(() => {
    transport = servers.transport();
  });

  it('reads by WatchList, on one connection, and goes on as a watch', async () => {
    await createLeases(transport, 'stream', 5);
    const {recorded, reflector, sink, signal} = run(transport, {listBy: 'stream'});
    await reflector.synced(signal);
    expect(sink.state).toEqual(await truth(transport));
    expect(sink.calls.length, 'one replace').toBe(1);
    await createLeases(transport, 'later', 1);
    await deleteLease(transport, 'stream-0');
    await untilTrue(sink, transport);
    expect(recorded.kinds).toBe('watch');
  });

  it('reads by pages where it is told to', async () => {
    await createLeases(transport, 'page', 7);
    const expected = await truth(transport);
    const limits = {pageSize: 3};
    const {recorded, reflector, sink, signal} = run(transport, {listBy: 'pages', limits});
    await reflector.synced(signal);
    expect(sink.state).toEqual(expected);
    const pages = recorded.calls.filter(({kind}) => kind === 'send');
    expect(pages.length).toBe(Math.ceil(expected.length / 3));
  });

  it('reads a custom resource by WatchList too', async () => {
    await createWorker(transport, 'w-live');
    const started = run(transport, {resource: workers, listBy: 'stream'});
    await started.reflector.synced(started.signal);
    expect([...started.sink.objects.values()].map(({uid}) => uid.length)).toEqual([36]);
    expect(started.recorded.kinds).toBe('watch');
  });

  it('follows objects into a field selector and out of it', async () => {
    const path = pathOf(containerRequests, {namespace: 'default'});
    const body = {
      apiVersion: 'berth.dev/v1alpha1',
      kind: 'ContainerRequest',
      metadata: {name: 'selected'},
      spec: {container: {image: 'app'}},
    };
    await sendOrThrow(transport, {method: 'POST', path, body});
    const {sink, reflector, signal} = run(transport, {
      resource: containerRequests,
      fieldSelector: 'status.phase=Pending',
    });
    await reflector.synced(signal);
    expect(sink.objects.size).toBe(0);
    const setPhase = (phase: string) =>
      sendOrThrow(transport, {
        method: 'PATCH',
        path: `${path}/selected/status`,
        contentType: 'application/merge-patch+json',
        body: {status: {phase}},
      });
    await setPhase('Pending');
    await waitFor('the request to come in', SOON_MS, () => sink.objects.size === 1);
    await setPhase('Failed');
    await waitFor('the request to leave', SOON_MS, () => sink.objects.size === 0);
  });

  it.each(['stream', 'pages'] as const)(
    'sees all that is created while it is cut off (%s)',
    async (listBy) => {
      const started = run(transport, {listBy});
      await untilOpen(started);
      const {faulty, sink, reflector, signal} = started;
      const cutting = (async () => {
        for (let times = 0; times < 10; times++) {
          faulty.cutWatches();
          await createLeases(transport, `cut-${listBy}-${times}`, 10);
        }
      })();
      await createLeases(transport, `meanwhile-${listBy}`, 50);
      await cutting;
      await untilTrue(sink, transport);
      expect(sink.objects.size).toBeGreaterThanOrEqual(150);
      const audit = await reflector.audit(signal);
      expect(audit).toMatchObject({kind: 'audited', missed: 0});
    },
  );

  it('lists anew when its version is too old for the server', async () => {
    // The cache of a custom resource begins with its definition, so that version 1 is before it.
    const started = run(transport, {resource: workers, listBy: 'pages'});
    await untilOpen(started);
    const {faulty, recorded, sink, counts} = started;
    let watches = 0;
    recorded.rewrite = (call) => {
      if (!call.query?.['watch'] || watches++ > 0) return call;
      return {...call, query: {...call.query, resourceVersion: '1'}};
    };
    faulty.cutWatches();
    await waitFor('a second list', SOON_MS, () => counts.relists === 2);
    await createWorker(transport, 'w-after-410');
    await waitFor('the new Worker', SOON_MS, () => sink.objects.has('/w-after-410'));
    expect(recorded.kinds).toBe('send watch watch send watch');
  });

  it('lists anew, and consistently, when its version lies in the future of the server', async () => {
    const started = run(transport, {listBy: 'pages'});
    await untilOpen(started);
    const {faulty, recorded, counts, sink} = started;
    recorded.rewrite = (call) => {
      if (call.query?.['resourceVersionMatch'] === undefined) return call;
      return {...call, query: {...call.query, resourceVersion: String(10 ** 12)}};
    };
    faulty.inject({fault: {kind: 'status', status: 410}, matches: (_, isWatch) => isWatch});
    faulty.cutWatches();
    await waitFor('a third list', SOON_MS, () => counts.relists === 3);
    await createLeases(transport, 'after-future', 1);
    await untilTrue(sink, transport);
    const matches = recorded.calls
      .filter(({kind}) => kind === 'send')
      .map(({call}) => call.query?.['resourceVersionMatch']);
    expect(matches).toEqual([undefined, 'NotOlderThan', undefined]);
  });

  it('moves its version on with bookmarks alone', async () => {
    const {recorded, reflector, signal} = run(transport, {
      limits: {timeoutSeconds: 4, usefulMs: 100},
    });
    await reflector.synced(signal);
    const versions = () =>
      recorded.calls.flatMap(({kind, call}) =>
        kind === 'watch' && call.query?.['sendInitialEvents'] === undefined
          ? [Number(call.query?.['resourceVersion'])]
          : [],
      );
    const namespaces = '/api/v1/namespaces';
    const body = {metadata: {name: 'bookmarks-move-on'}};
    const made = await sendOrThrow<{metadata: {resourceVersion: string}}>(transport, {
      method: 'POST',
      path: namespaces,
      body,
    });
    const wanted = Number(made.metadata.resourceVersion);
    await waitFor('a watch from a version that only a bookmark can have told', 45_000, async () => {
      // A consistent list makes the server's cache of Leases ask etcd how far it has come.
      await truth(transport);
      return versions().some((version) => version >= wanted);
    });
    await sendOrThrow(transport, {method: 'DELETE', path: `${namespaces}/bookmarks-move-on`});
  });

  it('has a quiet watch say how far it is, where the rest of a long list does not come', async () => {
    await createLeases(transport, 'quiet', 2);
    const started = run(transport, {listBy: 'pages', limits: {pageSize: 1, longList: 1}});
    await untilOpen(started);
    const {faulty, recorded, sink, reflector, signal} = started;
    // Moves the server on past everything that this watch sees.
    const body = {metadata: {name: 'elsewhere'}};
    await sendOrThrow(transport, {method: 'POST', path: '/api/v1/namespaces', body});
    const isRest = ({query}: ApiCall) => query?.['continue'] !== undefined;
    faulty.inject({fault: {kind: 'hang'}, times: Infinity, matches: isRest});
    const before = recorded.calls.length;
    await reflector.readConsistently(signal);
    expect(recorded.calls.slice(before).some(({call}) => isRest(call))).toBe(false);
    expect(sink.state).toEqual(await truth(transport));
  });

  it('reads consistently what was written before, without a list of its own in between', async () => {
    const started = run(transport, {listBy: 'pages'});
    await untilOpen(started);
    const {faulty, sink, counts, reflector, signal} = started;
    faulty.silenceWatches();
    await createLeases(transport, 'behind', 3);
    await deleteLease(transport, 'behind-1');
    await reflector.readConsistently(signal);
    expect(sink.state).toEqual(await truth(transport));
    expect(counts).toMatchObject({relists: 1, missed: 0});
  });
});

describeWithServers('a reflector, when its API server', ['api'], () => {
  let api: RealApiServer;
  let transport: Transport;
  beforeAll(async () => {
    api = await startApiServer({flags: ['--etcd-compaction-interval=1s']});
    transport = api.transport();
  });
  afterAll(() => api?.stop());

  describe.each(['stream', 'pages'] as const)('(list by %s)', (listBy) => {
    it('is killed and comes back, goes on and misses nothing', async () => {
      const started = run(api.transport(), {listBy});
      await untilOpen(started);
      const {sink} = started;
      await createLeases(transport, `before-${listBy}`, 20);
      await api.restart({kill: true});
      await createLeases(transport, `after-${listBy}`, 20);
      await untilTrue(sink, transport);
    });

    it('is stopped politely and comes back, goes on and misses nothing', async () => {
      const started = run(api.transport(), {listBy});
      await untilOpen(started);
      const {sink} = started;
      await api.restart();
      await createLeases(transport, `polite-${listBy}`, 20);
      await untilTrue(sink, transport);
    });

    it('has compacted its history and forgotten its events, lists anew', async () => {
      await createLeases(transport, `gone-${listBy}`, 1);
      const started = run(api.transport(), {listBy});
      await untilOpen(started);
      const {faulty, sink, counts} = started;
      const disarm = faulty.inject({fault: {kind: 'unsent'}, times: Infinity});
      faulty.cutWatches();
      await deleteLease(transport, `gone-${listBy}-0`);
      await createLeases(transport, `compacted-${listBy}`, 10);
      // The cache of a new process starts at the present; what came before is in etcd, or nowhere.
      await api.restart({kill: true});
      disarm();
      await untilTrue(sink, transport);
      expect(counts.relists).toBeGreaterThan(1);
    });
  });

  it('hangs with its connections open, drops the silent watch and goes on', async () => {
    const started = run(api.transport(), {limits: {silenceMs: 1_500}});
    await untilOpen(started);
    const {recorded, sink} = started;
    const before = recorded.calls.length;
    api.pause();
    await waitFor('the silent watch to be dropped', SOON_MS, () => recorded.calls.length > before);
    api.resume();
    await createLeases(transport, 'resumed', 3);
    await untilTrue(sink, transport);
  });
});
