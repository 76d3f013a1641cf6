import {expect, it} from 'vitest';
import {openLoop} from '../../../../src/cli/burst/openLoop.ts';
import {VirtualClock} from '../../../../src/lib/virtualClock.ts';
import {withLateTimers} from './lateTimers.ts';

const never = new AbortController().signal;

async function begun(lateMs: number, ratePerSecond = 100, count = 20) {
  const clock = new VirtualClock();
  const seen: {index: number; dueMs: number; atMs: number}[] = [];
  let isOver = false;
  const loop = openLoop(
    {
      ...{clock: withLateTimers(clock, lateMs), ratePerSecond, count},
      begin: (index, dueMs) => seen.push({index, dueMs, atMs: clock.monotonicMs()}),
    },
    never,
  ).then(() => {
    isOver = true;
  });
  await clock.run(() => isOver);
  await loop;
  return seen;
}

it('begins each at its due time where nothing keeps it', async () => {
  const due = Array.from({length: 20}, (_, index) => ({
    index,
    dueMs: index * 10,
    atMs: index * 10,
  }));
  expect(await begun(0)).toEqual(due);
});

it('gives each its own due time where the process is late, and leaves none out', async () => {
  const seen = await begun(50);
  expect(seen.map(({dueMs}) => dueMs)).toEqual(Array.from({length: 20}, (_, index) => index * 10));
  // What has become due meanwhile begins at once, so that the rate is kept.
  expect(seen.map(({atMs}) => atMs)).toEqual([
    0,
    ...Array(6).fill(60),
    ...Array(6).fill(120),
    ...Array(6).fill(180),
    240,
  ]);
});

it('does not drift where the time between two is no whole number', async () => {
  const seen = await begun(0, 300, 301);
  expect(seen.at(-1)!.dueMs).toBe(1_000);
});

it('ends when it is aborted', async () => {
  const clock = new VirtualClock();
  const abort = new AbortController();
  let count = 0;
  const begin = () => {
    if (++count === 5) abort.abort();
  };
  const loop = openLoop({clock, ratePerSecond: 100, count: 1_000, begin}, abort.signal);
  await clock.advance(1_000);
  await loop;
  expect(count).toBe(5);
});
