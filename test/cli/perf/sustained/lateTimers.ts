import type {Clock} from '../../../../src/lib/clock.ts';

/** As timers are in a process whose event loop is busy. */
export function withLateTimers(clock: Clock, lateMs: number): Clock {
  return {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
    setTimer: (delayMs, fire) => clock.setTimer(delayMs + lateMs, fire),
  };
}
