import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {processorMs, processorMsOf} from '../../../e2e/peers/processorTime.ts';

/** Fields 3 to 13 of a running process, then user and system time, then some that follow. */
const after = 'S 1 2 3 0 -1 4194304 101 102 103 104 1250 375 7 8 20 0 19 0 5000';

describe('the processor time of a process', () => {
  it.each([
    ['a plain name', `42 (etcd) ${after}\n`],
    ['a name with blanks and brackets', `42 (a) b (1 2) c) ${after}\n`],
  ])('is the sum of user and system ticks, with %s', (_, stat) => {
    expect(processorMsOf(stat)).toBe(16_250);
  });

  it('is refused where the text is another one', () => {
    expect(() => processorMsOf('42 (etcd) S 1\n')).toThrow(
      'fields 14 and 15 of /proc/PID/stat must be numbers: current value is 42 (etcd) S 1',
    );
  });

  it.runIf(existsSync('/proc/self/stat'))('agrees with what Node says of itself', () => {
    // Between both readings of Node's own; a tick is 10 ms.
    const ownMs = () => {
      const {user, system} = process.cpuUsage();
      return (user + system) / 1_000;
    };
    while (ownMs() < 200);
    const before = ownMs();
    const read = processorMs(process.pid);
    expect(read).toBeGreaterThan(before - 25);
    expect(read).toBeLessThan(ownMs() + 25);
  });

  it('says which process is not there', async () => {
    const child = spawn(process.execPath, ['--version'], {stdio: 'ignore'});
    await new Promise((resolve) => child.once('close', resolve));
    expect(() => processorMs(child.pid!)).toThrow(`processor time of process ${child.pid}`);
  });
});
