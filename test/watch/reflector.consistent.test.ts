import {describe, expect, it} from 'vitest';
import {added, bookmark, errorEvent, modified, open, page, refusal, reset} from './script.ts';
import {watching} from './watchRig.ts';

const a1 = {name: 'a', rv: 1};
const b2 = {name: 'b', rv: 2};
const b12 = {name: 'b', rv: 12};
const c13 = {name: 'c', rv: 13};

/** What a consistent read asks first: how far the server is. */
const version = (rv: number) => page([], rv);

describe('a consistent read', () => {
  it('brings in at once what the watch has not delivered, and counts nothing', async () => {
    const {clock, transport, server, sink, counts, reflector, signal, stop} = await watching([
      a1,
      b2,
    ]);
    transport.add(version(20), page([a1, b12], 20));
    await reflector.readConsistently(signal);
    expect(clock.monotonicMs()).toBe(0);
    expect(sink.state).toEqual(['a@1', 'b@12']);
    server.push(modified(b12));
    await clock.advance(0);
    expect(sink.calls).toEqual(['upsert ns/b@12']);
    expect(counts.missed).toBe(0);
    await stop();
  });

  it.each([
    {name: 'the watch is open', lines: []},
    {
      name: 'the watch was about to read from the cache of the server',
      lines: [errorEvent(410, 'Expired')],
    },
  ])('lists anew where too much has changed, and counts nothing, though $name', async ({lines}) => {
    const {clock, transport, server, sink, counts, reflector, signal, stop} = await watching(
      [a1, b2],
      {maxRepairs: 1},
    );
    server.push(...lines);
    await clock.advance(0);
    const listed = [b12, c13, {name: 'd', rv: 14}];
    transport.add(version(20), page(listed, 20), page(listed, 21), open());
    const read = reflector.readConsistently(signal);
    await clock.advance(1_000);
    await read;
    expect(sink.state).toEqual(['b@12', 'c@13', 'd@14']);
    expect(counts).toMatchObject({relists: 2, missed: 0});
    const lists = transport.calls.filter(({kind}) => kind === 'send');
    expect(lists).toHaveLength(4);
    expect(lists.at(-1)?.query).not.toHaveProperty('resourceVersion');
    await stop();
  });

  it.each([
    ['an event', modified({name: 'a', rv: 21})],
    ['a bookmark', bookmark(20)],
  ])('needs no page once the watch has passed the list, as %s tells', async (_, line) => {
    const {clock, transport, server, sink, reflector, signal, stop} = await watching([a1, b2]);
    server.push(added(c13), line);
    await clock.advance(0);
    transport.add(version(20));
    const calls = transport.calls.length;
    await reflector.readConsistently(signal);
    // The version, and a page that nobody answers.
    expect(transport.calls).toHaveLength(calls + 2);
    expect(sink.state).toContain('c@13');
    await stop();
  });

  it('gives up the page that it waits for once the watch has passed the list', async () => {
    const {clock, transport, server, sink, reflector, signal, stop} = await watching([a1, b2]);
    transport.add(version(20), page([a1], 20, 'more'));
    const read = reflector.readConsistently(signal);
    await clock.advance(0);
    expect(transport.calls.at(-1)?.query).toMatchObject({continue: 'more'});
    server.push(added(c13), bookmark(19));
    await clock.advance(0);
    expect(sink.state).toContain('c@13');
    const {promise: early, resolve} = Promise.withResolvers<string>();
    setImmediate(resolve, 'still reading');
    expect(await Promise.race([read, early])).toBe('still reading');
    server.push(bookmark(20));
    await read;
    expect(sink.state).toEqual(['a@1', 'b@2', 'c@13']);
    await stop();
  });

  it('has a quiet watch say how far it is, rather than read a long list a second time', async () => {
    const {clock, transport, sink, counts, reflector, signal, stop} = await watching([a1, b2], {
      longList: 1,
    });
    const [brief, next] = [open(), open()];
    transport.add(version(20), brief, next);
    const read = reflector.readConsistently(signal);
    await clock.advance(0);
    const watches = () => transport.calls.filter(({kind}) => kind === 'watch');
    expect(watches().at(-1)?.query).toMatchObject({resourceVersion: '9', timeoutSeconds: 3});
    brief.stream.push(added(c13), bookmark(20));
    await read;
    expect(sink.calls).toEqual(['upsert ns/c@13']);
    brief.stream.end();
    await clock.advance(0);
    expect(watches()).toHaveLength(3);
    expect(watches().at(-1)?.query).toMatchObject({resourceVersion: '20'});
    expect(watches().at(-1)?.query['timeoutSeconds']).toBeGreaterThan(3);
    expect(counts.relists).toBe(1);
    await stop();
  });

  it('reads a long list after all where a quiet watch does not say how far it is', async () => {
    const {clock, transport, sink, reflector, signal, stop} = await watching([a1, b2], {
      longList: 1,
    });
    transport.add(version(20), open(), page([a1, b12], 20));
    const read = reflector.readConsistently(signal);
    await clock.advance(2_999);
    expect(sink.state).toEqual(['a@1', 'b@2']);
    await clock.advance(1);
    await read;
    expect(sink.state).toEqual(['a@1', 'b@12']);
    await stop();
  });

  it('reads on where the watch is behind the list', async () => {
    const {clock, transport, server, sink, reflector, signal, stop} = await watching([a1, b2]);
    server.push(bookmark(19));
    await clock.advance(0);
    transport.add(version(20), page([a1], 20, 'more'), page([b12], 20));
    await reflector.readConsistently(signal);
    expect(sink.state).toEqual(['a@1', 'b@12']);
    await stop();
  });

  it('is tried again until the API server answers', async () => {
    const {clock, transport, sink, reflector, signal, stop} = await watching([a1, b2]);
    const refused = refusal(503, '', 3_000);
    transport.add(reset, reset, refused, refused, version(20), page([a1, b12], 20));
    await Promise.all([reflector.readConsistently(signal), clock.advance(10_000)]);
    expect(sink.state).toEqual(['a@1', 'b@12']);
    expect(transport.calls.at(-1)?.atMs).toBeGreaterThanOrEqual(3_000);
    await stop();
  });

  it('ends when it is stopped', async () => {
    const {clock, transport, reflector, signal, stop} = await watching([a1, b2]);
    transport.add(...Array.from({length: 100}, () => reset));
    const read = reflector.readConsistently(signal);
    await clock.advance(1_000);
    await stop();
    await read;
    expect(clock.pendingTimers).toBe(0);
  });

  it('makes every later list at least as new', async () => {
    const {clock, transport, server, sink, reflector, signal, stop} = await watching([a1, b2]);
    transport.add(version(20), page([a1, b12], 20));
    await reflector.readConsistently(signal);
    transport.add(page([a1, b2], 15), page([a1, b12], 20), open());
    server.push(errorEvent(410, 'Expired'));
    await clock.advance(10_000);
    expect(sink.calls).toEqual(['upsert ns/b@12', 'replace ns/a@1 ns/b@12']);
    await stop();
  });
});
