import {readFileSync} from 'node:fs';
import {afterEach, describe, expect, it} from 'vitest';
import {BerthProcess, endAll, tempFile} from './berthProcess.ts';

afterEach(endAll);

const small = ['--workers', '4', '--requests', '40', '--max-faults', '5'];

describe('berth simulate', () => {
  it('writes the same trace, to the byte, for the same seed', async () => {
    const traces = [tempFile('trace', ''), tempFile('trace', '')];
    for (const trace of traces) {
      const berth = BerthProcess.start(['simulate', '--seed', '7', ...small, '--trace', trace]);
      expect(await berth.end()).toBe(0);
      expect(berth.stdout).toMatch(
        /^seed 7: \d+ placements .*\n1 seeds, .* 0 seeds found something\n$/,
      );
    }
    const [first, second] = traces.map((path) => readFileSync(path, 'utf8'));
    expect(first!.length).toBeGreaterThan(1_000);
    expect(second).toBe(first);
  });

  it('shares several seeds among processes', async () => {
    const berth = BerthProcess.start(['simulate', '--seeds', '1..3', ...small, '--processes', '2']);
    expect(await berth.end()).toBe(0);
    expect(berth.stdout).toMatch(/^3 seeds, .* 0 seeds found something\n$/);
  });

  it.each([
    [
      'a trace that cannot be written',
      ['--seed', '7', '--trace', 'nowhere/trace'],
      /^berth: Cannot write --trace nowhere\/trace: ENOENT/,
    ],
    [
      'one seed and several',
      ['--seed', '7', '--seeds', '1..3'],
      /'--seeds .*' cannot be used with/,
    ],
    [
      'a trace of several seeds',
      ['--seeds', '1..3', '--trace', 'trace'],
      /'--trace <file>' cannot be used with option '--seeds/,
    ],
  ])('refuses %s', async (_, args, sentence) => {
    const berth = BerthProcess.start(['simulate', ...small, ...args]);
    expect(await berth.end()).toBe(1);
    expect(berth.stderr).toMatch(sentence);
  });
});
