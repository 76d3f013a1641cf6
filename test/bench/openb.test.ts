import {describe, expect, it} from 'vitest';
import {type ExpectedPolicy, readExpected} from '../../src/bench/expectedPolicies.ts';
import {type OpenbFigures, type OpenbOptions, runOpenb} from '../../src/bench/openb.ts';
import {BAR_SLACK_POINTS, judgeBar, pointsAbove} from '../../src/bench/openbBar.ts';
import {readNodeList, readPodList} from '../../src/bench/openbLists.ts';
import {openbAsJson, openbReport} from '../../src/bench/openbReport.ts';
import {openbFile, openbMissing, times} from './traces.ts';

/** Of 11,000 decisions, which take a second; machines may be busy. */
const DEADLINE_MS = 60_000;

const list = 'openb_pod_list_default.csv';

function run(options: Pick<OpenbOptions, 'seeds' | 'batches' | 'policies'>): OpenbFigures[] {
  return runOpenb({
    cluster: readNodeList(openbFile('openb_node_list_gpu_node.csv')),
    lists: [{name: list, demands: readPodList(openbFile(list))}],
    progress: () => {},
    ...options,
  });
}

describe.skipIf(openbMissing !== undefined)(
  `the recorded cluster${openbMissing ? ` (${openbMissing})` : ''}`,
  () => {
    it(
      'comes out within 0.2 points of what was published of best fit',
      () => {
        const [figures] = run({seeds: [42, 43, 44], batches: [1], policies: ['bestfit']});
        const published = readExpected(openbFile('expected.csv')).find(
          (one) => one.list === list && one.policy === 'BestFit',
        );
        for (const [at, {mean}] of published!.allocated.entries()) {
          expect(Math.abs(figures!.allocated[at]!.mean - mean)).toBeLessThan(0.2);
        }
      },
      DEADLINE_MS,
    );

    it.each([
      ['with the list known beforehand', 'berth', 32],
      ['with the list learnt on the way', 'berth-unseeded', 512],
    ] as const)(
      'is packed as well as the bar asks, %s',
      (_, policy, batch) => {
        const [figures] = run({seeds: [42], batches: [batch], policies: [policy]});
        const expected = readExpected(openbFile('expected.csv'));
        const [, at100, , at130] = pointsAbove(figures!, expected)!;
        expect(at100).toBeGreaterThanOrEqual(-BAR_SLACK_POINTS);
        expect(at130).toBeGreaterThanOrEqual(-BAR_SLACK_POINTS);
      },
      DEADLINE_MS,
    );
  },
);

function makeFigures(mean: number, options: Partial<OpenbFigures> = {}): OpenbFigures {
  const allocated = [mean - 5, mean, mean, mean + 0.1].map((value) => ({mean: value, sd: 0.1}));
  return {list: 'a.csv', policy: 'berth', batch: 1, seeds: [42, 43], allocated, ...options};
}

function makeExpected(mean: number, options: Partial<ExpectedPolicy> = {}): ExpectedPolicy {
  const {allocated} = makeFigures(mean);
  return {list: 'a.csv', policy: 'FGD', allocated, ...options};
}

describe('the bar', () => {
  const holds = (...args: Parameters<typeof judgeBar>) => judgeBar(...args).map((one) => one.holds);

  it.each([
    ['holds for what equals it', 95, [true, true, true, true]],
    ['does not hold on average for a little less', 94.5, [true, false, true, false]],
    ['does not hold at all for much less', 94.3, [false, false, false, false]],
  ])('%s', (_, mean, verdicts) => {
    expect(holds([makeFigures(mean)], [makeExpected(95)])).toEqual(verdicts);
  });

  it('holds on average where one list makes up for another, each by itself', () => {
    const figures = [makeFigures(94.5), makeFigures(95.5, {list: 'b.csv'})];
    const expected = [makeExpected(95), makeExpected(95, {list: 'b.csv'})];
    expect(holds(figures, expected)).toEqual([true, true, true, true]);
    const sunk = [makeFigures(94.3), makeFigures(95.9, {list: 'b.csv'})];
    expect(holds(sunk, expected)).toEqual([false, true, false, true]);
  });

  it('is set for each batch size', () => {
    const figures = [makeFigures(95), makeFigures(94, {batch: 512})];
    expect(holds(figures, [makeExpected(95)])).toEqual([...times(4, true), ...times(4, false)]);
  });

  it('is not set by nothing, nor for other policies', () => {
    expect(judgeBar([makeFigures(95)], [])).toEqual([]);
    expect(judgeBar([makeFigures(95)], [makeExpected(95, {list: 'b.csv'})])).toEqual([]);
    expect(judgeBar([makeFigures(95, {policy: 'bestfit'})], [makeExpected(95)])).toEqual([]);
  });
});

describe('the report', () => {
  const figures = [makeFigures(95.5), makeFigures(93, {policy: 'bestfit'})];

  it('shows ours beside what was published, and what separates them', () => {
    expect(openbReport(figures, [makeExpected(95)]).join('\n')).toMatchInlineSnapshot(`
      "Allocated GPU in % of the cluster at offered load, mean and sd of 2 seeds (42 43); recounted after each, nothing above capacity

        a.csv                             batch            90           100           110           130
        berth                                 1   90.50 ±0.10   95.50 ±0.10   95.50 ±0.10   95.60 ±0.10
          minus FGD                                     +0.50         +0.50         +0.50         +0.50
        bestfit                               1   88.00 ±0.10   93.00 ±0.10   93.00 ±0.10   93.10 ±0.10
        FGD, published                            90.00 ±0.10   95.00 ±0.10   95.00 ±0.10   95.10 ±0.10
        ✓ at 100 %, batches of 1: every list at least FGD - 0.6: +0.50 points
        ✓ at 100 %, batches of 1: 1 lists on average at least FGD: +0.50 points
        ✓ at 130 %, batches of 1: every list at least FGD - 0.6: +0.50 points
        ✓ at 130 %, batches of 1: 1 lists on average at least FGD: +0.50 points"
    `);
  });

  it('says where nothing was published, and leaves out what does not exist', () => {
    const single = makeFigures(95, {
      seeds: [42],
      allocated: [
        {mean: Number.NaN, sd: Number.NaN},
        ...[95, 95, 95].map((mean) => ({mean, sd: Number.NaN})),
      ],
    });
    const text = openbReport([single], [makeExpected(95, {list: 'b.csv'})]).join('\n');
    expect(text).toMatch(/^ {2}berth +1 +- +95\.00 +95\.00 +95\.00$/m);
    expect(text).toMatch(/^ {2}nothing published about this list$/m);
    expect(text).not.toMatch(/[✓✗]/);
  });

  it('as JSON has the loads as keys', () => {
    expect(JSON.parse(JSON.stringify(openbAsJson(figures, [makeExpected(95)])))).toMatchObject({
      figures: [
        {list: 'a.csv', policy: 'berth', batch: 1, allocatedPercent: {100: {mean: 95.5, sd: 0.1}}},
        {policy: 'bestfit'},
      ],
      published: [{policy: 'FGD', allocatedPercent: {90: {mean: 90}}}],
      bar: [{holds: true}, {holds: true}, {holds: true}, {holds: true}],
    });
  });
});
