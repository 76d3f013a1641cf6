import {beforeEach, describe, expect, it} from 'vitest';
import {failure} from '../../src/embedded/apiStatus.ts';
import {
  EmbeddedApiServer,
  type EmbeddedApiServerOptions,
} from '../../src/embedded/embeddedApiServer.ts';
import {pathOf} from '../../src/kube/resource.ts';
import {type ApiReply, type Transport, TransportError} from '../../src/kube/transport.ts';
import {seededRandom} from '../../src/lib/random.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {type Seen, type SeenEvent, type SeenList, type SeenStatus, widget} from './bench.ts';
import {widgetCrd, widgets} from './widgetCrd.ts';

/** What only the embedded server has, or what the real one cannot be made to do in a test. */
let clock: VirtualClock;
let server: EmbeddedApiServer;
let transport: Transport;

const path = pathOf(widgets, {namespace: 'default'});

function open(options: Partial<EmbeddedApiServerOptions> = {}): void {
  clock = new VirtualClock();
  server = new EmbeddedApiServer({clock, random: seededRandom(1), ...options});
  server.applyCrd(widgetCrd);
  transport = server.transport();
}

beforeEach(() => open());

const create = (name: string) => transport.send<Seen>({method: 'POST', path, body: widget(name)});
const list = (query: Record<string, string | number | undefined> = {}) =>
  transport.send<SeenList & SeenStatus>({method: 'GET', path, query});
const patch = (name: string, body: object, from = transport): Promise<ApiReply> =>
  from.send({
    method: 'PATCH',
    path: `${path}/${name}/status`,
    contentType: 'application/merge-patch+json',
    body,
  });

/** Opens a watch and reads it in the background. */
async function watch(query: Record<string, string | number | boolean>, signal?: AbortSignal) {
  const seen = {events: [] as SeenEvent[], end: undefined as unknown};
  const call = {method: 'GET', path, query: {...query, watch: true}} as const;
  const {lines} = await transport.watch(call, signal ?? new AbortController().signal);
  void (async () => {
    try {
      for await (const line of lines) seen.events.push(JSON.parse(line) as SeenEvent);
      seen.end = 'ended';
    } catch (error) {
      seen.end = error instanceof TransportError ? 'broken' : error;
    }
  })();
  return seen;
}

const types = ({events}: {events: SeenEvent[]}) => events.map(({type}) => type);

