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
import {runScript, watching} from './watchRig.ts';

const a1 = {name: 'a', rv: 1};
const b2 = {name: 'b', rv: 2};
const b12 = {name: 'b', rv: 12};
const c13 = {name: 'c', rv: 13};

describe('an audit', () => {
  it('reads to the end, however far the watch is', async () => {
    const {clock, transport, server, counts, reflector, signal, stop} = await watching([a1, b2]);
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
    const {clock, transport, sink, counts, reflector, signal, stop} = await watching([a1, b2]);
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
      const {clock, transport, server, sink, counts, reflector, signal, stop} = await watching([
        a1,
        b2,
      ]);
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
    const {clock, transport, server, reflector, signal, stop} = await watching([a1, b2]);
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
    const {clock, transport, server, sink, reflector, signal, stop} = await watching([a1, b2]);
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
    const {transport, sink, reflector, signal, stop} = await watching([a1, b2]);
    transport.add(page([c13], 20, 'more'), fault);
    expect(await reflector.audit(signal)).toMatchObject({kind: 'unavailable'});
    expect(sink.calls).toEqual([]);
    await stop();
  });

  it('that finds more than it may repair has everything listed anew', async () => {
    const many = Array.from({length: 12}, (_, at) => ({name: `n-${at}`, rv: 100 + at}));
    const {clock, transport, server, sink, counts, reflector, signal, stop} = await watching(
      [a1, b2],
      {
        maxRepairs: 10,
      },
    );
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
    const {clock, transport, server, counts, reflector, signal, stop} = await watching([a1, b2], {
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
    const {clock, transport, server, sink, reflector, signal, stop} = await watching([a1, b2], {
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
    const {clock, transport, server, sink, reflector, signal, stop} = await watching([a1, b2], {
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
    const {clock, transport, server, sink, reflector, signal, stop} = await watching([a1, b2]);
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
    const {clock, transport, sink, reflector, signal, stop} = await watching([a1, b2]);
    transport.add(page([a1, b12], 20));
    const audit = reflector.audit(signal);
    await clock.advance(100);
    await stop();
    expect(await audit).toEqual({kind: 'stopped'});
    expect(clock.pendingTimers).toBe(0);
    expect(sink.calls).toEqual([]);
  });
});
