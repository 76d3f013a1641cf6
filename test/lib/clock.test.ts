import {describe, expect, it} from 'vitest';
import {sleep, systemClock} from '../../src/lib/clock.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';

const never = () => new AbortController().signal;

describe('sleep', () => {
  it('ends after its delay and not before', async () => {
    const clock = new VirtualClock();
    let endedMs = -1;
    void sleep(clock, 250, never()).then(() => {
      endedMs = clock.monotonicMs();
    });
    await clock.advance(249);
    expect(endedMs).toBe(-1);
    await clock.advance(1);
    expect(endedMs).toBe(250);
  });

  it.each(['before', 'during'])(
    'ends without an error or a timer when aborted %s it',
    async (when) => {
      const clock = new VirtualClock();
      const stop = new AbortController();
      if (when === 'before') stop.abort();
      const slept = sleep(clock, 250, stop.signal);
      stop.abort();
      await expect(slept).resolves.toBeUndefined();
      expect(clock.pendingTimers).toBe(0);
    },
  );

  it('lets go of its signal, so that a long-lived one does not gather listeners', async () => {
    const clock = new VirtualClock();
    const {signal} = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    const slept = sleep(clock, 1, signal);
    expect(listeners).toBe(1);
    await clock.advance(1);
    await slept;
    expect(listeners).toBe(0);
  });
});

describe('the virtual clock', () => {
  it('fires timers by due time, then by creation, at their own time', async () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    const at = (delayMs: number, name: string) =>
      clock.setTimer(delayMs, () => fired.push(`${name} ${clock.monotonicMs()}`));
    at(20, 'late');
    at(10, 'first');
    at(10, 'second');
    at(-5, 'past');
    await clock.advance(15);
    expect(fired).toEqual(['past 0', 'first 10', 'second 10']);
    expect(clock.pendingTimers).toBe(1);
    expect(clock.monotonicMs()).toBe(15);
  });

  it('fires what is set while it advances, when that is due on the way', async () => {
    const clock = new VirtualClock();
    const fired: number[] = [];
    const again = () => {
      fired.push(clock.monotonicMs());
      clock.setTimer(10, again);
    };
    clock.setTimer(10, again);
    await clock.advance(35);
    expect(fired).toEqual([10, 20, 30]);
  });

  it('lets promises go on between two timers', async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    void sleep(clock, 10, never())
      .then(() => seen.push('slept'))
      .then(() => seen.push('went on'));
    clock.setTimer(11, () => seen.push('next timer'));
    await clock.advance(20);
    expect(seen).toEqual(['slept', 'went on', 'next timer']);
  });

  it('forgets a cancelled timer, and cancelling twice is harmless', async () => {
    const clock = new VirtualClock();
    let fired = 0;
    const cancel = clock.setTimer(10, () => fired++);
    cancel();
    cancel();
    await clock.advance(20);
    expect(fired).toBe(0);
  });

  it('moves wall time with its own, and lets the wall jump alone', async () => {
    const clock = new VirtualClock(1_000_000);
    await clock.advance(500);
    expect(clock.nowMs()).toBe(1_000_500);
    clock.jumpWall(-400_000);
    expect(clock.nowMs()).toBe(600_500);
    expect(clock.monotonicMs()).toBe(500);
  });

  it('goes to the next timer, and says when there is none', async () => {
    const clock = new VirtualClock();
    clock.setTimer(123, () => {});
    expect(await clock.advanceToNextTimer()).toBe(true);
    expect(clock.monotonicMs()).toBe(123);
    expect(await clock.advanceToNextTimer()).toBe(false);
  });
});

describe('the system clock', () => {
  it('fires a timer, after at least its delay, and none that was cancelled', async () => {
    const startMs = systemClock.monotonicMs();
    let cancelled = 0;
    const cancel = systemClock.setTimer(1, () => cancelled++);
    cancel();
    await new Promise<void>((resolve) => {
      systemClock.setTimer(5, resolve);
    });
    // Node's timers count in whole milliseconds of their own.
    expect(systemClock.monotonicMs() - startMs).toBeGreaterThanOrEqual(4);
    expect(cancelled).toBe(0);
    expect(systemClock.nowMs()).toBeGreaterThan(Date.UTC(2025, 0, 1));
  });
});

describe('the clock of the machine', () => {
  it('fires what is due already at once, without a word of Node on stderr', async () => {
    const warned: string[] = [];
    const onWarning = ({name}: Error) => warned.push(name);
    process.on('warning', onWarning);
    await new Promise<void>((resolve) => systemClock.setTimer(-80, resolve));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', onWarning);
    expect(warned).toEqual([]);
  });
});
