import {describe, expect, it} from 'vitest';
import type {Identity, RequestKey} from '../../src/api/records.ts';
import type {ApiCall, Transport} from '../../src/kube/transport.ts';
import {TransportError} from '../../src/kube/transport.ts';
import {silentLog} from '../../src/lib/log.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {EventRecorder, type RequestEvent} from '../../src/observe/eventRecorder.ts';

interface WrittenEvent {
  readonly metadata: {readonly name: string; readonly namespace: string};
  readonly reason: string;
  readonly note: string;
}

function createRecorder({maxWaiting = 100, answer = async () => 201} = {}) {
  const clock = new VirtualClock();
  const calls: ApiCall[] = [];
  const fates: string[] = [];
  let isBusy = false;
  const transport: Pick<Transport, 'send'> = {
    async send<T>(call: ApiCall) {
      calls.push(call);
      return {status: await answer(), body: {} as T};
    },
  };
  const recorder = new EventRecorder({
    transport: {...transport, watch: () => Promise.reject(new Error()), close: async () => {}},
    clock,
    log: silentLog,
    onFate: (fate) => fates.push(fate),
    isBusy: () => isBusy,
    instance: 'replica-0',
    limits: {perSecond: 10, normalPerSecond: 2, burst: 5, maxWaiting},
  });
  const stop = new AbortController();
  const written = () => calls.map(({body}) => body as WrittenEvent);
  const setBusy = (busy: boolean) => {
    isBusy = busy;
  };
  return {clock, recorder, calls, written, fates, stop, setBusy};
}

const about = (name = 'r-1'): Identity => ({
  key: `default/${name}` as RequestKey,
  namespace: 'default',
  name,
  uid: `uid-${name}`,
  resourceVersion: '7',
  generation: 1,
});
const event = (note: string, type: RequestEvent['type'] = 'Warning'): RequestEvent => ({
  type,
  reason: 'Unplaceable',
  action: 'Placing',
  note,
});

describe('the event recorder', () => {
  it('writes an Event that the API server takes, about the request', async () => {
    const {clock, recorder, calls, fates, stop} = createRecorder();
    void recorder.run(stop.signal);
    recorder.record(about('r-1'), event('0/3 workers fit'));
    await clock.advance(0);
    expect(calls[0]).toMatchObject({
      method: 'POST',
      path: '/apis/events.k8s.io/v1/namespaces/default/events',
      body: {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: {namespace: 'default'},
        eventTime: '2026-01-01T00:00:00.000000Z',
        reportingController: 'berth.dev/operator',
        reportingInstance: 'replica-0',
        action: 'Placing',
        reason: 'Unplaceable',
        type: 'Warning',
        note: '0/3 workers fit',
        regarding: {kind: 'ContainerRequest', namespace: 'default', name: 'r-1', uid: 'uid-r-1'},
      },
    });
    expect(fates).toEqual(['written']);
  });

  it('keeps names apart and short enough, and notes within what the API takes', async () => {
    const {clock, recorder, written, stop} = createRecorder();
    void recorder.run(stop.signal);
    for (const note of ['a', 'b', 'n'.repeat(5_000)]) {
      recorder.record(about('r'.repeat(253)), event(note));
    }
    await clock.advance(0);
    const names = written().map(({metadata}) => metadata.name);
    expect(new Set(names).size).toBe(3);
    expect(Math.max(...names.map(({length}) => length))).toBeLessThanOrEqual(253);
    expect(written()[2]!.note).toHaveLength(1024);
  });

  it('writes a burst at once, and then no more than its budget a second', async () => {
    const {clock, recorder, calls, stop} = createRecorder();
    void recorder.run(stop.signal);
    for (let index = 0; index < 50; index++) recorder.record(about(`r-${index}`), event('no'));
    await clock.advance(0);
    expect(calls).toHaveLength(5);
    await clock.advance(2_000);
    expect(calls.length).toBeGreaterThanOrEqual(23);
    expect(calls.length).toBeLessThanOrEqual(25);
  });

  it('waits while placements are written', async () => {
    const {clock, recorder, calls, stop, setBusy} = createRecorder();
    void recorder.run(stop.signal);
    setBusy(true);
    recorder.record(about(), event('no'));
    await clock.advance(5_000);
    expect(calls).toHaveLength(0);
    setBusy(false);
    await clock.advance(50);
    expect(calls).toHaveLength(1);
  });

  it('drops what is too much, good news before bad news, and counts it', async () => {
    const {clock, recorder, written, fates, stop} = createRecorder({maxWaiting: 2});
    recorder.record(about('good'), event('runs', 'Normal'));
    recorder.record(about('bad-1'), event('no'));
    recorder.record(about('bad-2'), event('no'));
    recorder.record(about('bad-3'), event('no'));
    recorder.record(about('late'), event('runs', 'Normal'));
    expect(fates).toEqual(['dropped', 'dropped', 'dropped']);
    void recorder.run(stop.signal);
    await clock.advance(0);
    expect(written().map(({metadata}) => metadata.name.split('.')[0])).toEqual(['bad-1', 'bad-2']);
  });

  it('counts what the server refuses or never answers as failed, and goes on', async () => {
    let count = 0;
    const answer = async () => {
      if (count++ === 0) return 403;
      if (count === 2) throw new TransportError('connection reset');
      return 201;
    };
    const {clock, recorder, fates, stop} = createRecorder({answer});
    void recorder.run(stop.signal);
    for (const name of ['a', 'b', 'c']) recorder.record(about(name), event('no'));
    await clock.advance(0);
    expect(fates).toEqual(['failed', 'failed', 'written']);
  });

  it('writes nothing more once stopped', async () => {
    const {clock, recorder, calls, stop} = createRecorder();
    const running = recorder.run(stop.signal);
    stop.abort();
    await running;
    recorder.record(about(), event('no'));
    await clock.advance(1_000);
    expect(calls).toHaveLength(0);
  });
});
