import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterEach, describe, expect, it} from 'vitest';
import type {BurstFigures} from '../../src/cli/perf/figures.ts';
import type {SustainedPerf} from '../../src/cli/perf/sustained/figures.ts';
import {makeTempFolder} from '../servers/tempFolder.ts';
import {BerthProcess, endAll, tempFile} from './berthProcess.ts';
import {verdictOf} from './verdictOf.ts';

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

interface Sustained extends Pick<Figures, 'criteria'> {
  readonly rounds: SustainedPerf['rounds'];
}

describe('berth perf without a cluster', () => {
  it('says in its first line that the server is no real one, and every criterion holds but of speed', async () => {
    const file = join(makeTempFolder('page'), 'perf.html');
    const {exitCode, stdout, stderr} = await perf('--html', file);
    expect(stdout.trimStart()).toMatch(/^On the embedded API server, in this process: no network/);
    expect(stdout).toMatch(/✓ all 100 requests placed: 100/);
    expect(stdout).toMatch(/✓ even distribution: exactly 5 each/);
    expect(stdout).not.toMatch(/NaN|undefined/);
    const verdict = verdictOf(stdout);
    expect(verdict).toMatchObject({count: 10, wrong: [], exitCode});
    const page = readFileSync(file, 'utf8');
    expect(page).toMatch(/^<!doctype html>/);
    const marks = (text: string) => text.match(/[✓✗]/g);
    expect(marks(page)).toEqual(marks(stdout));
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
    expect(stderr).toMatch(/removing what the measurement created\n$/);
  }, 60_000);

  it('measures the floor, this operator and the old way in each round', async () => {
    const size = ['--requests', '30', '--workers', '5', '--repeat', '2', '--json'];
    const {stdout} = await perf(...size);
    const {rounds, criteria} = JSON.parse(stdout) as Figures;
    expect(rounds).toHaveLength(2);
    expect(verdictOf(criteria)).toMatchObject({count: 10, wrong: []});
    for (const {floorMs, ours, old} of rounds) {
      expect(floorMs).toBeGreaterThan(0);
      const batches = ours.batchSizes.length;
      expect(ours).toMatchObject({
        ...{placed: 30, cacheHits: 30, cacheMisses: 1, violations: []},
        outside: {commits: batches, lockCalls: 0, statusWrites: 30, workerLists: 0},
      });
      expect(ours.locks).toBeUndefined();
      // A lock is taken and given back: two calls.
      expect(old).toMatchObject({
        ...{placed: 30, cacheHits: 0, cacheMisses: 31, locks: 30, violations: []},
        outside: {commits: 30, lockCalls: 60, statusWrites: 30, workerLists: 30},
      });
      expect(old.batchSizes).toEqual(Array.from({length: 30}, () => 1));
    }
  }, 60_000);

  it('measures CPU and shares of GPUs in one burst', async () => {
    const {stdout} = await perf('--gpus', '--no-old', '--json');
    const {rounds, criteria} = JSON.parse(stdout) as Figures;
    expect(rounds[0]!.ours).toMatchObject({placed: 100, mix: 'cpu and gpu', violations: []});
    expect(criteria).toContainEqual({
      holds: true,
      sentence: expect.stringMatching(/fewest: exactly 5 each, 2 of 10 Workers with GPUs used$/),
    });
  }, 60_000);

  it('exits with 1 and says why where not all requests fit', async () => {
    const {exitCode, stdout} = await perf('--workers', '1', '--requests', '41', '--no-old');
    expect(stdout).toMatch(/✗ all 41 requests placed: 40/);
    expect(stdout).toMatch(/\nDiagnosis\n {2}requests that fit nowhere: 1 of 41 /);
    expect(stdout).toMatch(/waits: Unplaceable: 0\/1 workers fit: 1 insufficient cpu/);
    expect(stdout).not.toMatch(/Old against new|NaN|undefined/);
    expect(exitCode).toBe(1);
  }, 60_000);

  it('measures each rate beside its floor, with one operator for all', async () => {
    const {stdout, exitCode} = await perf('--rate', '20,40', '--seconds', '1', '--json');
    const {rounds, criteria} = JSON.parse(stdout) as Sustained;
    expect(rounds).toHaveLength(1);
    for (const [index, due] of [20, 40].entries()) {
      const {floor, ours} = rounds[0]![index]!;
      expect(floor).toMatchObject({ratePerSecond: due, due, placed: due});
      expect(ours).toMatchObject({
        ...{ratePerSecond: due, due, placed: due, statusWrites: due, violations: [], waiting: {}},
        placement: {count: due},
      });
      expect(ours.mostHeld).toBeLessThanOrEqual(due);
      expect(ours.loopDelay.p99Ms).toBeGreaterThanOrEqual(0);
    }
    // Of speed nothing can be promised on a machine that runs other tests as well.
    const broken = criteria.filter(({holds}) => !holds).map(({sentence}) => sentence);
    expect(broken.filter((sentence) => !sentence.includes('rate reached'))).toEqual([]);
    expect(exitCode).toBe(broken.length === 0 ? 0 : 1);
  }, 60_000);

  it.each([
    ['cpu', [], '"timeDeltas":'],
    ['heap', ['--rate', '40', '--seconds', '1'], '"selfSize":'],
  ])(
    'writes a %s profile of what it measured last',
    async (kind, size, wanted) => {
      const file = tempFile(`own.${kind}profile`, '');
      const {stdout} = await perf('--no-old', ...size, '--profile', kind, '--profile-out', file);
      expect(stdout).toContain(`\nProfile of what was measured last: ${file}; it was slower`);
      const text = readFileSync(file, 'utf8');
      expect(JSON.parse(text)).toBeTypeOf('object');
      // Nothing of the start of the server is in it, only what it answered.
      const parts = [wanted, '/embedded/endpoint.ts', '/burst/embeddedServer.ts'];
      expect(parts.map((part) => text.includes(part))).toEqual([true, true, false]);
    },
    60_000,
  );

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
      'a user of no Redis',
      ['--redis-username', 'berth'],
      /'--redis-username <name>' needs '--ledger redis': current value is 'kubernetes'/,
    ],
    [
      'a password that cannot be read',
      ['--ledger', 'redis', '--redis-password-file', '/nonexistent/password'],
      /^berth: Cannot read the password or a certificate for Redis: ENOENT.*'\/nonexistent\/password'\n$/,
    ],
    [
      'a Redis that does not answer',
      ['--ledger', 'redis', '--redis-url', 'redis://u:secret@127.0.0.1:1'],
      /^berth: Cannot ask Redis at 127\.0\.0\.1:1 for its version: .*; start it, or name another by --redis-url\n$/,
    ],
    ['a rate that is none', ['--rate', '50,fast'], /'--rate <list>' argument '50,fast' is invalid/],
    [
      'a rate that fills the Workers',
      ['--rate', '50,500', '--workers', '49'],
      /^berth: Cannot create 500 requests a second as they would fill more than half of the Workers: 1000 are there at once, --workers must be at least 50: current value is 49\n$/,
    ],
    [
      'the size of a burst at a fixed rate',
      ['--rate', '50', '--requests', '10'],
      /'--requests <count>' is of bursts: with '--rate <list>' name '--seconds <count>'/,
    ],
    ['a page of a rate', ['--rate', '5', '--html', 'x'], /'--html <file>' is of bursts/],
    ['GPUs of a rate', ['--rate', '5', '--gpus'], /'--gpus' is of bursts/],
    ['a duration of a burst', ['--seconds', '5'], /'--seconds <count>' needs '--rate <list>'/],
    [
      'a file of no profile',
      ['--profile-out', 'x'],
      /'--profile-out <file>' needs '--profile <kind>'/,
    ],
    ['a profile of nothing known', ['--profile', 'disk'], /Allowed choices are cpu, heap/],
    [
      'a profile that cannot be written',
      ['--profile', 'cpu', '--profile-out', '/nonexistent/p'],
      /^berth: Cannot write the profile: ENOENT.*'\/nonexistent'; name another file by --profile-out\n$/,
    ],
    [
      'a server with a password, without repeating it',
      ['--server', 'https://u:secret@10.0.0.1'],
      /^berth: Cannot use --server as it must be http.*: current value has a user or a password\n$/,
    ],
    [
      'a server that does not answer',
      ['--server', 'http://127.0.0.1:1/'],
      /^berth: Cannot reach the API server at http:\/\/127\.0\.0\.1:1: .*; start it, or correct its address\n$/,
    ],
    [
      'two clusters',
      ['--server', 'http://127.0.0.1:1', '--kubeconfig', 'x'],
      /'--server <url>' cannot be used with '--kubeconfig <file>'/,
    ],
    ['a token of no server', ['--token-file', 'x'], /'--token-file <file>' needs '--server <url>'/],
    [
      'an authority of no server',
      ['--certificate-authority', 'x'],
      /'--certificate-authority <file>' needs '--server <url>'/,
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
