import {describe, expect, it} from 'vitest';
import type {StatusWriter} from '../../src/status/statusWriter.ts';
import {makeObject} from './scriptedServer.ts';
import {bind, createRig, edit, pending, statusOf, waiting} from './writerRig.ts';

const names = (count: number) => Array.from({length: count}, (_, index) => `r-${index + 1}`);

describe('the order of writes', () => {
  it('is placements in the order of their batch, and reasons only when no placement waits', async () => {
    const {clock, server, writer, run} = createRig();
    const [one, two, three, four] = names(4).map((name) => waiting(server, name));
    writer.write(pending(one!));
    for (const record of [two!, three!, four!]) writer.write(bind(record));
    server.script([], {held: true});
    run();
    await clock.advance(0);
    expect(server.log).toEqual(['PUT r-2', 'PUT r-3']);
    server.release(1);
    await clock.advance(0);
    expect(server.log.slice(2)).toEqual(['PUT r-4', 'PATCH r-1']);
  });

  it('keeps to the connections of each kind', async () => {
    const {clock, server, writer, run, kinds} = createRig({
      limits: {connections: 3, pendingConnections: 2},
    });
    run();
    server.script([], {held: true});
    for (const name of names(8)) writer.write(bind(waiting(server, name)));
    await clock.advance(0);
    expect(server.calls).toHaveLength(3);
    server.script([]);
    server.release();
    await clock.advance(0);
    expect(kinds()).toHaveLength(8);
    server.script([], {held: true});
    for (const name of names(5)) writer.write(pending(waiting(server, `p-${name}`)));
    await clock.advance(0);
    expect(server.calls).toHaveLength(8 + 2);
    expect(server.mostUnderWay).toBe(3);
  });

  it('of several reasons of one request is the latest one only', async () => {
    const {clock, server, writer, run, ends} = createRig({limits: {pendingConnections: 2}});
    run();
    const record = waiting(server);
    server.script([{held: true}]);
    for (const message of ['first', 'second', 'third']) writer.write(pending(record, message));
    await clock.advance(0);
    server.release();
    await clock.advance(0);
    expect(
      ends.map(({intent, outcome}) => [intent.kind === 'pending' && intent.message, outcome.kind]),
    ).toEqual([
      ['second', 'superseded'],
      ['first', 'written'],
      ['third', 'written'],
    ]);
    expect(JSON.stringify(statusOf(server.get('r-1')).conditions)).toContain('third');
  });

  it('gives up a reason in its backoff once there is a newer one', async () => {
    const {clock, server, writer, run, kinds} = createRig();
    run();
    const record = waiting(server);
    server.script([{status: 429, retryAfterMs: 500}]);
    writer.write(pending(record, 'first'));
    await clock.advance(100);
    writer.write(pending(record, 'second'));
    await clock.advance(400);
    expect(kinds()).toEqual(['pending r-1 superseded', 'pending r-1 written']);
    expect(server.calls).toHaveLength(2);
  });

  it('drops the reasons of a request that gets its worker, before and after', async () => {
    const {clock, server, writer, run, kinds} = createRig();
    const record = waiting(server);
    writer.write(pending(record));
    writer.write(bind(record));
    writer.write(pending(record));
    run();
    await clock.advance(0);
    expect(kinds()).toEqual([
      'pending r-1 superseded',
      'pending r-1 superseded',
      'bind r-1 written',
    ]);
    expect(server.log).toEqual(['PUT r-1']);
  });

  it('keeps the reason that came beside a placement, and writes it when that came to nothing', async () => {
    const {clock, server, writer, run, kinds} = createRig();
    run();
    server.script([{held: true}]);
    writer.write(bind(waiting(server)));
    await clock.advance(0);
    const suspended = waiting(server, 'r-1', makeObject('r-1', {spec: {suspend: true}}));
    for (const message of ['first', 'second']) writer.write(pending(suspended, message));
    await clock.advance(0);
    expect(server.log).toEqual(['PUT r-1']);
    server.release();
    await clock.advance(0);
    expect(kinds()).toEqual([
      'pending r-1 superseded',
      'bind r-1 superseded',
      'pending r-1 written',
    ]);
    expect(JSON.stringify(statusOf(server.get('r-1')))).toContain('second');
  });

  it('takes reasons again once the placement came to nothing', async () => {
    const {clock, server, writer, run, kinds} = createRig();
    run();
    const record = waiting(server);
    server.script([{status: 422}]);
    writer.write(bind(record));
    await clock.advance(0);
    writer.write(pending(record));
    await clock.advance(0);
    expect(kinds()).toEqual(['bind r-1 refused', 'pending r-1 written']);
  });

  it('lets a placement pass a slow write of the reason of the same request', async () => {
    const {clock, server, writer, run, kinds} = createRig();
    run();
    const record = waiting(server);
    server.script([{held: true}]);
    writer.write(pending(record));
    await clock.advance(0);
    writer.write(bind(record));
    await clock.advance(0);
    server.release();
    await clock.advance(0);
    expect(kinds()).toEqual(['bind r-1 written', 'pending r-1 superseded']);
    expect(statusOf(server.get('r-1'))).toMatchObject({phase: 'Scheduled', workerName: 'w-1'});
  });

  it('gives one invalid request its reason and keeps nobody waiting', async () => {
    const {clock, server, writer, run, kinds} = createRig();
    run();
    const record = waiting(server);
    const message = 'spec.resources.cpu is "lots"; wanted a quantity';
    const invalid = {
      ...record,
      kind: 'invalid' as const,
      problem: {field: 'f', found: 'x', wanted: 'y'},
    };
    server.script([{meanwhile: edit('spec', {resources: {cpu: 'lots'}})}]);
    writer.write({kind: 'pending', record: invalid, reason: 'InvalidSpec', message});
    writer.write(bind(waiting(server, 'r-2')));
    await clock.advance(0);
    expect(kinds()).toEqual(['bind r-2 written', 'pending r-1 written']);
    expect(JSON.stringify(statusOf(server.get('r-1')))).toContain('Stalled');
  });
});

