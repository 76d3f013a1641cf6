import {describe, expect, it} from 'vitest';
import {criteria, failed} from '../../src/cli/demo/criteria.ts';
import type {DemoFigures} from '../../src/cli/demo/figures.ts';
import {figuresAsJson, report} from '../../src/cli/demo/report.ts';
import {distributionOf, makeCycle, makeFigures, makeInside} from './figures.ts';

describe('the criteria of a demo', () => {
  it('all hold for a run in which everything went well', () => {
    expect(failed(makeFigures())).toEqual([]);
    expect(criteria(makeFigures())).toHaveLength(7);
  });

  const equal = Array.from({length: 20}, () => 5);
  const rows: readonly [what: string, figures: Partial<DemoFigures>, sentences: RegExp[]][] = [
    [
      'a request that was not placed',
      {placed: 99, acknowledged: 99, distribution: distributionOf([4, ...equal.slice(1)])},
      [
        /^all 100 requests placed: 99$/,
        /^placed in under 2\.00 s: not all were$/,
        /^even distribution: 4 to 5 each$/,
      ],
    ],
    ['a run that took too long', {totalMs: 2_000}, [/^placed in under 2\.00 s: 2\.00 s$/]],
    [
      'one worker with more than its share',
      {distribution: distributionOf([6, 4, ...equal.slice(2)])},
      [/^even distribution: 4 to 6 each$/],
    ],
    [
      'a worker that was never seen',
      {distribution: distributionOf(equal.slice(1))},
      [/^even distribution: 0 to 5 each$/],
    ],
    [
      'a violation',
      {violations: ['overcommitted at revision 7: worker-1']},
      [/^no worker over capacity.*: 1 violations in 340 revisions$/],
    ],
    ['an auditor that saw nothing', {revisions: 0}, [/0 violations in 0 revisions$/]],
    [
      'an agent that did not answer',
      {acknowledged: 99},
      [/^every placement acknowledged by its agent: 99$/],
    ],
    [
      'two commits for one batch',
      {inside: makeInside({cycles: [makeCycle({batchSize: 100, commits: 2})]})},
      [/^one ledger commit per batch: 2 for 1 batches, 0\.020 per request$/],
    ],
    [
      'a batch without a commit',
      {inside: makeInside({cycles: [makeCycle({batchSize: 100, commits: 0})]})},
      [/^one ledger commit per batch: 0 for 1 batches/],
    ],
    [
      'reads that missed the cache',
      {inside: makeInside({misses: 6})},
      [/^cache hit rate above 95 %.*: 94\.3 %$/],
    ],
    [
      'no cycle at all',
      {inside: makeInside({cycles: []})},
      [/^one ledger commit per batch: 0 for 0 batches/, /^cache hit rate above 95 %.*: 0\.0 %$/],
    ],
    [
      'nothing placed at all',
      {
        placed: 0,
        acknowledged: 0,
        totalMs: undefined,
        latenciesMs: [],
        distribution: distributionOf(equal.map(() => 0)),
      },
      [/^all 100/, /^placed in under/, /^even distribution/],
    ],
  ];
  it.each(rows)('do not hold with %s', (_, figures, sentences) => {
    const wanted = sentences.map((sentence) => expect.stringMatching(sentence) as string);
    expect(failed(makeFigures(figures)).map(({sentence}) => sentence)).toEqual(wanted);
  });

  it('allow a difference of one where the requests do not divide by the workers', () => {
    const counts = [4, 4, 4, 3, 3];
    const figures = {requests: 18, workers: 5, placed: 18, acknowledged: 18, inside: undefined};
    const distribution = distributionOf(counts);
    expect(failed(makeFigures({...figures, distribution}))).toEqual([]);
  });

  it('ask for no hit rate of so few reads that the cold one alone decides it', () => {
    const few = (requests: number) =>
      makeFigures({requests, inside: makeInside({cycles: [makeCycle({batchSize: requests})]})});
    const asksForHits = (figures: DemoFigures) =>
      criteria(figures).some(({sentence}) => sentence.startsWith('cache hit rate'));
    expect(asksForHits(few(19))).toBe(false);
    expect(asksForHits(few(20))).toBe(true);
    expect(failed(few(20)).some(({sentence}) => sentence.startsWith('cache'))).toBe(false);
  });

  it('of the inside are left out where the operator runs elsewhere', () => {
    expect(criteria(makeFigures({inside: undefined}))).toHaveLength(5);
  });
});