describe('the embedded server', () => {
  it('does the same again with the same seed and clock', async () => {
    const run = async () => {
      open();
      const seen = await watch({resourceVersion: '0'});
      const named = {...widget(undefined), metadata: {generateName: 'g-'}};
      await transport.send({method: 'POST', path, body: named});
      await create('a');
      await clock.advance(1_500);
      await patch('a', {status: {phase: 'Running'}});
      await clock.advance(0);
      return JSON.stringify([seen.events, (await list()).body]);
    };
    expect(await run()).toBe(await run());
  });

  it('shows callers to those who count', async () => {
    const calls: string[] = [];
    open({
      onCall: ({user, method, status, isWatch}) =>
        calls.push(`${user} ${isWatch ? 'WATCH' : method} ${status}`),
    });
    calls.length = 0;
    await create('a');
    await patch('none', {}, server.transport({user: 'agent'}));
    await watch({});
    expect(calls).toEqual(['admin POST 201', 'agent PATCH 404', 'admin WATCH 200']);
  });

  it('asks admission rules, which see who writes what and cannot change it', async () => {
    const seen: unknown[] = [];
    server.admit(widgets, (operation, object, old, {user, subresource}) => {
      seen.push([operation, user, subresource, old?.metadata.name]);
      object['spec'] = {image: 'changed'};
      return user === 'agent' ? failure(403, 'Forbidden', 'not yours') : undefined;
    });
    expect((await create('a')).body.spec['image']).toBe('a');
    const refused = await patch(
      'a',
      {status: {phase: 'Running'}},
      server.transport({user: 'agent'}),
    );
    expect(refused).toMatchObject({status: 403, body: {reason: 'Forbidden', message: 'not yours'}});
    await transport.send({method: 'DELETE', path: `${path}/a`});
    expect(seen).toEqual([
      ['CREATE', 'admin', undefined, undefined],
      ['UPDATE', 'agent', 'status', 'a'],
      ['DELETE', 'admin', undefined, 'a'],
    ]);
    expect((await list()).body.items).toEqual([]);
  });

  it('gives out copies, past every transport too', async () => {
    await create('a');
    const read = () => server.read(widgets, {namespace: 'default', name: 'a'});
    Object.assign(read()!.metadata, {name: 'changed'});
    expect(read()!.metadata.name).toBe('a');
    expect(server.read(widgets, {namespace: 'default', name: 'none'})).toBeUndefined();
  });

  it('refuses calls of a transport that is closed, and ends its watches', async () => {
    const seen = await watch({});
    await transport.close();
    await clock.advance(0);
    expect([seen.end, server.openWatches]).toEqual(['ended', 0]);
    await expect(create('a')).rejects.toMatchObject({neverSent: true});
  });

  it('keeps a name like any other that JavaScript finds special', async () => {
    const body = widget('a', {image: 'a', free: JSON.parse('{"__proto__": {"x": 1}}')});
    const made = await transport.send<Seen>({method: 'POST', path, body});
    expect(JSON.stringify(made.body.spec['free'])).toBe('{"__proto__":{"x":1}}');
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });
});

describe('history that is forgotten', () => {
  it('ends a chunked list with 410, and a way to go on without consistency', async () => {
    for (const name of ['a', 'b', 'c']) await create(name);
    const first = await list({limit: 1});
    await create('bb');
    server.compact();
    const gone = await list({limit: 1, continue: first.body.metadata.continue});
    expect(gone).toMatchObject({status: 410, body: {reason: 'Expired', code: 410}});
    const token = gone.body.metadata.continue;
    const rest = await list({continue: token});
    expect(rest.body.items.map(({metadata}) => metadata.name)).toEqual(['b', 'bb', 'c']);
  });

  it('refuses a list at an old revision with 410', async () => {
    await create('a');
    const resourceVersion = String(server.resourceVersion);
    await create('b');
    server.compact();
    const gone = await list({resourceVersion, resourceVersionMatch: 'Exact'});
    expect(gone).toMatchObject({status: 410, body: {reason: 'Expired'}});
  });

  it('ends a watch from an old revision, and lets one from the last go on', async () => {
    await create('a');
    const old = String(server.resourceVersion);
    await create('b');
    server.compact();
    const [refused, fine] = [
      await watch({resourceVersion: old}),
      await watch({resourceVersion: String(server.resourceVersion)}),
    ];
    await create('c');
    await clock.advance(0);
    expect([types(refused), refused.end]).toEqual([['ERROR'], 'ended']);
    expect(refused.events[0]!.object).toMatchObject({code: 410, reason: 'Expired'});
    expect(types(fine)).toEqual(['ADDED']);
  });

  it('goes by itself where there is too much of it', async () => {
    open({limits: {maxEvents: 10}});
    const start = String(server.resourceVersion);
    for (let index = 0; index < 11; index++) await create(`a-${index}`);
    const recent = String(server.resourceVersion - 5);
    const [refused, fine] = [
      await watch({resourceVersion: start}),
      await watch({resourceVersion: recent}),
    ];
    await clock.advance(0);
    expect(types(refused)).toEqual(['ERROR']);
    expect(types(fine)).toEqual(['ADDED', 'ADDED', 'ADDED', 'ADDED', 'ADDED']);
  });
});

