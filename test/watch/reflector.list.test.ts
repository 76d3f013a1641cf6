import {describe, expect, it} from 'vitest';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {
  added,
  bookmark,
  broken,
  deleted,
  hang,
  modified,
  open,
  page,
  refusal,
  reset,
} from './script.ts';
import {ScriptedTransport} from './scriptedTransport.ts';
import {makeReflector, RecordingSink, runScript, watchLimits} from './watchRig.ts';

const a1 = {name: 'a', rv: 1};
const b2 = {name: 'b', rv: 2};
const c3 = {name: 'c', rv: 3};
const initialEnd = (rv: number) => bookmark(rv, {endsInitialEvents: true});

describe('a list by pages', () => {
  it('asks for 500 at a time and swaps them in once, when all are there', async () => {
    const script = [page([a1], 9, 'token-1'), page([b2], 9, 'token-2'), page([c3], 9), open()];
    const {transport, sink, stop, counts} = await runScript(script);
    expect(transport.calls.slice(0, 3).map(({query}) => query)).toEqual([
      {limit: 500},
      {limit: 500, continue: 'token-1'},
      {limit: 500, continue: 'token-2'},
    ]);
    expect(sink.calls).toEqual(['replace ns/a@1 ns/b@2 ns/c@3']);
    expect(transport.calls[3]).toMatchObject({kind: 'watch', query: {resourceVersion: '9'}});
    expect(counts.relists).toBe(1);
    await stop();
  });

  it('says when it has synced, not before', async () => {
    const {clock, transport, reflector, signal, stop} = await runScript([page([a1], 9, 'more')]);
    let isSynced = false;
    const synced = reflector.synced(signal).then(() => {
      isSynced = true;
    });
    await clock.advance(1);
    expect([reflector.hasSynced, isSynced]).toEqual([false, false]);
    expect(reflector.waitingFor).toBe('containerrequests: the list to be whole');
    await stop();
    await synced;

    const other = await runScript([page([a1], 9), open()]);
    await other.reflector.synced(other.signal);
    expect([other.reflector.hasSynced, other.reflector.size]).toEqual([true, 1]);
    expect(other.reflector.waitingFor).toBeUndefined();
    await other.stop();
    expect(transport.calls.length).toBe(2);
  });

  it('that is stopped in the middle leaves nothing behind', async () => {
    const {clock, transport, sink, stop} = await runScript([page([a1], 9, 'more'), hang]);
    await stop();
    await clock.advance(600_000);
    expect(sink.calls).toEqual([]);
    expect(transport.calls.map(({kind}) => kind)).toEqual(['send', 'send']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('begins anew when it is run again after a stop', async () => {
    const clock = new VirtualClock();
    const transport = new ScriptedTransport(clock, [page([a1], 9, 'more'), hang]);
    const sink = new RecordingSink();
    const {reflector} = makeReflector({transport, clock, sink});
    const first = new AbortController();
    const ended = reflector.run(first.signal);
    await clock.advance(0);
    first.abort();
    await ended;
    transport.add(page([b2], 10), open());
    const second = new AbortController();
    const again = reflector.run(second.signal);
    await clock.advance(0);
    expect(sink.state).toEqual(['b@2']);
    second.abort();
    await again;
  });

  it.each([
    ['a reset', reset],
    ['a 500', refusal(500)],
    ['a 503', refusal(503)],
    ['a 429', refusal(429)],
    ['a 403, as a role may still be granted', refusal(403, 'Forbidden')],
    ['a 404, as a CRD may still be installed', refusal(404, 'NotFound')],
  ])('goes on with the same page after %s', async (_, fault) => {
    const script = [page([a1], 9, 'more'), fault, page([b2], 9), open()];
    const {clock, transport, sink, stop} = await runScript(script);
    expect(sink.calls).toEqual([]);
    await clock.advance(1_000);
    expect(transport.calls[2]?.query).toEqual({limit: 500, continue: 'more'});
    expect(sink.state).toEqual(['a@1', 'b@2']);
    await stop();
  });

  it.each([
    ['its continue token expired', refusal(410, 'Expired')],
    ['its continue token is not understood', refusal(400, 'BadRequest')],
  ])('begins anew when %s, without what it had', async (_, fault) => {
    const script = [page([a1], 9, 'more'), fault, page([b2], 12), open()];
    const {clock, transport, sink, counts, stop} = await runScript(script);
    await clock.advance(1_000);
    expect(transport.calls[2]?.query).toEqual({limit: 500});
    expect(sink.calls).toEqual(['replace ns/b@2']);
    expect(counts.relists).toBe(2);
    await stop();
  });

  it('waits as long as Retry-After says', async () => {
    const {clock, transport, stop} = await runScript([refusal(429, '', 7_000), page([], 9)]);
    await clock.advance(6_999);
    expect(transport.calls.length).toBe(1);
    await clock.advance(1);
    expect(transport.calls[1]?.atMs).toBe(7_000);
    await stop();
  });

  it('that fails and fails is tried less and less often, to 30 s, for ever', async () => {
    const {clock, transport, stop} = await runScript(Array.from({length: 40}, () => refusal(503)));
    await clock.advance(400_000);
    const gapsMs = transport.calls.map(({atMs}, at) => atMs - (transport.calls[at - 1]?.atMs ?? 0));
    // Half of the ceiling, as the rig draws 0.5.
    expect(gapsMs.slice(1, 12)).toEqual([
      25, 50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 15_000,
    ]);
    expect(Math.max(...gapsMs)).toBe(15_000);
    expect(transport.calls.length).toBeGreaterThan(30);
    await stop();
  });

  it('draws its waits with full jitter, from nothing to the ceiling', async () => {
    const random = {next: () => 0};
    const {transport, stop} = await runScript([refusal(503), refusal(503)], {random});
    await expect.poll(() => transport.calls.length).toBe(3);
    expect(transport.calls.every(({atMs}) => atMs === 0)).toBe(true);
    await stop();
  });

  it('that is no list is tried again', async () => {
    const noList = {kind: 'reply', reply: {status: 200, body: {metadata: {}}}} as const;
    const {clock, sink, stop} = await runScript([noList, page([a1], 9), open()]);
    await clock.advance(1_000);
    expect(sink.state).toEqual(['a@1']);
    await stop();
  });

  it('names the selectors on every call', async () => {
    const selection = {fieldSelector: 'status.workerName=w', labelSelector: 'x=y', namespace: 'ns'};
    const {transport, stop} = await runScript([page([], 9), open()], selection);
    for (const {path, query} of transport.calls) {
      expect(path).toBe('/apis/berth.dev/v1alpha1/namespaces/ns/containerrequests');
      expect(query).toMatchObject({fieldSelector: 'status.workerName=w', labelSelector: 'x=y'});
    }
    expect(transport.calls.length).toBe(2);
    await stop();
  });
});

describe('a relist', () => {
  it('after one 410 asks for nothing older than what was seen', async () => {
    const script = [page([a1], 9), open(bookmark(20)), page([a1], 21), open()];
    const first = script[1] as ReturnType<typeof open>;
    const {clock, transport, sink, stop} = await runScript(script);
    first.stream.push(JSON.stringify({type: 'ERROR', object: {code: 410, reason: 'Expired'}}));
    await clock.advance(1_000);
    expect(transport.calls[2]?.query).toEqual({
      limit: 500,
      resourceVersion: '20',
      resourceVersionMatch: 'NotOlderThan',
    });
    expect(sink.calls.length).toBe(2);
    await stop();
  });

  it('that is older than what was seen is not used; a consistent one is read instead', async () => {
    const script = [
      page([a1, b2], 9),
      broken(bookmark(20)),
      refusal(410, 'Expired'),
      page([a1], 15),
      page([a1, b2], 20),
      open(),
    ];
    const {clock, transport, sink, stop} = await runScript(script);
    await clock.advance(10_000);
    expect(sink.calls).toEqual(['replace ns/a@1 ns/b@2', 'replace ns/a@1 ns/b@2']);
    expect(transport.calls[4]?.query).toEqual({limit: 500});
    await stop();
  });

  it('that is consistent and older is the truth: the history of the server went back', async () => {
    const script = [
      page([a1, b2], 9),
      broken(modified({name: 'b', rv: 20})),
      refusal(410, 'Expired'),
      page([a1], 15),
      page([a1], 15),
      broken(added({name: 'c', rv: 16})),
      refusal(410, 'Expired'),
      page([], 17),
    ];
    const {clock, transport, sink, stop} = await runScript(script);
    await clock.advance(10_000);
    expect(sink.calls.slice(-3)).toEqual([
      'went back, replace ns/a@1',
      'upsert ns/c@16',
      'replace',
    ]);
    // From then on its new history counts, not the one that is lost.
    const versions = transport.calls.map(({query}) => query['resourceVersion']);
    expect(versions.slice(-4, -1)).toEqual(['15', '16', '16']);
    await stop();
  });

  it('that asks for a version of the future is followed by one that asks for none', async () => {
    const script = [
      page([a1], 9),
      refusal(410, 'Expired'),
      refusal(504, 'Timeout'),
      page([a1], 9),
      open(),
    ];
    const {clock, transport, stop} = await runScript(script);
    await clock.advance(10_000);
    expect(transport.calls[2]?.query).toMatchObject({resourceVersion: '9'});
    expect(transport.calls[3]?.query).toEqual({limit: 500});
    await stop();
  });

  it('removes what is gone, and removes before it replaces what has a new uid', async () => {
    const script = [
      page([a1, b2, c3], 9),
      refusal(410, 'Expired'),
      page(
        [
          {name: 'a', rv: 1},
          {name: 'b', rv: 11, uid: 'uid-b-2'},
        ],
        12,
      ),
      open(),
    ];
    const {clock, sink, stop} = await runScript(script);
    await clock.advance(10_000);
    expect(sink.calls.slice(1)).toEqual(['remove ns/b', 'replace ns/a@1 ns/b@11']);
    await stop();
  });
});

describe('WatchList', () => {
  const stream = {listBy: 'stream'} as const;

  it('streams what exists, swaps it in at the bookmark, and goes on as a watch', async () => {
    const watch = open(
      added(a1),
      added(b2),
      modified({name: 'a', rv: 4}),
      deleted({name: 'b', rv: 5}),
    );
    const {clock, transport, sink, reflector, stop} = await runScript([watch], stream);
    expect(sink.calls).toEqual([]);
    expect(reflector.waitingFor).toBe('containerrequests: the list to be whole');
    expect(transport.calls[0]).toMatchObject({
      kind: 'watch',
      query: {
        watch: true,
        sendInitialEvents: true,
        resourceVersionMatch: 'NotOlderThan',
        allowWatchBookmarks: true,
        resourceVersion: '0',
      },
    });
    watch.stream.push(initialEnd(9), added({name: 'd', rv: 10}));
    await clock.advance(0);
    expect(sink.calls).toEqual(['replace ns/a@4', 'upsert ns/d@10']);
    expect(reflector.size).toBe(2);
    expect(reflector.waitingFor).toBeUndefined();
    expect(transport.calls.length).toBe(1);
    await stop();
  });

  it('names no version where the server is behind the one that was seen', async () => {
    const {clock, transport, stop} = await runScript([refusal(504), open()], stream);
    await clock.advance(1_000);
    expect(transport.calls[0]?.query).toHaveProperty('resourceVersion');
    expect(transport.calls[1]?.query['sendInitialEvents']).toBe(true);
    expect(transport.calls[1]?.query).not.toHaveProperty('resourceVersion');
    await stop();
  });

  it.each([
    ['refuses it with 422', refusal(422, 'Invalid')],
    ['refuses it with 400', refusal(400, 'BadRequest')],
    ['sends a plain bookmark, as it ignores the option', open(added(a1), bookmark(9))],
  ])('gives way to pages, once and for all, where the server %s', async (_, answer) => {
    const script = [answer, page([a1], 9), refusal(410), page([a1, b2], 12), open()];
    const {clock, transport, sink, stop} = await runScript(script, stream);
    await clock.advance(1_000);
    expect(transport.calls.map(({kind}) => kind)).toEqual([
      'watch',
      'send',
      'watch',
      'send',
      'watch',
    ]);
    expect(transport.calls[1]?.atMs).toBe(0);
    expect(sink.state).toEqual(['a@1', 'b@2']);
    await stop();
  });

  it.each([
    ['cut off', broken(added(a1))],
    ['refused for the moment', refusal(503)],
    ['unreadable', open(added(a1), '{"type":"ADD')],
  ])('that is %s begins anew, with nothing of the first try', async (_, answer) => {
    const {clock, sink, transport, stop} = await runScript(
      [answer, open(added(b2), initialEnd(9))],
      stream,
    );
    await clock.advance(1_000);
    expect(sink.calls).toEqual(['replace ns/b@2']);
    expect(transport.calls[1]?.query['sendInitialEvents']).toBe(true);
    await stop();
  });

  it('that stays silent is begun anew', async () => {
    const {clock, sink, stop} = await runScript(
      [open(added(a1)), open(added(b2), initialEnd(9))],
      stream,
    );
    await clock.advance(91_000);
    expect(sink.calls).toEqual(['replace ns/b@2']);
    await stop();
  });

  it('older than what was seen is not used', async () => {
    const script = [
      open(
        added(a1),
        initialEnd(9),
        bookmark(20),
        JSON.stringify({type: 'ERROR', object: {code: 410}}),
      ),
      open(initialEnd(15)),
      open(added(a1), initialEnd(21)),
    ];
    const {clock, sink, transport, stop} = await runScript(script, stream);
    await clock.advance(10_000);
    expect(sink.calls).toEqual(['replace ns/a@1', 'replace ns/a@1']);
    expect(transport.calls[1]?.query['resourceVersion']).toBe('20');
    expect(transport.calls[2]?.query).not.toHaveProperty('resourceVersion');
    await stop();
  });
});

it('limits are what the rows above count on', () => {
  expect(watchLimits).toMatchObject({
    pageSize: 500,
    backoffMaxMs: 30_000,
    silenceMs: 90_000,
  });
});
