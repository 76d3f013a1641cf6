import {existsSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {coreTimeFrom, coreTimeOf} from '../../e2e/coreTime.ts';

describe('how a process came by its core', () => {
  it('is told in milliseconds', () => {
    expect(coreTimeFrom('2500000 750000 12\n')).toEqual({ranMs: 2.5, waitedMs: 0.75});
  });

  it.each(['', '2500000\n', 'cpu 1 2\n'])('is refused where the text is %j', (text) => {
    expect(() => coreTimeFrom(text)).toThrow('fields 1 and 2 of schedstat must be');
  });

  it.runIf(existsSync('/proc/self/schedstat'))('grows while this thread computes', async () => {
    const before = await coreTimeOf(process.pid);
    const cpuMs = () => process.cpuUsage().user / 1_000;
    for (const startMs = cpuMs(); cpuMs() - startMs < 50; );
    const after = await coreTimeOf(process.pid);
    expect(after.ranMs).toBeGreaterThan(before.ranMs);
  });
});
