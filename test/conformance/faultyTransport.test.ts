import {beforeEach, describe, expect, it} from 'vitest';
import {EmbeddedApiServer} from '../../src/embedded/embeddedApiServer.ts';
import type {LineFault} from '../../src/embedded/faultyLines.ts';
import {type Fault, FaultyTransport} from '../../src/embedded/faultyTransport.ts';
import {nodes, pathOf} from '../../src/kube/resource.ts';
import {type ApiCall, TransportError} from '../../src/kube/transport.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';

let clock: VirtualClock;
let server: EmbeddedApiServer;
let transport: FaultyTransport;

beforeEach(() => {
  clock = new VirtualClock();
  server = new EmbeddedApiServer({clock});
  transport = new FaultyTransport({transport: server.transport(), clock});
});

const create = (name: string): ApiCall => ({
  method: 'POST',
  path: pathOf(nodes),
  body: {metadata: {name}},
});
const exists = (name: string) => server.read(nodes, {name}) !== undefined;
const watching: ApiCall = {method: 'GET', path: pathOf(nodes), query: {watch: true}};

/** Error of the promise; undefined when it has none. */
async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('a staged fault of a call', () => {
  const cases: readonly {
    name: string;
    fault: Fault;
    happens: boolean;
    error?: {neverSent: boolean};
    status?: number;
    advanceMs?: number;
  }[] = [
    {
      name: 'that is never sent does nothing',
      fault: {kind: 'unsent'},
      happens: false,
      error: {neverSent: true},
    },
    {
      name: 'whose reply is lost happens',
      fault: {kind: 'lostReply'},
      happens: true,
      error: {neverSent: false},
    },
    {
      name: 'that hangs ends at its timeout',
      fault: {kind: 'hang'},
      happens: false,
      error: {neverSent: false},
      advanceMs: 10_000,
    },
    {
      name: 'that hangs may have happened',
      fault: {kind: 'hang', happens: true},
      happens: true,
      error: {neverSent: false},
      advanceMs: 10_000,
    },
    {
      name: 'that is late is done in the end',
      fault: {kind: 'delay', beforeMs: 50, afterMs: 50},
      happens: true,
      status: 201,
      advanceMs: 100,
    },
    {
      name: 'that is answered in its place is not done',
      fault: {kind: 'status', status: 503},
      happens: false,
      status: 503,
    },
  ];
  it.each(cases)('$name', async ({fault, happens, error, status, advanceMs}) => {
    transport.inject({fault});
    const call = transport.send(create('n-1'));
    const outcome = errorOf(call);
    if (advanceMs !== undefined) await clock.advance(advanceMs);
    const found = await outcome;
    expect(found instanceof TransportError ? {neverSent: found.neverSent} : found).toEqual(error);
    if (status !== undefined) expect((await call).status).toBe(status);
    expect(exists('n-1')).toBe(happens);
    expect((await transport.send(create('n-2'))).status, 'it hits once').toBe(201);
  });

  it('carries Retry-After and a Status that a client knows', async () => {
    transport.inject({fault: {kind: 'status', status: 429, retryAfterMs: 2_000}});
    const reply = await transport.send(create('n-1'));
    expect(reply).toMatchObject({
      status: 429,
      retryAfterMs: 2_000,
      body: {kind: 'Status', reason: 'TooManyRequests', code: 429},
    });
  });

  it('hits the calls that match, after those to skip, as often as it says', async () => {
    transport.inject({
      fault: {kind: 'unsent'},
      matches: ({method}) => method === 'POST',
      skip: 1,
      times: 2,
    });
    const outcomes: unknown[] = [];
    for (const name of ['n-1', 'n-2', 'n-3', 'n-4']) {
      await transport.send({method: 'GET', path: pathOf(nodes)});
      outcomes.push(await errorOf(transport.send(create(name))));
    }
    expect(outcomes.map((error) => error === undefined)).toEqual([true, false, false, true]);
  });

  it('can be taken off again', async () => {
    const remove = transport.inject({fault: {kind: 'unsent'}, times: Number.POSITIVE_INFINITY});
    expect(await errorOf(transport.send(create('n-1')))).toBeInstanceOf(TransportError);
    remove();
    expect((await transport.send(create('n-1'))).status).toBe(201);
  });
});

/** Reads a watch in the background. */
async function read(signal = new AbortController().signal) {
  const seen = {names: [] as string[], end: undefined as unknown};
  const {lines} = await transport.watch(watching, signal);
  void (async () => {
    try {
      for await (const line of lines) seen.names.push(nameIn(line));
      seen.end = 'ended';
    } catch (error) {
      seen.end = error instanceof TransportError ? 'broken' : error;
    }
  })();
  return seen;
}

function nameIn(line: string): string {
  try {
    const event = JSON.parse(line) as {object: {metadata: {name: string}}};
    return event.object.metadata.name;
  } catch {
    return 'unreadable';
  }
}

describe('a staged fault in the lines of a watch', () => {
  const cases: readonly {what: LineFault['what']; names: string[]; end: unknown}[] = [
    {what: 'break', names: ['a'], end: 'broken'},
    {what: 'end', names: ['a'], end: 'ended'},
    {what: 'half', names: ['a', 'unreadable'], end: 'ended'},
    {what: 'garble', names: ['a', 'unreadable', 'c', 'd'], end: undefined},
    {what: 'drop', names: ['a', 'c', 'd'], end: undefined},
    {what: 'double', names: ['a', 'b', 'b', 'c', 'd'], end: undefined},
    {what: 'swap', names: ['a', 'c', 'b', 'd'], end: undefined},
    {what: 'silence', names: ['a'], end: undefined},
  ];
  it.each(cases)(
    'after which it is to "$what" shows so to its reader',
    async ({what, names, end}) => {
      transport.inject({fault: {kind: 'lines', afterLines: 1, what}});
      const seen = await read();
      for (const name of ['a', 'b', 'c', 'd']) await transport.send(create(name));
      await clock.advance(0);
      expect(seen).toEqual({names, end});
      expect(server.openWatches, 'an end reaches the server').toBe(end === undefined ? 1 : 0);
    },
  );

  it('breaks all open watches at once on demand', async () => {
    const seen = [await read(), await read()];
    expect(transport.openWatches).toBe(2);
    transport.cutWatches();
    await clock.advance(0);
    expect(seen.map(({end}) => end)).toEqual(['broken', 'broken']);
    expect([transport.openWatches, server.openWatches]).toEqual([0, 0]);
  });

  it('silences all open watches on demand, which still end when their reader leaves', async () => {
    const stop = new AbortController();
    const seen = await read(stop.signal);
    await transport.send(create('a'));
    await clock.advance(0);
    transport.silenceWatches();
    await transport.send(create('b'));
    await clock.advance(0);
    expect(seen).toEqual({names: ['a'], end: undefined});
    stop.abort();
    await clock.advance(0);
    expect(seen.end).toBe('ended');
    expect([transport.openWatches, server.openWatches]).toEqual([0, 0]);
  });
});
