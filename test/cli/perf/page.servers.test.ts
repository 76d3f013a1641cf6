import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {afterAll, expect, it} from 'vitest';
import {perfPage} from '../../../src/cli/perf/html/page.ts';
import {Browser} from '../../servers/browser.ts';
import {describeWithServers} from '../../servers/requireServers.ts';
import {makeTempFolder} from '../../servers/tempFolder.ts';
import {lookAtPage, type PageFindings} from './pageFindings.ts';
import {pages} from './pages.ts';

const schemes = ['light', 'dark'] as const;
const widthsPx = [360, 700, 1_400] as const;

describeWithServers('the page of berth perf in a browser', ['browser'], (servers) => {
  const folder = makeTempFolder('pages');
  let browser: Browser | undefined;
  afterAll(() => browser?.close());

  const look = async (html: string, widthPx: number, scheme: 'light' | 'dark', name = 'page') => {
    browser ??= new Browser(servers.browser.program);
    const file = join(folder, 'page.html');
    writeFileSync(file, html);
    const url = pathToFileURL(file).href;
    const seen = await browser.view<PageFindings>({url, widthPx, scheme, evaluate: lookAtPage});
    // A folder for what the eye must judge: BERTH_SCREENSHOTS=DIR.
    const kept = process.env['BERTH_SCREENSHOTS'];
    if (kept !== undefined) {
      mkdirSync(kept, {recursive: true});
      writeFileSync(join(kept, `${name}-${widthPx}-${scheme}.png`), seen.screenshotPng);
    }
    return seen;
  };

  const views = Object.entries(pages).flatMap(([name, figures]) =>
    schemes.flatMap((scheme) => widthsPx.map((widthPx) => ({name, figures, scheme, widthPx}))),
  );
  it.each(views)(
    'can be read: $name, $scheme, $widthPx px',
    async ({name, figures, scheme, widthPx}) => {
      const {value, errors, requests} = await look(perfPage(figures), widthPx, scheme, name);
      expect({errors, requests}).toEqual({errors: [], requests: []});
      const {charts, ...faults} = value;
      expect(faults).toEqual({overflowing: [], overlapping: [], pale: []});
      expect(charts).toHaveLength(3);
      for (const chart of charts) {
        expect(chart.label).not.toBe('');
        expect(chart.widthPx).toBeGreaterThan(250);
        expect(chart.heightPx).toBeGreaterThan(150);
        if (figures.rounds.at(-1)!.ours.placed > 0) expect(chart.marks).toBeGreaterThan(0);
      }
    },
  );

  /** Each look must see what it looks for. */
  const defects: readonly [what: string, from: string, to: string, seen: RegExp][] = [
    ['a picture from elsewhere', '<main>', '<main><img src="file:///none.png" alt="x">', /errors/],
    ['a script that fails', '<main>', '<main><script>throw new Error()</script>', /errors/],
    [
      'text that is too wide',
      '<main>',
      '<main><p style="white-space:nowrap">a sentence that has no room at all on a telephone, whatever it says</p>',
      /overflowing.*\(the page\)/,
    ],
    ['pale text', '--muted: #57606a', '--muted: #999', /"pale":\["/],
    ['text on text', 'x="-44" y="68"', 'x="-44" y="10"', /overlapping":\["creates \| cycles/],
    ['text on a mark', 'x="-44" y="68"', 'x="-44" y="36"', /overlapping":\["cycles[^"]* \| a mark/],
  ];
  it.each(defects)('would not be passed with %s', async (_, from, to, seen) => {
    const html = perfPage(pages.usual);
    expect(html).toContain(from);
    const {value, errors, requests} = await look(html.replace(from, to), 360, 'light', 'defect');
    const {overflowing, overlapping, pale} = value;
    const found = {overflowing, overlapping, pale, requests, ...(errors[0] && {errors})};
    expect(JSON.stringify(found)).toMatch(seen);
  });
});
