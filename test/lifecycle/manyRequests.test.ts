import {setImmediate} from 'node:timers/promises';
import {expect, it} from 'vitest';
import type {RequestKey} from '../../src/api/records.ts';
import {silentLog} from '../../src/lib/log.ts';
import {seededRandom} from '../../src/lib/random.ts';
import {Lifecycle} from '../../src/lifecycle/lifecycle.ts';
import {makeRecord} from './builders.ts';

const count = 1_000;

it('the event loop has its turn while a new leader looks at many requests', async () => {
  let [looked, workedMs] = [0, 0];
  const clock = {
    // Asked once a request that is looked at, and each look takes a millisecond.
    nowMs: () => looked++,
    monotonicMs: () => workedMs++,
    setTimer: () => () => {},
  };
  const lifecycle = new Lifecycle({
    transport: {send: never, watch: never, close: async () => {}},
    worker: () => undefined,
    health: {lost: () => new Set()},
    onStep: never,
    clock,
    random: seededRandom(1),
    log: silentLog,
    limits: {concurrency: 8, baseMs: 1, maxMs: 1},
  });
  for (let index = 0; index < count; index++) {
    lifecycle.observe(
      makeRecord({key: `default/r-${index}` as string as RequestKey, uid: `uid-${index}`}),
    );
  }
  const stop = new AbortController();
  const running = lifecycle.run(stop.signal);
  let mostInATurn = 0;
  for (let before = 0; looked < count; before = looked) {
    await setImmediate();
    expect(looked).toBeGreaterThan(before);
    mostInATurn = Math.max(mostInATurn, looked - before);
  }
  expect(mostInATurn).toBeLessThan(count / 10);
  stop.abort();
  await running;
});

function never(): never {
  throw new Error('a waiting request has no next step');
}
