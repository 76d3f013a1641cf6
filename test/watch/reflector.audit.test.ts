import {describe, expect, it} from 'vitest';
import {
  added,
  bookmark,
  deleted,
  errorEvent,
  modified,
  type ObjectSpec,
  open,
  page,
  refusal,
  reset,
} from './script.ts';
import {runScript, watchLimits} from './watchRig.ts';

const a1 = {name: 'a', rv: 1};
const b2 = {name: 'b', rv: 2};
const b12 = {name: 'b', rv: 12};
const c13 = {name: 'c', rv: 13};

/** What a consistent read asks first: how far the server is. */
const version = (rv: number) => page([], rv);

/** A reflector that holds a@1 and b@2, its watch open at version 9. */
async function running(limits = {}) {
  const watch = open();
  const run = await runScript([page([a1, b2], 9), watch], {
    limits: {...watchLimits, ...limits},
  });
  run.sink.calls.length = 0;
  return {...run, server: watch.stream};
}

describe('an audit', () => {
  it('reads to the end, however far the watch is', async () => {
    const {clock, transport, server, counts, reflector, signal, stop} = await running();
    server.push(bookmark(20));
    await clock.advance(0);
    transport.add(page([a1], 20, 'more'), page([b12], 20));
    const audit = reflector.audit(signal);
    await clock.advance(60_000);
    expect(await audit).toMatchObject({kind: 'audited', missed: 1});
    expect(counts.missed).toBe(1);
    await stop();
  });

  it.each<
    [sentence: string, listed: ObjectSpec[], missed: number, state: string[], calls: string[]]
  >([
    ['finds nothing when nothing was missed', [a1, b2], 0, ['a@1', 'b@2'], []],
    [
      'brings in an object that was never seen',
      [a1, b2, c13],
      1,
      ['a@1', 'b@2', 'c@13'],
      ['upsert ns/c@13'],
    ],
    ['brings a stale object up to date', [a1, b12], 1, ['a@1', 'b@12'], ['upsert ns/b@12']],
    ['takes out what is gone', [a1], 1, ['a@1'], ['remove ns/b']],
    [
      'sees an object that was made anew',
      [a1, {...b12, uid: 'uid-b-2'}],
      1,
      ['a@1', 'b@12'],
      ['remove ns/b', 'upsert ns/b@12'],
    ],
    [
      'repairs all at once',
      [b12, c13],
      3,
      ['b@12', 'c@13'],
      ['upsert ns/b@12', 'upsert ns/c@13', 'remove ns/a'],
    ],
  ])('%s', async (_, listed, missed, state, calls) => {
    const {clock, transport, sink, counts, reflector, signal, stop} = await running();
    transport.add(page(listed, 20));
    const audit = reflector.audit(signal);
    await clock.advance(5_000);
    expect(await audit).toEqual({kind: 'audited', objects: listed.length, missed});
    expect(transport.calls.at(-1)?.query, 'a consistent read').toEqual({limit: 500});
    expect(sink.state).toEqual(state);
    expect(sink.calls).toEqual(calls);
    expect(counts.missed).toBe(missed);
    await stop();
  });

  const inTime: [sentence: string, listed: ObjectSpec[], lines: string[], state: string[]][] = [
    ['a new object', [a1, b2, c13], [added(c13)], ['a@1', 'b@2', 'c@13']],
    ['a change', [a1, b12], [modified(b12)], ['a@1', 'b@12']],
    ['a later change', [a1, b12], [modified({name: 'b', rv: 25})], ['a@1', 'b@25']],
    ['a deletion', [a1], [deleted({name: 'b', rv: 15})], ['a@1']],
    [
      'an object that came and went',
      [a1, b2, c13],
      [added(c13), deleted({name: 'c', rv: 22})],
      ['a@1', 'b@2'],
    ],
    ['the deletion of what is listed', [a1, b2], [deleted({name: 'b', rv: 22})], ['a@1']],
    [
      'an object younger than the list',
      [a1, b2],
      [added({name: 'd', rv: 30})],
      ['a@1', 'b@2', 'd@30'],
    ],
  ];

  it.each(inTime.flatMap((row) => [[...row, 0] as const, [...row, 500] as const]))(
    'does not count %s that the watch delivers in time',
    async (_, listed, lines, state, lateMs) => {
      const {clock, transport, server, sink, counts, reflector, signal, stop} = await running();
      transport.add(page(listed.slice(0, 1), 20, 'more'), page(listed.slice(1), 20));
      const audit = reflector.audit(signal);
      await clock.advance(lateMs);
      server.push(...lines);
      await clock.advance(5_000);
      expect(await audit).toMatchObject({kind: 'audited', missed: 0});
      expect(counts.missed).toBe(0);
      expect(sink.state).toEqual(state);
      expect(sink.calls.length, 'nothing twice').toBe(lines.length);
      await stop();
    },
  );

  it('waits for the watch before it repairs, and no longer than it must', async () => {
    const {clock, transport, server, reflector, signal, stop} = await running();
    transport.add(page([a1, b12], 20));
    let isDone = false;
    const audit = reflector.audit(signal).then((outcome) => {
      isDone = true;
      return outcome;
    });
    await clock.advance(1_000);
    expect(isDone).toBe(false);
    server.push(modified(b12));
    await clock.advance(100);
    expect(isDone).toBe(true);
    expect(await audit).toMatchObject({missed: 0});
    await stop();
  });

  it('is not undone by events that come later and are older than its list', async () => {
    const {clock, transport, server, sink, reflector, signal, stop} = await running();
    transport.add(page([{name: 'b', rv: 18}], 20));
    const audit = reflector.audit(signal);
    await clock.advance(5_000);
    await audit;
    // An object that came and went before the list was read is in neither.
    server.push(added({name: 'x', rv: 15}), modified({name: 'a', rv: 11}), modified(b12));
    server.push(modified({name: 'a', rv: 21}));
    await clock.advance(0);
    expect(sink.state).toEqual(['a@21', 'b@18']);
    await stop();
  });

  it.each([
    ['a reset', reset],
    ['a 503', refusal(503, 'ServiceUnavailable', 2_000)],
    ['a token that expired', refusal(410, 'Expired')],
  ])('that meets %s changes nothing and says so', async (_, fault) => {
    const {transport, sink, reflector, signal, stop} = await running();
    transport.add(page([c13], 20, 'more'), fault);
    expect(await reflector.audit(signal)).toMatchObject({kind: 'unavailable'});
    expect(sink.calls).toEqual([]);
    await stop();
  });

  it('that finds more than it may repair has everything listed anew', async () => {
    const many = Array.from({length: 12}, (_, at) => ({name: `n-${at}`, rv: 100 + at}));
    const {clock, transport, server, sink, counts, reflector, signal, stop} = await running({
      maxRepairs: 10,
    });
    transport.add(page(many, 200), page(many, 201), open());
    const audit = reflector.audit(signal);
    await clock.advance(5_000);
    expect(await audit).toMatchObject({kind: 'audited', missed: 12});
    expect(sink.calls.map((call) => call.split(' ')[0])).toEqual(['replace']);
    expect(sink.state.length).toBe(12);
    expect(counts).toMatchObject({relists: 2, missed: 12});
    expect(server.isClosed).toBe(true);
    await stop();
  });

  it('gives the watch time before it calls the differences too many', async () => {
    const many = Array.from({length: 16}, (_, at) => ({name: `n-${at}`, rv: 100 + at}));
    const {clock, transport, server, counts, reflector, signal, stop} = await running({
      maxRepairs: 10,
    });
    const pageTwo = Promise.withResolvers<void>();
    transport.add(page([a1, b2, ...many.slice(0, 8)], 200, 'more'));
    transport.add({...page(many.slice(8), 200), after: pageTwo.promise});
    const audit = reflector.audit(signal);
    await clock.advance(0);
    server.push(...many.slice(0, 8).map(added));
    await clock.advance(0);
    pageTwo.resolve();
    await clock.advance(0);
    server.push(...many.slice(8).map(added));
    await clock.advance(5_000);
    expect(await audit).toMatchObject({kind: 'audited', missed: 0});
    expect(counts.relists).toBe(1);
    await stop();
  });

  it('has everything listed anew even while the watch backs off', async () => {
    const many = Array.from({length: 12}, (_, at) => ({name: `n-${at}`, rv: 100 + at}));
    const {clock, transport, server, sink, reflector, signal, stop} = await running({
      maxRepairs: 10,
    });
    server.push(errorEvent(429, 'TooManyRequests', 60));
    await clock.advance(0);
    transport.add(page(many, 200), page(many, 201), open());
    const audit = reflector.audit(signal);
    await clock.advance(61_000);
    expect(await audit).toMatchObject({kind: 'audited'});
    expect(sink.state.length).toBe(12);
    await stop();
  });

  it('does not bring back what was deleted meanwhile, even when it can remember no deletion', async () => {
    const {clock, transport, server, sink, reflector, signal, stop} = await running({
      rememberedDeletions: 0,
    });
    transport.add(page([a1], 20, 'more'), page([b2], 20), page([a1], 31), open());
    const audit = reflector.audit(signal);
    server.push(deleted({name: 'b', rv: 30}));
    await clock.advance(5_000);
    await audit;
    expect(sink.state).toEqual(['a@1']);
    await stop();
  });

  it('begins anew after a relist that came in between', async () => {
    const {clock, transport, server, sink, reflector, signal, stop} = await running();
    // The audit reads version 20, then the watch is lost and a list of version 30 is swapped in.
    transport.add(page([a1, b12], 20), page([a1, c13], 30), open(), page([a1, c13], 31));
    const audit = reflector.audit(signal);
    await clock.advance(0);
    server.push(errorEvent(410, 'Expired'));
    await clock.advance(10_000);
    expect(await audit).toMatchObject({kind: 'audited', missed: 0});
    expect(sink.state).toEqual(['a@1', 'c@13']);
    await stop();
  });

  it('waits until the first list is in', async () => {
    const {clock, transport, reflector, signal, stop} = await runScript([refusal(503)]);
    const audit = reflector.audit(signal);
    transport.add(page([a1], 9), open(bookmark(9)), page([a1], 9));
    await clock.advance(1_000);
    expect(await audit).toEqual({kind: 'audited', objects: 1, missed: 0});
    await stop();
  });

  it('that is stopped leaves no timer and changes nothing', async () => {
    const {clock, transport, sink, reflector, signal, stop} = await running();
    transport.add(page([a1, b12], 20));
    const audit = reflector.audit(signal);
    await clock.advance(100);
    await stop();
    expect(await audit).toEqual({kind: 'stopped'});
    expect(clock.pendingTimers).toBe(0);
    expect(sink.calls).toEqual([]);
  });
});

