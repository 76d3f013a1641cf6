import {afterAll, describe, expect, it} from 'vitest';
import {BerthProcess, endAll, tempFile} from '../cli/berthProcess.ts';

afterAll(endAll);

const nodes = tempFile(
  'nodes.csv',
  ['sn,cpu_milli,memory_mib,gpu,model', ...Array(10).fill('n,96000,1024,1,T4')].join('\n'),
);
const pods = tempFile('pods.csv', 'name,cpu_milli,memory_mib,num_gpu,gpu_milli\np,1000,1,1,1000\n');

async function run(...args: string[]): Promise<{exitCode: number | null; berth: BerthProcess}> {
  const berth = BerthProcess.start(['bench', 'openb', ...args]);
  return {exitCode: await berth.end(), berth};
}

describe('berth bench openb', () => {
  it('prints the figures, and its progress beside them', async () => {
    const {exitCode, berth} = await run(nodes, pods, '--seeds', '1,2', '--batch', '1,4');
    expect(berth.stdout).toMatch(/^ {2}berth +4 +90\.00 ±0\.00 +100\.00 ±0\.00/m);
    expect(berth.stderr).toMatch(/pods\.csv seed 2 berth batch 4: 10 of 13 placed/);
    expect(exitCode).toBe(0);
  });

  it('prints JSON', async () => {
    const {berth} = await run(nodes, pods, '--seeds', '1', '--policy', 'bestfit', '--json');
    expect(JSON.parse(berth.stdout)).toMatchObject({
      figures: [{policy: 'bestfit', batch: 1, allocatedPercent: {130: {mean: 100}}}],
    });
  });

  it('ends with 1 when the bar of the published figures is missed', async () => {
    const loads = [90, 100, 110, 130];
    const header = loads.map((load) => `mean_${load},sd_${load}`).join();
    const cells = loads.map(() => '101,0').join();
    const expected = tempFile('expected.csv', `pod_list,policy,${header}\npods.csv,FGD,${cells}\n`);
    const {exitCode, berth} = await run(nodes, pods, '--seeds', '1', '--expected', expected);
    expect(berth.stdout).toMatch(
      /✗ at 100 %, batches of 1: every list at least FGD - 0\.6: -1\.00/,
    );
    expect(exitCode).toBe(1);
  });

  it.each([
    ['a file that is not there', [nodes, 'no.csv'], /^berth: Cannot read no\.csv: .*ENOENT/],
    ['a seed that is no number', [nodes, pods, '--seeds', '1,x'], /wanted a whole number from 0/],
    ['a batch of none', [nodes, pods, '--batch', '0'], /wanted a whole number from 1 to 100000/],
    [
      'a policy it does not know',
      [nodes, pods, '--policy', 'best'],
      /wanted berth, berth-unseeded or bestfit/,
    ],
    ['no pods', [nodes], /missing required argument 'pods.csv'/],
  ])('refuses %s', async (_, args, message) => {
    const {exitCode, berth} = await run(...args);
    expect(berth.stderr).toMatch(message);
    expect(exitCode).toBe(1);
  });
});
