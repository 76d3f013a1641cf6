import {setImmediate} from 'node:timers/promises';
import {expect, it} from 'vitest';
import type {RequestRecord} from '../../src/api/records.ts';
import type {ApiCall, ApiReply, Transport} from '../../src/kube/transport.ts';
import {silentLog} from '../../src/lib/log.ts';
import {seededRandom} from '../../src/lib/random.ts';
import {Lifecycle} from '../../src/lifecycle/lifecycle.ts';
import {keyOf} from '../queue/rig.ts';
import {makeRecord, placedOn} from './builders.ts';

const count = 1_000;
const never = () => {
  throw new Error('nobody expected this call');
};

const named = (name: string, changes: Partial<RequestRecord> = {}) =>
  makeRecord({name, key: keyOf(name), uid: name, ...changes});

/** No worker is there: what is placed is unbound, which takes one write. */
function startLifecycle({
  send = never,
  ...options
}: {send?: Transport['send']} & {
  concurrency: number;
  nowMs: () => number;
  monotonicMs: () => number;
}) {
  const {concurrency, nowMs, monotonicMs} = options;
  const lifecycle = new Lifecycle({
    transport: {send, watch: never, close: async () => {}},
    worker: () => undefined,
    health: {lost: () => new Set()},
    onStep: () => {},
    clock: {nowMs, monotonicMs, setTimer: () => () => {}},
    random: seededRandom(1),
    log: silentLog,
    limits: {concurrency, baseMs: 1, maxMs: 1},
  });
  const stop = new AbortController();
  return {
    lifecycle,
    run: () => {
      const running = lifecycle.run(stop.signal);
      return async () => {
        stop.abort();
        await running;
      };
    },
  };
}

it('the event loop has its turn while a new leader looks at many requests', async () => {
  let [looked, workedMs] = [0, 0];
  const {lifecycle, run} = startLifecycle({
    concurrency: 8,
    // Asked once a request that is looked at, and each look takes a millisecond.
    nowMs: () => looked++,
    monotonicMs: () => workedMs++,
  });
  for (let index = 0; index < count; index++) lifecycle.observe(named(`r-${index}`));
  const end = run();
  let mostInATurn = 0;
  for (let before = 0; looked < count; before = looked) {
    await setImmediate();
    expect(looked).toBeGreaterThan(before);
    mostInATurn = Math.max(mostInATurn, looked - before);
  }
  expect(mostInATurn).toBeLessThan(count / 10);
  await end();
});

it('a request that changed during its step waits for no longer step of another one', async () => {
  const sent: {readonly path: string; readonly answer: () => void}[] = [];
  const send = <T>({path}: ApiCall) =>
    new Promise<ApiReply<T>>((resolve) => {
      sent.push({path, answer: () => resolve({status: 200, body: {} as T})});
    });
  const {lifecycle, run} = startLifecycle({
    ...{send, concurrency: 2, nowMs: () => 0, monotonicMs: () => 0},
  });
  const end = run();
  lifecycle.observe(named('slow-1', placedOn('gone')));
  await setImmediate();
  // Marked before the other one, and passed as it is busy.
  lifecycle.observe(named('slow-1', {...placedOn('gone'), resourceVersion: '8'}));
  lifecycle.observe(named('slow-2', placedOn('gone')));
  await setImmediate();
  const names = () => sent.map(({path}) => path.split('/').at(-2));
  expect(names()).toEqual(['slow-1', 'slow-2']);
  sent[0]!.answer();
  await setImmediate();
  expect(names()).toEqual(['slow-1', 'slow-2', 'slow-1']);
  for (const {answer} of sent) answer();
  await end();
});
