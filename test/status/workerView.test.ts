import {describe, expect, it} from 'vitest';
import {shownText} from '../../src/api/parseWorker.ts';
import type {WorkerRecord} from '../../src/api/records.ts';
import {type ApiCall, type ApiReply, TransportError} from '../../src/kube/transport.ts';
import {silentLog} from '../../src/lib/log.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {type Held, WorkerView} from '../../src/status/workerView.ts';
import {makeWorker} from '../watch/records.ts';

const gib = 2 ** 30;
const nothing: Held = {cpuMillis: 0, memoryBytes: 0, containers: 0, gpuMillis: []};

function createView() {
  const clock = new VirtualClock();
  const calls: ApiCall[] = [];
  const statuses: (number | 'broken')[] = [];
  const workers = new Map<string, WorkerRecord>();
  const held = new Map<string, Held>();
  let isBusy = false;
  const view = new WorkerView({
    transport: {
      async send<T>(call: ApiCall): Promise<ApiReply<T>> {
        calls.push(call);
        const status = statuses.shift() ?? 200;
        if (status === 'broken') throw new TransportError('connection reset');
        return {status, body: {} as T};
      },
      watch: () => Promise.reject(new Error('Cannot watch')),
      close: async () => {},
    },
    worker: (name) => workers.get(name),
    held: (name) => held.get(name) ?? nothing,
    isBusy: () => isBusy,
    clock,
    log: silentLog,
    intervalMs: 1_000,
  });
  for (const name of ['w-1', 'w-2']) workers.set(name, makeWorker({name, uid: `uid-${name}`}));
  const stop = new AbortController();
  const running = view.run(stop.signal);
  const paths = () => calls.map(({path}) => path.split('/').slice(-2)[0]);
  const setBusy = (busy: boolean) => {
    isBusy = busy;
  };
  return {clock, view, calls, paths, statuses, workers, held, stop, running, setBusy};
}

describe('the view of a worker', () => {
  it('is written again for sums that the watch still shows from before the last write', async () => {
    const {clock, view, calls, workers, held} = createView();
    view.changed('w-1');
    await clock.advance(1_000);
    const before = makeWorker({
      name: 'w-1',
      uid: 'uid-w-1',
      shown: shownText((calls[0]!.body as {status: object}).status),
    });
    workers.set('w-1', before);
    held.set('w-1', {...nothing, cpuMillis: 500, containers: 1});
    view.changed('w-1');
    await clock.advance(1_000);
    held.set('w-1', nothing);
    view.changed('w-1');
    await clock.advance(1_000);
    expect(calls.map(({body}) => body)).toEqual([calls[0]!.body, calls[1]!.body, calls[0]!.body]);
    view.changed('w-1');
    await clock.advance(1_000);
    expect(calls).toHaveLength(3);
  });

  it('shows the sums, for the uid that they are of', async () => {
    const {clock, view, calls, workers, held} = createView();
    const capacity = {gpuCount: 2, gpuType: 'A100'};
    workers.set('w-1', makeWorker({name: 'w-1', uid: 'uid-w-1', capacity}));
    held.set('w-1', {
      cpuMillis: 1_500,
      memoryBytes: 2 * gib,
      containers: 3,
      gpuMillis: [1_000, 250],
    });
    view.changed('w-1');
    await clock.advance(1_000);
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({
      method: 'PATCH',
      path: '/apis/berth.dev/v1alpha1/workers/w-1/status',
      contentType: 'application/merge-patch+json',
      body: {
        metadata: {uid: 'uid-w-1', resourceVersion: '1'},
        status: {
          allocated: {cpu: '1500m', memory: '2Gi', gpuMillis: 1_250},
          free: {cpu: '2500m', memory: '6Gi', gpuMillis: 750},
          containers: 3,
        },
      },
    });
  });

  it('of an overcommitted worker has nothing free, and nothing below', async () => {
    const {clock, view, calls, held} = createView();
    held.set('w-1', {cpuMillis: 9_000, memoryBytes: 100 * gib, containers: 300, gpuMillis: []});
    view.changed('w-1');
    await clock.advance(1_000);
    expect(calls[0]!.body).toMatchObject({status: {free: {cpu: '0', memory: '0'}}});
  });

  it('is written once an interval, however often it changes', async () => {
    const {clock, view, held, paths} = createView();
    for (let containers = 1; containers <= 50; containers++) {
      held.set('w-1', {...nothing, containers});
      view.changed('w-1');
      await clock.advance(50);
    }
    await clock.advance(1_000);
    expect(paths()).toEqual(['w-1', 'w-1', 'w-1']);
  });

  it('that is shown already is not written, and a worker that is gone is none', async () => {
    const {clock, view, workers, held, calls} = createView();
    view.changed('w-gone');
    const shown = '[["0","0",null],["4","8Gi",null],0]';
    workers.set('w-1', makeWorker({name: 'w-1', shown}));
    view.changed('w-1');
    await clock.advance(1_000);
    expect(calls).toHaveLength(0);
    held.set('w-1', {...nothing, containers: 1});
    view.changed('w-1');
    await clock.advance(1_000);
    expect(calls).toHaveLength(1);
  });

  it('waits while placements are written', async () => {
    const {clock, view, paths, setBusy} = createView();
    setBusy(true);
    view.changed('w-1');
    view.changed('w-2');
    await clock.advance(10_000);
    expect(paths()).toEqual([]);
    setBusy(false);
    await clock.advance(1_000);
    expect(paths()).toEqual(['w-1', 'w-2']);
  });

  it.each([
    ['whose reply is lost is written again', 'broken', 2],
    ['that meets a busy server is written again', 429, 2],
    ['that fails inside the server is written again', 500, 2],
    ['of a worker that somebody else has written meanwhile is written again', 409, 2],
    ['of a worker that is gone is left', 404, 1],
  ] as const)('%s', async (_, status, times) => {
    const {clock, view, statuses, calls} = createView();
    statuses.push(status);
    view.changed('w-1');
    await clock.advance(5_000);
    expect(calls).toHaveLength(times);
  });

  it('that was refused for a newer state is written, though the watch shows it from before', async () => {
    const {clock, view, statuses, calls, workers, held} = createView();
    view.changed('w-1');
    await clock.advance(1_000);
    const {status} = calls[0]!.body as {status: object};
    workers.set('w-1', makeWorker({name: 'w-1', uid: 'uid-w-1', shown: shownText(status)}));
    held.set('w-1', {...nothing, containers: 1});
    view.changed('w-1');
    await clock.advance(1_000);
    held.set('w-1', nothing);
    statuses.push(409);
    view.changed('w-1');
    await clock.advance(5_000);
    expect(calls).toHaveLength(4);
    expect(calls[3]!.body).toEqual(calls[0]!.body);
  });

  it('is written no more once stopped', async () => {
    const {clock, view, calls, stop, running} = createView();
    view.changed('w-1');
    stop.abort();
    await running;
    await clock.advance(5_000);
    expect(calls).toHaveLength(0);
  });
});
