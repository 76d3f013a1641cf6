import {describe, expect, it} from 'vitest';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import type {PendingIntent} from '../../src/status/intent.ts';
import {Reporter} from '../../src/status/reporter.ts';
import {makeRequest} from './makeRecords.ts';
import {pending} from './writerRig.ts';

function createReporter(unreported: PendingIntent[] = []) {
  const clock = new VirtualClock();
  const [writes, events]: [PendingIntent[], PendingIntent[]] = [[], []];
  const stop = new AbortController();
  let room = Promise.resolve();
  const reporter = new Reporter({
    writer: {room: () => room, write: (intent) => writes.push(intent)},
    takeUnreported: (max) => unreported.splice(0, max),
    onReport: (intent) => events.push(intent),
    pageSize: 2,
    clock,
    retryMs: 30_000,
  });
  const block = (until: Promise<void>) => {
    room = until;
  };
  return {clock, reporter, writes, events, stop, block};
}

const of = (name: string, message = 'no') => pending(makeRequest({name}), message);
const said = (intents: readonly PendingIntent[]) =>
  intents.map(({record, message}) => `${record.name} ${message}`);

describe('the reporter', () => {
  it('gathers before it runs, and writes the latest reason of each request', async () => {
    const {clock, reporter, writes, events, stop} = createReporter();
    for (const intent of [of('a', 'first'), of('b'), of('a', 'second'), of('c')])
      reporter.report(intent);
    await clock.advance(0);
    expect(writes).toEqual([]);
    void reporter.run(stop.signal);
    await clock.advance(0);
    expect(said(writes)).toEqual(['a second', 'b no', 'c no']);
    expect(events).toEqual(writes);
  });

  it('forgets a request that is gone before it could be written', async () => {
    const {clock, reporter, writes, stop} = createReporter();
    for (const intent of [of('a'), of('b')]) reporter.report(intent);
    reporter.forget(of('a').record.key);
    void reporter.run(stop.signal);
    await clock.advance(0);
    expect(said(writes)).toEqual(['b no']);
  });

  it('writes a reason that was refused again, later, and once', async () => {
    const {clock, reporter, writes, stop} = createReporter();
    void reporter.run(stop.signal);
    await clock.advance(0);
    reporter.refused(of('a'));
    await clock.advance(29_999);
    expect(writes).toEqual([]);
    await clock.advance(90_000);
    expect(said(writes)).toEqual(['a no']);
    reporter.refused(of('a', 'still not'));
    await clock.advance(30_000);
    expect(said(writes)).toEqual(['a no', 'a still not']);
  });

  it.each<[string, (reporter: Reporter, unreported: PendingIntent[]) => void, string[]]>([
    ['that waited', (reporter) => reporter.report(of('a', 'new')), ['a new']],
    [
      'of the queue',
      (reporter, unreported) => {
        unreported.push(of('a', 'new'));
        reporter.poke();
      },
      ['a new'],
    ],
    ['that never comes, as it is gone', (reporter) => reporter.forget(of('a').record.key), []],
  ])('gives up a refused reason for a newer one %s', async (_, act, expected) => {
    const unreported: PendingIntent[] = [];
    const {clock, reporter, writes, stop} = createReporter(unreported);
    void reporter.run(stop.signal);
    await clock.advance(0);
    reporter.refused(of('a', 'old'));
    act(reporter, unreported);
    await clock.advance(60_000);
    expect(said(writes)).toEqual(expected);
  });

  it('leaves a refused reason alone where a newer one waits already', async () => {
    const {clock, reporter, writes, stop} = createReporter();
    reporter.report(of('a', 'new'));
    reporter.refused(of('a', 'old'));
    void reporter.run(stop.signal);
    await clock.advance(60_000);
    expect(said(writes)).toEqual(['a new']);
  });

  it('goes on with the unreported ones page by page, and again when poked', async () => {
    const unreported = ['a', 'b', 'c', 'd', 'e'].map((name) => of(name));
    const {clock, reporter, writes, stop} = createReporter(unreported);
    void reporter.run(stop.signal);
    await clock.advance(0);
    expect(writes).toHaveLength(5);
    unreported.push(of('f'));
    await clock.advance(0);
    expect(writes).toHaveLength(5);
    reporter.poke();
    await clock.advance(0);
    expect(writes).toHaveLength(6);
  });

  it('waits for room, and writes nothing more once stopped', async () => {
    const {clock, reporter, writes, stop, block} = createReporter();
    const room = Promise.withResolvers<void>();
    block(room.promise);
    reporter.report(of('a'));
    void reporter.run(stop.signal);
    await clock.advance(0);
    expect(writes).toEqual([]);
    stop.abort();
    room.resolve();
    await clock.advance(0);
    expect(writes).toEqual([]);
  });
});
