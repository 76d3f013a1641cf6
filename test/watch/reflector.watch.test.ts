import {describe, expect, it} from 'vitest';
import {
  added,
  bookmark,
  broken,
  deleted,
  ended,
  errorEvent,
  hang,
  modified,
  open,
  page,
  refusal,
  reset,
} from './script.ts';
import type {Answer} from './scriptedTransport.ts';
import {half, runScript} from './watchRig.ts';

const a1 = {name: 'a', rv: 1};
const start = page([a1], 9);
const b10 = added({name: 'b', rv: 10});
const c11 = added({name: 'c', rv: 11});

describe('a watch', () => {
  it('asks for bookmarks, from the version of the list, for 300 s and a random part more', async () => {
    const {transport, stop} = await runScript([start, open()], {random: half});
    expect(transport.calls[1]).toMatchObject({
      kind: 'watch',
      query: {watch: true, allowWatchBookmarks: true, resourceVersion: '9', timeoutSeconds: 450},
    });
    await stop();
  });

  it.each<[sentence: string, fault: Answer]>([
    ['was cut off', broken(b10)],
    ['was ended by the server', ended(b10)],
    ['held a line that is cut', open(b10, '{"type":"MODIFIED","obj')],
    ['held a line that is no JSON', open(b10, '<html>')],
    ['held an event of an unknown type', open(b10, '{"type":"NEWS","object":{"metadata":{}}}')],
    [
      'held an object without a version',
      open(b10, '{"type":"ADDED","object":{"metadata":{"name":"x"}}}'),
    ],
    ['ended with an ERROR event of 500', open(b10, errorEvent(500, 'InternalError'))],
    ['ended with an ERROR event of 429', open(b10, errorEvent(429, 'TooManyRequests', 1))],
  ])('that %s is resumed from the last good version, without a list', async (_, fault) => {
    const {clock, transport, sink, counts, stop} = await runScript([start, fault, open(c11)]);
    await clock.advance(2_000);
    expect(transport.calls.map(({kind}) => kind)).toEqual(['send', 'watch', 'watch']);
    expect(transport.calls[2]?.query['resourceVersion']).toBe('10');
    expect(sink.state).toEqual(['a@1', 'b@10', 'c@11']);
    expect(counts.relists).toBe(1);
    await stop();
  });

  it.each<[sentence: string, fault: Answer]>([
    ['a reset', reset],
    ['a 500', refusal(500)],
    ['a 503', refusal(503)],
    ['a 429', refusal(429)],
    ['a 401', refusal(401)],
  ])('that meets %s when it opens tries again, without a list', async (_, fault) => {
    const {clock, transport, sink, stop} = await runScript([start, fault, fault, fault, open(b10)]);
    await clock.advance(2_000);
    expect(transport.calls.map(({kind}) => kind)).toEqual(['send', ...Array(4).fill('watch')]);
    expect(sink.state).toEqual(['a@1', 'b@10']);
    await stop();
  });

  it.each<[sentence: string, fault: Answer]>([
    ['a 410 when it opens', refusal(410, 'Expired')],
    ['a 410 event', open(errorEvent(410, 'Expired'))],
    ['an event that only says Expired', open(errorEvent(500, 'Expired'))],
    ['a version that the server does not understand', refusal(400, 'BadRequest')],
    ['a version of the future', refusal(504, 'Timeout')],
    ['a bookmark that went back', open(bookmark(8))],
  ])('that meets %s lists anew and swaps it in whole', async (_, fault) => {
    const script = [start, fault, page([{name: 'b', rv: 10}], 12), open()];
    const {clock, sink, counts, stop} = await runScript(script);
    await clock.advance(2_000);
    expect(sink.calls).toEqual(['replace ns/a@1', 'replace ns/b@10']);
    expect(counts.relists).toBe(2);
    await stop();
  });

  it('counts each line that does not parse', async () => {
    const script = [start, open('{'), open('}'), open(b10)];
    const {clock, counts, stop} = await runScript(script);
    await clock.advance(2_000);
    expect(counts.unparsed).toBe(2);
    await stop();
  });

  it('that can never pass one version lists anew instead of trying for ever', async () => {
    const script = [start, open('{'), open('{'), open('{'), page([a1], 20), open()];
    const {clock, transport, counts, stop} = await runScript(script);
    await clock.advance(2_000);
    expect(transport.calls.map(({kind}) => kind).at(-2)).toBe('send');
    expect(counts).toMatchObject({unparsed: 3, relists: 2});
    await stop();
  });

  it('resumes from a bookmark, as its own objects may be too old by then', async () => {
    const {clock, transport, stop} = await runScript([start, broken(bookmark(5_000)), open()]);
    await clock.advance(1_000);
    expect(transport.calls[2]?.query['resourceVersion']).toBe('5000');
    await stop();
  });

  it('without a sound for 90 s is dropped and resumed; any line is a sound', async () => {
    const watch = open(b10);
    const {clock, transport, sink, stop} = await runScript([start, watch, open(c11)]);
    await clock.advance(80_000);
    watch.stream.push(bookmark(10));
    await clock.advance(89_000);
    expect(transport.calls.length).toBe(2);
    await clock.advance(2_000);
    expect(transport.calls[2]?.query['resourceVersion']).toBe('10');
    expect(sink.state).toEqual(['a@1', 'b@10', 'c@11']);
    expect(watch.stream.isClosed).toBe(true);
    await stop();
  });

  it('that never opens is dropped like a silent one', async () => {
    const {clock, sink, stop} = await runScript([start, hang, open(b10)]);
    await clock.advance(91_000);
    expect(sink.state).toEqual(['a@1', 'b@10']);
    await stop();
  });

  it('that ends after a useful time is opened again at once, and clears the backoff', async () => {
    const watch = open();
    const faults = [refusal(503), refusal(503), refusal(503)];
    const script = [start, ...faults, watch, refusal(503), open()];
    const {clock, transport, stop} = await runScript(script);
    await clock.advance(60_000);
    const before = transport.calls.length;
    watch.stream.end();
    await clock.advance(100);
    // The first backoff again, half of 50 ms, and not the fourth.
    expect(transport.calls.slice(before).map(({atMs}) => atMs)).toEqual([60_000, 60_025]);
    await stop();
  });

  it('that ends at once, again and again, is not opened in a hot loop', async () => {
    const {clock, transport, stop} = await runScript([
      start,
      ...Array.from({length: 50}, () => ended()),
    ]);
    await clock.advance(60_000);
    expect(transport.calls.length).toBeLessThan(16);
    await stop();
  });

  it('and a list that fail in turn are not tried in a hot loop either', async () => {
    const script = Array.from({length: 100}, () => [page([a1], 9), refusal(410, 'Expired')]).flat();
    const {clock, transport, stop} = await runScript(script);
    await clock.advance(60_000);
    expect(transport.calls.length).toBeLessThan(30);
    await stop();
  });

  it('waits as long as Retry-After says, in a header or in an event', async () => {
    const script = [
      start,
      refusal(429, '', 4_000),
      open(errorEvent(429, 'TooManyRequests', 3)),
      open(),
    ];
    const {clock, transport, stop} = await runScript(script);
    await clock.advance(20_000);
    expect(transport.calls.slice(1).map(({atMs}) => atMs)).toEqual([0, 4_000, 7_000]);
    await stop();
  });

  it('that is stopped leaves no timer and no connection', async () => {
    const watch = open(b10);
    const {clock, stop} = await runScript([start, watch]);
    await stop();
    expect(watch.stream.isClosed).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  it('stopped while it backs off leaves no timer', async () => {
    const {clock, stop, reflector} = await runScript([start, refusal(503, '', 60_000)]);
    expect(reflector.waitingFor).toBe('containerrequests: the API server to answer');
    await stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('survives a server that is gone for ten minutes', async () => {
    const script = [start, broken(), ...Array.from({length: 60}, () => reset), open(b10)];
    const {clock, sink, counts, stop} = await runScript(script);
    await clock.advance(20 * 60_000);
    expect(sink.state).toEqual(['a@1', 'b@10']);
    expect(counts.relists).toBe(1);
    await stop();
  });
});

describe('an event', () => {
  it.each<[sentence: string, lines: string[], calls: string[]]>([
    ['of an unknown object brings it in', [b10], ['upsert ns/b@10']],
    [
      'MODIFIED of an unknown object brings it in too',
      [modified({name: 'b', rv: 10})],
      ['upsert ns/b@10'],
    ],
    [
      'ADDED of a known object is a newer state of it',
      [added({name: 'a', rv: 10})],
      ['upsert ns/a@10'],
    ],
    ['DELETED takes the object out', [deleted({name: 'a', rv: 10})], ['remove ns/a']],
    ['DELETED of an unknown object is nothing', [deleted({name: 'x', rv: 10})], []],
    ['that comes twice counts once', [b10, b10], ['upsert ns/b@10']],
    [
      'older than what is held is ignored',
      [modified({name: 'a', rv: 12}), modified({name: 'a', rv: 11})],
      ['upsert ns/a@12'],
    ],
    ['older than the list is ignored', [modified({name: 'x', rv: 8})], []],
    [
      'DELETED that is older than what is held is ignored',
      [modified({name: 'a', rv: 12}), deleted({name: 'a', rv: 11})],
      ['upsert ns/a@12'],
    ],
    [
      'late for a deleted object does not bring it back',
      [deleted({name: 'a', rv: 12}), modified({name: 'a', rv: 11})],
      ['remove ns/a'],
    ],
    ['of another object may come out of order', [c11, b10], ['upsert ns/c@11', 'upsert ns/b@10']],
    [
      'with a new uid removes the old object first, even if its DELETED was never seen',
      [modified({name: 'a', rv: 12, uid: 'uid-a-2'})],
      ['remove ns/a', 'upsert ns/a@12'],
    ],
    [
      'of an object made anew brings it back',
      [deleted({name: 'a', rv: 12}), added({name: 'a', rv: 13, uid: 'uid-a-2'})],
      ['remove ns/a', 'upsert ns/a@13'],
    ],
    [
      'is compared as a number, not as a text',
      [modified({name: 'a', rv: '99'}), modified({name: 'a', rv: '100'})],
      ['upsert ns/a@99', 'upsert ns/a@100'],
    ],
    [
      'is compared beyond 2^53',
      [
        modified({name: 'a', rv: '18446744073709551614'}),
        modified({name: 'a', rv: '18446744073709551615'}),
      ],
      ['upsert ns/a@18446744073709551614', 'upsert ns/a@18446744073709551615'],
    ],
    [
      'with a version that has no order is taken',
      [modified({name: 'a', rv: 'x-1'})],
      ['upsert ns/a@x-1'],
    ],
  ])('%s', async (_, lines, calls) => {
    const {sink, stop} = await runScript([start, open(...lines)]);
    expect(sink.calls.slice(1)).toEqual(calls);
    await stop();
  });
});
