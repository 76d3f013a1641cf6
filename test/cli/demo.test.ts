import {afterEach, describe, expect, it} from 'vitest';
import {BerthProcess, endAll} from './berthProcess.ts';
import {verdictOf} from './verdictOf.ts';

afterEach(endAll);

const demo = async (...args: string[]) => {
  const berth = BerthProcess.start(['demo', ...args]);
  return {exitCode: await berth.end(), stdout: berth.stdout, stderr: berth.stderr};
};

describe('berth demo without a cluster', () => {
  it('places 100 requests on 20 workers, 5 each, and every criterion holds', async () => {
    const {exitCode, stdout, stderr} = await demo();
    expect(stdout).toMatch(/✓ all 100 requests placed: 100/);
    expect(stdout).toMatch(/✓ even distribution: exactly 5 each/);
    expect(stdout).toMatch(/✓ one ledger commit per batch: \d+ for \d+ batches/);
    expect(verdictOf(stdout)).toEqual({count: 7, wrong: [], exitCode});
    // Progress is no part of the report, which may be piped.
    expect(stderr).toMatch(/100 placed\n/);
    expect(stdout).not.toMatch(/\d s\] /);
  });

  it('exits with 1 and says why where not all requests fit', async () => {
    const {exitCode, stdout} = await demo('--workers', '1', '--requests', '41');
    expect(stdout).toMatch(/✗ all 41 requests placed: 40/);
    expect(stdout).toMatch(
      /Waiting \(1\)\n {2}request-\d+: Unplaceable: 0\/1 workers fit: 1 insufficient cpu/,
    );
    expect(exitCode).toBe(1);
  });

  it('prints every figure as JSON', async () => {
    const {exitCode, stdout} = await demo('--json', '--requests', '7', '--workers', '3');
    const figures = JSON.parse(stdout) as {
      latenciesMs: number[];
      distribution: Record<string, number>;
      criteria: {holds: boolean; sentence: string}[];
      summary: {inside: {batchSizes: number[]; phasesMs: Record<string, number>}};
    };
    expect(figures).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
      node: process.version,
      server: 'embedded API server',
      ledger: 'kubernetes',
      requests: 7,
      workers: 3,
      placed: 7,
      acknowledged: 7,
      totalMs: expect.any(Number) as number,
      createsMs: expect.any(Number) as number,
      violations: [],
      waiting: {},
    });
    expect(figures.latenciesMs).toHaveLength(7);
    expect(Object.values(figures.distribution).sort((left, right) => left - right)).toEqual([
      2, 2, 3,
    ]);
    expect(verdictOf(figures.criteria)).toEqual({count: 6, wrong: [], exitCode});
    expect(figures.summary.inside.batchSizes.reduce((sum, size) => sum + size)).toBe(7);
  });

  it('ends at SIGINT with code 130 and one sentence', async () => {
    const berth = BerthProcess.start(['demo', '--requests', '10000', '--workers', '1000']);
    await berth.until('its first requests', () => /creating 10000/.test(berth.stderr));
    berth.signal('SIGINT');
    expect(await berth.end()).toBe(130);
    expect(berth.stderr).toMatch(
      /removing what the demo created\nberth: Cannot finish the demo: ended by SIGINT\n$/,
    );
    expect(berth.stdout).toBe('');
  });
});

describe('the options of berth demo', () => {
  it.each([
    [
      'no request',
      ['--requests', '0'],
      /'--requests <count>' argument '0' is invalid\. wanted a whole number from 1 to 10000/,
    ],
    ['half a request', ['--requests', '0.5'], /wanted a whole number from 1 to 10000/],
    ['a number that is none', ['--requests', '1e2'], /wanted a whole number from 1 to 10000/],
    [
      'too many workers',
      ['--workers', '1001'],
      /'--workers <count>' argument '1001' is invalid\. wanted a whole number from 1 to 1000/,
    ],
    [
      'a context of no kubeconfig',
      ['--context', 'prod'],
      /option '--context <name>' needs '--kubeconfig <file>'/,
    ],
    [
      'a kubeconfig that is missing',
      ['--kubeconfig', 'nowhere.yaml'],
      /^berth: Cannot read the kubeconfig nowhere.yaml: no such file\n$/,
    ],
    [
      'an unknown flag',
      ['--request', '5'],
      /Did you mean --requests\?\)\n\(berth demo --help lists the options\)/,
    ],
  ])('are refused with %s', async (_, args, sentence) => {
    const {exitCode, stdout, stderr} = await demo(...args);
    expect(stderr).toMatch(sentence);
    expect(stdout).toBe('');
    expect(exitCode).toBe(1);
  });
});

describe('the help', () => {
  const help = async (...args: string[]) => {
    const berth = BerthProcess.start(args);
    expect(await berth.end()).toBe(0);
    return berth.stdout;
  };

  it('of berth names its commands', async () => {
    expect(await help('--help')).toMatch(/operator .*Run the operator[\s\S]*demo .*Place requests/);
  });

  it('of berth operator names every setting with its default, and where else it can be set', async () => {
    const text = await help('operator', '--help');
    expect(text).toMatch(/--config <file> /);
    expect(text).toMatch(/--ledger-kind <kubernetes\|redis\|memory> .*\(default: kubernetes\)/);
    expect(text).toMatch(/--batch-max-requests <integer> .*\(default: 512\)/);
    expect(text).toMatch(/BERTH_LEDGER_REDIS_URL/);
    expect(text).toMatch(/printed at start, without secrets/);
  });

  it('of berth demo says what it does to a cluster and what the exit code means', async () => {
    const text = await help('demo', '--help');
    expect(text).toMatch(/--requests <count> .*\(default: 100\)/);
    expect(text).toMatch(/exit code is 0 when every criterion/);
    expect(text).toMatch(/removes everything that it created/);
  });

  it('of a version is the version', async () => {
    expect(await help('--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
