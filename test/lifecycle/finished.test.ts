import {describe, expect, it} from 'vitest';
import type {FinishedRequest, RequestKey} from '../../src/api/records.ts';
import type {ApiCall, Transport} from '../../src/kube/transport.ts';
import {silentLog} from '../../src/lib/log.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {Lifecycle} from '../../src/lifecycle/lifecycle.ts';
import {finishedSink} from '../../src/lifecycle/lifecycleSinks.ts';
import {makeRecord, placedOn} from './builders.ts';

const running = makeRecord({...placedOn('w-1'), phase: 'Running'});
const key = running.key;

function ended(uid = running.uid, clock = new VirtualClock()): FinishedRequest {
  const {namespace, name, generation} = running;
  const completedMs = clock.nowMs() - 60_000;
  return {
    ...{key, namespace, name, uid, resourceVersion: '9', generation},
    ...{kind: 'finished', phase: 'Succeeded', completedMs, ttlSecondsAfterFinished: 10},
  } as FinishedRequest;
}

/** A lifecycle whose calls are only noted, and its sink of ended requests. */
function start() {
  const calls: string[] = [];
  const transport: Transport = {
    async send<T>({method, path}: ApiCall) {
      calls.push(`${method} ${path.split('/').at(-1)}`);
      return {status: 200, body: {} as T};
    },
    watch: () => Promise.reject(new Error('no watch')),
    close: async () => {},
  };
  const clock = new VirtualClock();
  const lifecycle = new Lifecycle({
    transport,
    worker: () => undefined,
    health: {lost: () => new Set()},
    onStep: () => {},
    clock,
    random: {next: () => 0},
    log: silentLog,
    limits: {concurrency: 1, baseMs: 50, maxMs: 1_000},
  });
  const stop = new AbortController();
  const run = async () => {
    const running = lifecycle.run(stop.signal);
    await clock.advance(1);
    stop.abort();
    await running;
    return calls;
  };
  return {lifecycle, sink: finishedSink(lifecycle), run};
}

describe('a request that has ended', () => {
  it('is deleted when its time is over, whichever watch tells of its end first', async () => {
    const late = start();
    late.lifecycle.observe(running);
    late.lifecycle.left(key, running.uid);
    late.sink.upsert(ended());
    expect(await late.run()).toEqual(['DELETE r-1']);

    const early = start();
    early.lifecycle.observe(running);
    early.sink.upsert(ended());
    early.lifecycle.left(key, running.uid);
    expect(await early.run()).toEqual(['DELETE r-1']);
  });

  it('and is deleted by somebody is left alone', async () => {
    const {sink, run} = start();
    sink.upsert(ended());
    sink.remove(key);
    expect(await run()).toEqual([]);
  });

  it('takes nothing from another one that has its name by now', async () => {
    const {lifecycle, sink, run} = start();
    sink.upsert(ended('uid-of-before'));
    // Its worker is gone, so it is to be unbound: that it is judged at all shows that it is known.
    lifecycle.observe({...running, resourceVersion: '12'});
    sink.remove(key);
    expect(await run()).toEqual(['PATCH status']);
  });

  it('stays so when the other watch brings a state from before its end after it', async () => {
    const {lifecycle, sink, run} = start();
    sink.upsert(ended());
    lifecycle.observe({...running, resourceVersion: '8'});
    lifecycle.left(key, running.uid);
    expect(await run()).toEqual(['DELETE r-1']);
  });

  it('and is told of late takes nothing from a newer one of its name', async () => {
    const {lifecycle, sink, run} = start();
    lifecycle.observe({...running, resourceVersion: '12'});
    sink.upsert(ended('uid-of-before'));
    sink.remove(key);
    expect(await run()).toEqual(['PATCH status']);
  });

  it('and is missing in a new list is gone', async () => {
    const {sink, run} = start();
    sink.upsert(ended());
    const other = {...ended('other'), key: 'default/other' as RequestKey, name: 'other'};
    sink.replace([other]);
    expect(await run()).toEqual(['DELETE other']);
  });
});
