import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterEach, describe, expect, it} from 'vitest';
import type {BurstFigures} from '../../src/cli/perf/figures.ts';
import {makeTempFolder} from '../servers/tempFolder.ts';
import {BerthProcess, endAll} from './berthProcess.ts';

afterEach(endAll);

const perf = async (...args: string[]) => {
  const berth = BerthProcess.start(['perf', ...args]);
  return {exitCode: await berth.end(), stdout: berth.stdout, stderr: berth.stderr};
};

interface Figures {
  readonly criteria: readonly {readonly holds: boolean; readonly sentence: string}[];
  readonly rounds: readonly {
    readonly floorMs: number;
    readonly ours: BurstFigures;
    readonly old: BurstFigures;
  }[];
}

describe('berth perf without a cluster', () => {
  it('says in its first line that the server is no real one, and every criterion holds', async () => {
    const file = join(makeTempFolder('page'), 'perf.html');
    const {exitCode, stdout, stderr} = await perf('--html', file);
    expect(stdout.trimStart()).toMatch(/^On the embedded API server, in this process: no network/);
    expect(stdout).toMatch(/✓ all 100 requests placed: 100/);
    expect(stdout).toMatch(/✓ even distribution: exactly 5 each/);
    expect(stdout).not.toMatch(/✗|NaN|undefined/);
    expect(exitCode).toBe(0);
    const page = readFileSync(file, 'utf8');
    expect(page).toMatch(/^<!doctype html>/);
    expect(page.match(/✓/g)).toHaveLength(stdout.match(/✓/g)!.length);
    expect(page).not.toMatch(/✗|NaN|undefined|Infinity/);
    expect(stderr).toMatch(/removing what the measurement created\n$/);
  }, 60_000);

  it('measures the floor, this operator and the old way in each round', async () => {
    const size = ['--requests', '30', '--workers', '5', '--repeat', '2', '--json'];
    const {stdout} = await perf(...size);
    const {rounds, criteria} = JSON.parse(stdout) as Figures;
    expect(rounds).toHaveLength(2);
    expect(criteria.filter(({sentence}) => !/^(total|decision|phases)/.test(sentence))).toEqual(
      criteria
        .filter(({sentence}) => !/^(total|decision|phases)/.test(sentence))
        .map(({sentence}) => ({holds: true, sentence})),
    );
    for (const {floorMs, ours, old} of rounds) {
      expect(floorMs).toBeGreaterThan(0);
      const batches = ours.batchSizes.length;
      expect(ours).toMatchObject({
        ...{placed: 30, cacheHits: 30, cacheMisses: 1, violations: []},
        outside: {commits: batches, lockCalls: 0, statusPatches: 30, workerLists: 0},
      });
      expect(ours.locks).toBeUndefined();
      // A lock is taken and given back: two calls.
      expect(old).toMatchObject({
        ...{placed: 30, cacheHits: 0, cacheMisses: 31, locks: 30, violations: []},
        outside: {commits: 30, lockCalls: 60, statusPatches: 30, workerLists: 30},
      });
      expect(old.batchSizes).toEqual(Array.from({length: 30}, () => 1));
    }
  }, 60_000);

  it('exits with 1 and says why where not all requests fit', async () => {
    const {exitCode, stdout} = await perf('--workers', '1', '--requests', '41', '--no-old');
    expect(stdout).toMatch(/✗ all 41 requests placed: 40/);
    expect(stdout).toMatch(/\nDiagnosis\n {2}requests that fit nowhere: 1 of 41 /);
    expect(stdout).toMatch(/waits: Unplaceable: 0\/1 workers fit: 1 insufficient cpu/);
    expect(stdout).not.toMatch(/Old against new|NaN|undefined/);
    expect(exitCode).toBe(1);
  }, 60_000);

  it('ends at SIGINT with code 130 and one sentence', async () => {
    const berth = BerthProcess.start(['perf', '--repeat', '100']);
    await berth.until('its first round', () => /round 1 of 100: this/.test(berth.stderr));
    berth.signal('SIGINT');
    expect(await berth.end()).toBe(130);
    expect(berth.stderr).toMatch(
      /removing what the measurement created\nberth: Cannot finish the measurement: ended by SIGINT\n$/,
    );
    expect(berth.stdout).toBe('');
  });
});

describe('the options of berth perf', () => {
  it.each([
    ['no round', ['--repeat', '0'], /'--repeat <count>' argument '0' is invalid\. wanted a whole/],
    ['another ledger', ['--ledger', 'etcd'], /Allowed choices are kubernetes, redis, memory/],
    [
      'a page in a folder that is not there',
      ['--html', '/none/perf.html'],
      /^berth: Cannot write --html \/none\/perf\.html as its folder must exist and be writable: ENOENT.*\n$/,
    ],
    [
      'a page that is a folder',
      ['--html', '/'],
      /^berth: Cannot write --html \/ as it must be a file/,
    ],
    [
      'a Redis that no ledger is in',
      ['--redis-url', 'redis://127.0.0.1:1'],
      /'--redis-url <url>' needs '--ledger redis': current value is 'kubernetes'/,
    ],
    [
      'an address that is none of Redis, without repeating it',
      ['--ledger', 'redis', '--redis-url', 'http://u:secret@host'],
      /^berth: Cannot use --redis-url as it must be redis:\S+ or \S+: current value begins with http:\n$/,
    ],
    [
      'a Redis that does not answer',
      ['--ledger', 'redis', '--redis-url', 'redis://u:secret@127.0.0.1:1'],
      /^berth: Cannot ask Redis at 127\.0\.0\.1:1 for its version: .*; start it, or name another by --redis-url\n$/,
    ],
    [
      'a context of no kubeconfig',
      ['--context', 'prod'],
      /option '--context <name>' needs '--kubeconfig <file>'/,
    ],
  ])('are refused with %s', async (_, args, sentence) => {
    const {exitCode, stdout, stderr} = await perf(...args);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toContain('secret');
    expect(stdout).toBe('');
    expect(exitCode).toBe(1);
  });
});
