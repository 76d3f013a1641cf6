import {execFileSync} from 'node:child_process';
import {cpSync, existsSync, mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {BerthProcess, endAll} from './berthProcess.ts';
import {verdictOf} from './verdictOf.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

afterAll(endAll);

describe('the bundle, in a folder with nothing else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-bundle-'));
  const entry = join(folder, 'berth.js');
  const run = async (...args: string[]) => {
    const berth = BerthProcess.start(args, {entry, cwd: folder});
    return {exitCode: await berth.end(), berth};
  };

  beforeAll(() => {
    execFileSync(process.execPath, [join(root, 'src/cli/bundle.ts'), '--out', folder]);
    // As the image has it: what says that .js files here are ES modules, and nothing else.
    cpSync(join(root, 'package.json'), join(folder, 'package.json'));
    expect(existsSync(join(folder, 'node_modules'))).toBe(false);
  }, 60_000);

  it('knows its version', async () => {
    const {exitCode, berth} = await run('--version');
    expect(berth.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(exitCode).toBe(0);
  });

  it('lists the settings of the operator', async () => {
    expect((await run('operator', '--help')).berth.stdout).toMatch(/--ledger-redis-url/);
  });

  it('runs the demo, with the CRDs beside it', async () => {
    const {exitCode, berth} = await run('demo');
    expect(berth.output).toMatch(/✓ all 100 requests placed: 100/);
    expect(verdictOf(berth.stdout)).toEqual({count: 7, wrong: [], exitCode});
  });

  it('starts an operator with the Redis ledger, with the Lua scripts beside it', async () => {
    const berth = BerthProcess.operator(['--ledger-kind', 'redis'], {entry, cwd: folder});
    expect(await berth.end()).toBe(1);
    expect(berth.stderr).toMatch(/^berth: Cannot find an API server as there is no kubeconfig/);
    expect(existsSync(join(folder, 'lua/commit.lua'))).toBe(true);
  });
});
