import {describe, expect, it} from 'vitest';
import {EmbeddedApiServer} from '../../src/embedded/embeddedApiServer.ts';
import {type Fault, FaultyTransport} from '../../src/embedded/faultyTransport.ts';
import {leases, pathOf} from '../../src/kube/resource.ts';
import {sendOrThrow, type Transport} from '../../src/kube/transport.ts';
import {type Random, seededRandom} from '../../src/lib/random.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {makeReflector, RecordingSink, watchLimits} from './watchRig.ts';

const limits = {...watchLimits, pageSize: 3};

function setUp(options: {seed?: number; maxEvents?: number; listBy?: 'stream' | 'pages'} = {}) {
  const clock = new VirtualClock();
  const random = seededRandom(options.seed ?? 1);
  const server = new EmbeddedApiServer({
    clock,
    random,
    limits: {maxEvents: options.maxEvents ?? 1_000, bookmarkIntervalMs: 60_000},
  });
  const direct = server.transport();
  const faulty = new FaultyTransport({transport: server.transport(), clock});
  const sink = new RecordingSink();
  const {reflector, counts} = makeReflector({
    transport: faulty,
    clock,
    random,
    sink,
    limits,
    resource: leases,
    listBy: options.listBy ?? 'stream',
  });
  const abort = new AbortController();
  const ended = reflector.run(abort.signal);
  const stop = async () => {
    abort.abort();
    await ended;
  };
  return {
    clock,
    random,
    server,
    direct,
    faulty,
    sink,
    reflector,
    counts,
    signal: abort.signal,
    stop,
  };
}

const collection = pathOf(leases, {namespace: 'default'});

async function create(transport: Transport, name: string): Promise<void> {
  await sendOrThrow(transport, {
    method: 'POST',
    path: collection,
    body: {metadata: {name}, spec: {}},
  });
}

/** Creates, changes or deletes one of eight leases; what cannot be done is left. */
async function writeSomething(transport: Transport, random: Random, step: number): Promise<void> {
  const name = `lease-${Math.floor(random.next() * 8)}`;
  const path = `${collection}/${name}`;
  const draw = random.next();
  if (draw < 0.4) {
    await transport.send({method: 'POST', path: collection, body: {metadata: {name}, spec: {}}});
  } else if (draw < 0.75) {
    const body = {spec: {leaseTransitions: step}};
    const contentType = 'application/merge-patch+json';
    await transport.send({method: 'PATCH', path, contentType, body});
  } else {
    await transport.send({method: 'DELETE', path});
  }
}

async function truth(transport: Transport): Promise<string[]> {
  const list = await sendOrThrow<{items: {metadata: {name: string; resourceVersion: string}}[]}>(
    transport,
    {method: 'GET', path: pathOf(leases)},
  );
  return list.items.map(({metadata}) => `${metadata.name}@${metadata.resourceVersion}`).sort();
}

const anyFault: readonly Fault[] = [
  {kind: 'unsent'},
  {kind: 'lostReply'},
  {kind: 'hang'},
  {kind: 'delay', beforeMs: 300, afterMs: 300},
  {kind: 'status', status: 429, retryAfterMs: 1_000},
  {kind: 'status', status: 500},
  {kind: 'status', status: 503},
  {kind: 'status', status: 410},
  ...(['break', 'end', 'half', 'garble', 'double', 'swap', 'silence'] as const).map((what) => ({
    kind: 'lines' as const,
    afterLines: 2,
    what,
  })),
];

