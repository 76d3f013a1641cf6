import {describe, expect, it} from 'vitest';
import {Gate} from '../../src/lib/gate.ts';

/** How many of `waits` are over by now. */
async function ended(waits: readonly Promise<void>[]): Promise<number> {
  let count = 0;
  for (const wait of waits) void wait.then(() => count++);
  await new Promise((resolve) => setImmediate(resolve));
  return count;
}

describe('the gate', () => {
  it('wakes everybody who waits, and nobody who comes later', async () => {
    const gate = new Gate();
    const {signal} = new AbortController();
    const early = [gate.wait(signal), gate.wait(signal)];
    gate.open();
    const late = gate.wait(signal);
    expect(await ended(early)).toBe(2);
    expect(await ended([late])).toBe(0);
  });

  it('wakes one alone, who has waited longest, and the next at the next time', async () => {
    const gate = new Gate();
    const {signal} = new AbortController();
    const [first, second] = [gate.wait(signal), gate.wait(signal)];
    gate.openForOne();
    expect(await ended([second])).toBe(0);
    expect(await ended([first])).toBe(1);
    gate.openForOne();
    expect(await ended([second])).toBe(1);
  });

  it('lets an aborted wait end without an error', async () => {
    const gate = new Gate();
    const stop = new AbortController();
    const wait = gate.wait(stop.signal);
    stop.abort();
    expect(await ended([wait, gate.wait(stop.signal)])).toBe(2);
  });
});