describe('a consistent read', () => {
  it('brings in at once what the watch has not delivered, and counts nothing', async () => {
    const {clock, transport, server, sink, counts, reflector, signal, stop} = await running();
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

  it('lists anew where too much has changed, and counts nothing then either', async () => {
    const {clock, transport, sink, counts, reflector, signal, stop} = await running({
      maxRepairs: 1,
    });
    const listed = [b12, c13, {name: 'd', rv: 14}];
    transport.add(version(20), page(listed, 20), page(listed, 21), open());
    const read = reflector.readConsistently(signal);
    await clock.advance(1_000);
    await read;
    expect(sink.state).toEqual(['b@12', 'c@13', 'd@14']);
    expect(counts).toMatchObject({relists: 2, missed: 0});
    await stop();
  });

  it.each([
    ['an event', modified({name: 'a', rv: 21})],
    ['a bookmark', bookmark(20)],
  ])('needs no page once the watch has passed the list, as %s tells', async (_, line) => {
    const {clock, transport, server, sink, reflector, signal, stop} = await running();
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
    const {clock, transport, server, sink, reflector, signal, stop} = await running();
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
    const {clock, transport, sink, counts, reflector, signal, stop} = await running({longList: 1});
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
    const {clock, transport, sink, reflector, signal, stop} = await running({longList: 1});
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
    const {clock, transport, server, sink, reflector, signal, stop} = await running();
    server.push(bookmark(19));
    await clock.advance(0);
    transport.add(version(20), page([a1], 20, 'more'), page([b12], 20));
    await reflector.readConsistently(signal);
    expect(sink.state).toEqual(['a@1', 'b@12']);
    await stop();
  });

  it('is tried again until the API server answers', async () => {
    const {clock, transport, sink, reflector, signal, stop} = await running();
    const refused = refusal(503, '', 3_000);
    transport.add(reset, reset, refused, refused, version(20), page([a1, b12], 20));
    await Promise.all([reflector.readConsistently(signal), clock.advance(10_000)]);
    expect(sink.state).toEqual(['a@1', 'b@12']);
    expect(transport.calls.at(-1)?.atMs).toBeGreaterThanOrEqual(3_000);
    await stop();
  });

  it('ends when it is stopped', async () => {
    const {clock, transport, reflector, signal, stop} = await running();
    transport.add(...Array.from({length: 100}, () => reset));
    const read = reflector.readConsistently(signal);
    await clock.advance(1_000);
    await stop();
    await read;
    expect(clock.pendingTimers).toBe(0);
  });

  it('makes every later list at least as new', async () => {
    const {clock, transport, server, sink, reflector, signal, stop} = await running();
    transport.add(version(20), page([a1, b12], 20));
    await reflector.readConsistently(signal);
    transport.add(page([a1, b2], 15), page([a1, b12], 20), open());
    server.push(errorEvent(410, 'Expired'));
    await clock.advance(10_000);
    expect(sink.calls).toEqual(['upsert ns/b@12', 'replace ns/a@1 ns/b@12']);
    await stop();
  });
});
