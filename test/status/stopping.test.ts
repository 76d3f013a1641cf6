import {describe, expect, it} from 'vitest';
import type {StatusIntent} from '../../src/status/outcome.ts';
import type {Fate} from './scriptedServer.ts';
import {bind, createRig, edit, pending, waiting} from './writerRig.ts';

describe('stopping the writer', () => {
  interface StopRow {
    readonly name: string;
    readonly fates: readonly Fate[];
    readonly afterMs: number;
    readonly outcome: string;
  }
  const rows: readonly StopRow[] = [
    {
      name: 'abandons what waits for the server',
      fates: [{status: 429, retryAfterMs: 9_999}],
      afterMs: 10,
      outcome: 'abandoned',
    },
    {
      name: 'abandons what was never sent',
      fates: [{broken: 'unsent'}],
      afterMs: 10,
      outcome: 'abandoned',
    },
    {
      name: 'leaves open what got a 503',
      fates: [{status: 503, retryAfterMs: 9_999}],
      afterMs: 10,
      outcome: 'unknown',
    },
    {name: 'leaves open what got no reply', fates: [{held: true}], afterMs: 10, outcome: 'unknown'},
    {
      name: 'leaves open what could not be read back',
      fates: [{broken: 'before'}, {held: true}],
      afterMs: 60,
      outcome: 'unknown',
    },
    {
      name: 'abandons what was in doubt until it met a newer state',
      fates: [
        {broken: 'before'},
        {meanwhile: edit('metadata', {labels: {}})},
        {status: 429, retryAfterMs: 9_999},
      ],
      afterMs: 60,
      outcome: 'abandoned',
    },
    {
      name: 'abandons what met a newer state',
      fates: [{meanwhile: edit('metadata', {labels: {}})}, {held: true}],
      afterMs: 10,
      outcome: 'abandoned',
    },
  ];
  it.each(rows)('$name', async ({fates, afterMs, outcome}) => {
    const {clock, server, writer, ends, run, stop, hasEnded} = createRig();
    run();
    const record = waiting(server);
    server.script(fates);
    writer.write(bind(record));
    await clock.advance(afterMs);
    expect(ends).toEqual([]);
    stop.abort();
    await clock.advance(0);
    expect(ends.map((end) => end.outcome.kind)).toEqual([outcome]);
    expect(hasEnded()).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  it('abandons everything that waits for a connection', async () => {
    const {clock, server, writer, run, stop, kinds, hasEnded} = createRig();
    run();
    server.script([], {held: true});
    const intents: StatusIntent[] = ['r-1', 'r-2', 'r-3'].map((name) =>
      bind(waiting(server, name)),
    );
    for (const intent of [...intents, pending(waiting(server, 'r-4'))]) writer.write(intent);
    await clock.advance(0);
    stop.abort();
    await clock.advance(0);
    expect(kinds().sort()).toEqual([
      'bind r-1 unknown',
      'bind r-2 unknown',
      'bind r-3 abandoned',
      'pending r-4 abandoned',
    ]);
    expect(hasEnded()).toBe(true);
    expect(server.calls).toHaveLength(2);
  });

  it('abandons what comes when it has ended, and does not wait for it in its next run', async () => {
    const {clock, server, writer, run, stop, kinds, hasEnded} = createRig();
    run();
    stop.abort();
    writer.write(bind(waiting(server, 'r-1')));
    await clock.advance(0);
    writer.write(bind(waiting(server, 'r-2')));
    await clock.advance(0);
    expect(kinds()).toEqual(['bind r-1 abandoned', 'bind r-2 abandoned']);
    expect(hasEnded()).toBe(true);
    expect(writer.outstanding).toBe(0);
  });
});
