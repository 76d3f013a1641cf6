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