describe('a watch of the embedded server', () => {
  it('is sent bookmarks by the clock, the last one shortly before its end', async () => {
    const seen = await watch({
      allowWatchBookmarks: true,
      timeoutSeconds: 130,
      resourceVersion: '0',
    });
    await create('a');
    await clock.advance(60_000);
    expect(types(seen)).toEqual(['ADDED', 'BOOKMARK']);
    expect(seen.events[1]!.object).toMatchObject({
      kind: 'Widget',
      metadata: {resourceVersion: String(server.resourceVersion)},
    });
    await clock.advance(68_000);
    expect(types(seen)).toEqual(['ADDED', 'BOOKMARK', 'BOOKMARK', 'BOOKMARK']);
    await clock.advance(2_000);
    expect([seen.end, clock.pendingTimers]).toEqual(['ended', 0]);
  });

  it('gets a bookmark on demand only where it wants any', async () => {
    const [one, other] = [await watch({allowWatchBookmarks: true}), await watch({})];
    server.sendBookmarks();
    await clock.advance(0);
    expect([types(one), types(other)]).toEqual([['BOOKMARK'], []]);
  });

  it('without a timeout ends between half an hour and an hour', async () => {
    const seen = await watch({});
    await clock.advance(1_799_999);
    expect(seen.end).toBeUndefined();
    await clock.advance(1_800_001);
    expect(seen.end).toBe('ended');
  });

  it('is given up when its reader leaves, by signal or by return', async () => {
    const stop = new AbortController();
    const seen = await watch({}, stop.signal);
    stop.abort();
    await clock.advance(0);
    expect(seen.end).toBe('ended');
    const call = {method: 'GET', path, query: {watch: true}} as const;
    const {lines} = await transport.watch(call, new AbortController().signal);
    await create('a');
    for await (const _ of lines) break;
    expect([server.openWatches, clock.pendingTimers]).toEqual([0, 0]);
  });

  it('is ended when its reader is too far behind, after the lines that it has', async () => {
    open({limits: {watchBacklogLines: 3}});
    const call = {method: 'GET', path, query: {watch: true}} as const;
    const {lines} = await transport.watch(call, new AbortController().signal);
    for (const name of ['a', 'b', 'c', 'd', 'e']) await create(name);
    const read: string[] = [];
    for await (const line of lines) read.push(line);
    expect(read).toHaveLength(3);
    expect(server.openWatches).toBe(0);
  });

  it('shares the text of each version with every other watch', async () => {
    const one = await transport.watch({method: 'GET', path}, new AbortController().signal);
    const two = await transport.watch({method: 'GET', path}, new AbortController().signal);
    await create('a');
    const first = async ({lines}: {lines: AsyncIterable<string>}) => {
      for await (const line of lines) return line;
      return undefined;
    };
    const [left, right] = [await first(one), await first(two)];
    expect(left).toBe(right);
    expect(JSON.parse(left!)).toMatchObject({type: 'ADDED', object: {metadata: {name: 'a'}}});
  });
});

describe('the cost of a write', () => {
  it('does not grow with the watches that ask for other values', async () => {
    const agents = 2_000;
    const counts: number[] = [];
    for (let index = 0; index < agents; index++) {
      const query = {watch: true, fieldSelector: `status.workerName=w-${index}`};
      const call = {method: 'GET', path, query} as const;
      const {lines} = await transport.watch(call, new AbortController().signal);
      void (async () => {
        for await (const _ of lines) counts[index] = (counts[index] ?? 0) + 1;
      })();
    }
    await create('a');
    const started = performance.now();
    const writes = 2_000;
    for (let index = 0; index < writes; index++) {
      await patch('a', {status: {workerName: `w-${index % agents}`}});
    }
    const elapsedMs = performance.now() - started;
    await clock.advance(0);
    // Each arrives as ADDED at one and as DELETED at the one before.
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(2 * writes - 1);
    // 0.04 s on a 2-core VM; 0.5 s where each write tries every selector (2,000 label watches).
    expect(elapsedMs).toBeLessThan(3_000);
  });
});