describe('the report of a demo', () => {
  const text = (figures: Partial<DemoFigures> = {}) => report(makeFigures(figures)).join('\n');

  it('says every figure', () => {
    expect(text()).toMatch(/100 ContainerRequests on 20 Workers, a server, kubernetes ledger/);
    for (const line of [
      /total: +300\.0 ms/,
      /creates: +100\.0 ms/,
      /p50: +51\.0 ms/,
      /p99: +100\.0 ms/,
      /Phases \(sum over 2 cycles\)/,
      /waiting for a batch: +50\.0 ms/,
      /snapshot: +2\.0 ms/,
      /decision: +4\.0 ms/,
      /assume: +1\.0 ms/,
      /ledger commit: +6\.0 ms/,
      /hand over to the writer: +1\.0 ms/,
      /batches: +2 \(sizes 4, 96\)/,
      /ledger commits: +2 \(0\.020 per request\)/,
      /rejected by the ledger: +0/,
      /100 decisions from memory, 1 cold reads: 99\.0 %/,
      /cache invalidations: +1/,
      /None: +100/,
      /worker-20 +█{30} +5 {2}5\.0 %/,
    ]) {
      expect(text()).toMatch(line);
    }
    expect(text().match(/^ {2}✓ /gm)).toHaveLength(7);
    expect(text()).not.toMatch(/✗|Waiting|Violations|NaN|undefined|Infinity/);
  });

  it('leaves cycles without a batch out of the figures', () => {
    const releases = makeCycle({batchSize: 0, accepted: 0, commits: 1});
    const cycles = [...makeInside().cycles, releases];
    expect(text({inside: makeInside({cycles})})).toBe(text());
  });

  it('says why requests wait, five of them at most, and marks what does not hold', () => {
    const names = ['request-7', 'request-3', 'request-1', 'request-5', 'request-4', 'request-2'];
    const waiting = new Map(names.map((name) => [name, 'Unplaceable: 0/20 workers fit']));
    const lines = text({placed: 94, acknowledged: 94, waiting});
    expect(lines).toMatch(/Waiting \(6\)\n {2}request-1: Unplaceable: 0\/20 workers fit\n/);
    expect(lines.match(/: Unplaceable/g)).toHaveLength(5);
    expect(lines).toMatch(/✗ all 100 requests placed: 94/);
  });

  it('names each violation', () => {
    expect(text({violations: ['overcommitted at revision 7: worker-1']})).toMatch(
      /Violations\n {2}overcommitted at revision 7: worker-1/,
    );
  });

  it('has no figure that is none where nothing was placed', () => {
    const lines = text({placed: 0, totalMs: undefined, latenciesMs: []});
    expect(lines).toMatch(/total: +-/);
    expect(lines).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('is the same in JSON, figure by figure', () => {
    const parsed: unknown = JSON.parse(JSON.stringify(figuresAsJson(makeFigures())));
    expect(parsed).toMatchObject({
      server: 'a server',
      ledger: 'kubernetes',
      requests: 100,
      workers: 20,
      targetMs: 2_000,
      totalMs: 300,
      createsMs: 100,
      placed: 100,
      acknowledged: 100,
      revisions: 340,
      violations: [],
      waiting: {},
      affinityLevels: {None: 100},
      distribution: {'worker-1': 5, 'worker-20': 5},
      summary: {
        createToPlacedP50Ms: 51,
        createToPlacedP99Ms: 100,
        inside: {
          batchSizes: [4, 96],
          commits: 2,
          commitsPerRequest: 0.02,
          rejected: 0,
          phasesMs: {batch: 50, snapshot: 2, place: 4, assume: 1, commit: 6, handOver: 1},
          decisions: 100,
          cacheMisses: 1,
          cacheInvalidations: 1,
          cacheHitRate: 100 / 101,
        },
      },
    });
    expect(parsed).toHaveProperty('criteria.length', 7);
    expect(parsed).toHaveProperty('inside.cycles.length', 2);
    expect(parsed).toHaveProperty('latenciesMs.length', 100);
  });
});