describe('the limit of outstanding writes', () => {
  /** Whether `room` is there at once. */
  async function hasRoom(writer: StatusWriter, kind?: 'bind' | 'pending'): Promise<boolean> {
    let has = false;
    const tooLate = new AbortController();
    const room = writer.room(tooLate.signal, kind).then(() => {
      has = !tooLate.signal.aborted;
    });
    await new Promise((resolve) => setImmediate(resolve));
    tooLate.abort();
    await room;
    return has;
  }

  it('keeps a whole batch of placements free', async () => {
    const {server, writer, clock, run} = createRig({limits: {maxOutstanding: 10, maxRequests: 4}});
    server.script([], {held: true});
    run();
    for (const name of names(6)) writer.write(bind(waiting(server, name)));
    expect(await hasRoom(writer)).toBe(true);
    writer.write(bind(waiting(server, 'r-7')));
    expect(writer.outstanding).toBe(7);
    expect(await hasRoom(writer)).toBe(false);
    let isRoom = false;
    void writer.room(new AbortController().signal).then(() => {
      isRoom = true;
    });
    await clock.advance(0);
    expect(isRoom).toBe(false);
    server.release(1);
    await clock.advance(0);
    expect(isRoom).toBe(true);
  });

  it('is a separate one for reasons: they never make the cycle wait', async () => {
    const {server, writer, run} = createRig({limits: {maxOutstanding: 16, maxRequests: 4}});
    server.script([], {held: true});
    run();
    expect(await hasRoom(writer, 'pending')).toBe(true);
    for (const name of names(2)) writer.write(pending(waiting(server, name)));
    expect(await hasRoom(writer, 'pending')).toBe(false);
    expect(await hasRoom(writer, 'bind')).toBe(true);
  });

  it('allows a batch as large as the limit itself', async () => {
    const {writer} = createRig({limits: {maxOutstanding: 4, maxRequests: 4}});
    expect(await hasRoom(writer)).toBe(true);
  });

  it('is drained when the last placement has its outcome, whatever reasons are under way', async () => {
    const {clock, server, writer, run} = createRig();
    run();
    server.script([], {held: true});
    writer.write(bind(waiting(server)));
    writer.write(bind(waiting(server, 'r-2', makeObject('r-2'))));
    writer.write(pending(waiting(server, 'r-3', makeObject('r-3'))));
    let isDrained = false;
    void writer.drain(new AbortController().signal).then(() => {
      isDrained = true;
    });
    await clock.advance(0);
    server.release(1);
    await clock.advance(0);
    expect(isDrained).toBe(false);
    server.release(1);
    await clock.advance(0);
    expect(isDrained).toBe(true);
    expect(writer.outstanding).toBe(1);
  });
});

describe('a programmer error in the writer', () => {
  it('ends the run with it, instead of losing an intent in silence', async () => {
    const {clock, server, writer, stop} = createRig();
    server.send = () => Promise.reject(new TypeError('planted'));
    const run = writer.run(stop.signal);
    writer.write(bind(waiting(server)));
    await Promise.all([expect(run).rejects.toThrow('planted'), clock.advance(0)]);
  });
});
