import {describe, expect, it} from 'vitest';
import {share, ticksUpTo, wholeTicksUpTo} from '../../../src/cli/perf/html/axis.ts';
import {markup} from '../../../src/cli/perf/html/markup.ts';
import {perfPage} from '../../../src/cli/perf/html/page.ts';
import {makeBurst, makePerf} from './figures.ts';
import {pages} from './pages.ts';

describe('markup', () => {
  it('escapes its parts in text and in attributes, unless they are markup themselves', () => {
    const inner = markup`<b title="${`"'`}">${'<i>&'}</b>`;
    expect(markup`${inner}${[inner, '<']}${undefined}${0}`.text).toBe(
      '<b title="&quot;&#39;">&lt;i&gt;&amp;</b><b title="&quot;&#39;">&lt;i&gt;&amp;</b>&lt;0',
    );
  });
});

describe('ticks', () => {
  it.each([
    [400, [0, 100, 200, 300, 400]],
    [401, [0, 200, 400, 600]],
    [12_345.6, [0, 5_000, 10_000, 15_000]],
    [9.5, [0, 2.5, 5, 7.5, 10]],
    [0.3, [0, 0.1, 0.2, 0.3]],
    [0, [0]],
  ])('up to %d are round and reach it', (most, wanted) => {
    expect(ticksUpTo(most)).toEqual(wanted);
  });

  it.each([
    [1, [0, 1]],
    [5, [0, 2, 4, 6]],
    [9.5, [0, 5, 10]],
    [1_000, [0, 500, 1_000]],
  ])('of counts up to %d have no halves', (most, wanted) => {
    expect(wholeTicksUpTo(most)).toEqual(wanted);
  });

  it('are placed by shares of the width, of nothing at 0', () => {
    expect([share(1, 3), share(4, 4), share(5, 0)]).toEqual(['33.333%', '100%', '0%']);
  });
});

describe('the page of a measurement', () => {
  it('has everything that the report has, and asks for nothing else', () => {
    const page = perfPage(makePerf());
    for (const part of [
      /<p class="headline">1\.25 /,
      /times the floor, in 400\.0 ms: a bare client needs 320\.0 ms/,
      /<text[^>]*>40<\/text>\s*<text[^>]*>60<\/text>/,
      /batch of 60, ledger commit: 15\.0 ms/,
      /p50: 90\.0 ms/,
      /72 to 80 ms: 12</,
      /worker-20: 5</,
      /an equal share: 5</,
      /<th scope="row">lock acquisitions<\/th><td class="number">100<\/td><td class="number">2</,
      /<th scope="row">ledger commit<\/th><td class="number">30\.0\u00a0ms</,
      /<dt>berth<\/dt><dd>0\.1\.0<\/dd>/,
    ]) {
      expect(page).toMatch(part);
    }
    expect(page.match(/class="holds"/g)).toHaveLength(10);
    expect(page).not.toMatch(/Diagnosis|Rounds|NaN|undefined|Infinity|src=|href=|url\(|@import/);
  });

  it('draws all rounds in the histogram, and the last one in the timeline', () => {
    const quick = makeBurst({latencies: {stepMs: 4, counts: Array.from({length: 30}, () => 1)}});
    const rounds = [quick, makeBurst()].map((ours) => ({floorMs: 320, ours, old: undefined}));
    const page = perfPage(makePerf({rounds}));
    // Two steps of the quick one are one of the other.
    expect(page).toMatch(/72 to 80 ms: 14</);
    expect(page).toMatch(/median \(least\.\.most\) of 2 rounds/);
    expect(page).toMatch(/Timeline \(last round\)/);
    expect(page).toMatch(/<h2>Rounds<\/h2>/);
    expect(page).not.toMatch(/Old against new/);
  });

  it('is whole where nothing was placed, says why, and takes no name for markup', () => {
    const page = perfPage(pages.broken);
    expect(page).toMatch(/<h2>Diagnosis<\/h2>\s*<p><b>requests that fit nowhere<\/b>: 1 of 100/);
    expect(page).toMatch(/no ratio to the floor, as not all requests were placed/);
    expect(page).toContain('ours-&lt;1&gt;: Unplaceable');
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page).not.toMatch(/<script|NaN|undefined|Infinity/);
  });

  it('says that something else ran where the floors differ, as the report does', () => {
    const round = makePerf().rounds[0]!;
    const rounds = [300, 600].map((floorMs) => ({...round, floorMs}));
    expect(perfPage(makePerf({rounds}))).toMatch(
      /<p class="muted">The slowest floor took 2\.0 times as long as the fastest: something else/,
    );
  });

  it('sums up the distribution over many workers', () => {
    expect(perfPage(pages.large)).toMatch(/1000 workers with 10 each</);
  });
});