describe.each(['stream', 'pages'] as const)(
  'on the embedded API server, listing by %s',
  (listBy) => {
    it.each(anyFault.map((fault) => [JSON.stringify(fault), fault] as const))(
      'a reflector ends up with the truth after %s on each call for a while',
      async (_, fault) => {
        const run = setUp({listBy});
        const {clock, direct, faulty, sink, random, stop} = run;
        await clock.advance(0);
        const disarm = faulty.inject({fault, times: Infinity});
        faulty.cutWatches();
        for (let step = 0; step < 40; step++) {
          await writeSomething(direct, random, step);
          await clock.advance(500);
        }
        disarm();
        await clock.advance(120_000);
        expect(sink.state).toEqual(await truth(direct));
        expect(sink.state.length, 'the run must have left something').toBeGreaterThan(0);
        await stop();
        expect(run.server.openWatches).toBe(0);
      },
    );

    it('sees each object that is created while the connections are down', async () => {
      const {clock, direct, faulty, sink, stop} = setUp({listBy});
      await clock.advance(0);
      faulty.inject({fault: {kind: 'unsent'}, times: 5});
      faulty.cutWatches();
      for (let number = 0; number < 50; number++) await create(direct, `made-${number}`);
      await clock.advance(10_000);
      expect(sink.objects.size).toBe(50);
      await stop();
    });

    it('lists anew when the history it needs is compacted away', async () => {
      const {clock, direct, faulty, sink, counts, stop} = setUp({listBy, maxEvents: 10});
      await create(direct, 'gone');
      await clock.advance(0);
      expect(sink.objects.size).toBe(1);
      faulty.inject({fault: {kind: 'unsent'}, times: 3});
      faulty.cutWatches();
      await direct.send({method: 'DELETE', path: `${collection}/gone`});
      for (let number = 0; number < 30; number++) await create(direct, `made-${number}`);
      await clock.advance(10_000);
      expect(counts.relists).toBeGreaterThan(1);
      expect(sink.state).toEqual(await truth(direct));
      await stop();
    });

    it('repairs dropped events by an audit, and counts them', async () => {
      const {clock, direct, faulty, sink, counts, reflector, signal, stop} = setUp({listBy});
      await clock.advance(0);
      // The next watch loses its first event; a list by stream has a bookmark before it.
      const afterLines = 0;
      faulty.inject({
        fault: {kind: 'lines', afterLines, what: 'drop'},
        matches: (call) => call.query?.['resourceVersion'] !== '0',
      });
      faulty.cutWatches();
      await clock.advance(5_000);
      await create(direct, 'lost');
      await create(direct, 'seen');
      await clock.advance(5_000);
      expect([...sink.objects.keys()]).toEqual(['default/seen']);
      const audit = reflector.audit(signal);
      await clock.advance(5_000);
      expect(await audit).toEqual({kind: 'audited', objects: 2, missed: 1});
      expect(counts.missed).toBe(1);
      expect(sink.state).toEqual(await truth(direct));
      await stop();
    });

    it('notices a connection that fell silent, without any event to show it', async () => {
      const {clock, direct, faulty, sink, stop} = setUp({listBy});
      await clock.advance(0);
      faulty.silenceWatches();
      await create(direct, 'a');
      await clock.advance(200_000);
      expect(sink.state).toEqual(await truth(direct));
      await stop();
    });

    it('stays on one connection while the server sends its bookmarks', async () => {
      const calls: string[] = [];
      const run = setUp({listBy});
      await run.clock.advance(0);
      run.faulty.inject({
        fault: {kind: 'status', status: 500},
        matches: (call) => {
          calls.push(call.path);
          return false;
        },
      });
      await run.clock.advance(290_000);
      expect(calls).toEqual([]);
      await run.stop();
    });

    it('repeats exactly from its seed', async () => {
      const history = async () => {
        const {clock, direct, faulty, sink, random, stop} = setUp({listBy, seed: 7});
        for (let step = 0; step < 60; step++) {
          const fault = anyFault[Math.floor(random.next() * anyFault.length)]!;
          faulty.inject({fault, skip: Math.floor(random.next() * 2)});
          if (random.next() < 0.3) faulty.cutWatches();
          await writeSomething(direct, random, step);
          await clock.advance(random.next() * 2_000);
        }
        faulty.heal();
        await clock.advance(120_000);
        expect(sink.state).toEqual(await truth(direct));
        await stop();
        return sink.calls;
      };
      expect(await history()).toEqual(await history());
    });
  },
);
