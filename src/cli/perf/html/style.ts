/** Colours of marks hold 3:1, those of text 4.5:1 on the page, in both themes. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --text: #1b1f24; --muted: #57606a; --line: #d0d7de; --axis: #6e7781;
  --good: #116329; --bad: #a40e26;
  --batch: #8a939d; --snapshot: #bf6a02; --place: #c8102e; --assume: #0f7b6c;
  --commit: #7a3fd1; --handOver: #a0408f; --creates: #4d5761; --writes: #0969da;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0d1117; --text: #e6edf3; --muted: #9da7b1; --line: #30363d; --axis: #8b949e;
    --good: #56d364; --bad: #ff8182;
    --batch: #6e7681; --snapshot: #e3b341; --place: #ff7b72; --assume: #39c5a8;
    --commit: #b392f0; --handOver: #f2a0dd; --creates: #a8b1bb; --writes: #58a6ff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 16px; max-width: 1120px;
  background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; overflow-wrap: break-word;
}
h1 { font-size: 22px; line-height: 1.25; margin: 8px 0; }
h2 { font-size: 17px; margin: 36px 0 8px; }
p { margin: 4px 0; }
.headline small { font-size: 20px; font-weight: 400; color: var(--muted); }
.muted { color: var(--muted); font-size: 14px; }
.headline { font-size: 48px; font-weight: 700; line-height: 1.1; }
.criteria { list-style: none; padding: 0; }
.criteria li { padding-left: 26px; position: relative; }
.criteria b { position: absolute; left: 0; }
.holds { color: var(--good); }
.fails { color: var(--bad); }
.chart { margin: 8px 0 0; padding-left: 46px; padding-right: 14px; }
.chart svg { display: block; width: 100%; overflow: visible; font-size: 12px; }
.chart text { fill: var(--text); }
.chart text.title { fill: var(--muted); }
.legend {
  display: flex; flex-wrap: wrap; gap: 2px 16px; list-style: none;
  margin: 0 0 8px -46px; padding: 0; font-size: 13px;
}
.legend li { display: flex; align-items: center; gap: 6px; }
.key { width: 14px; height: 12px; flex: none; background: currentColor; }
.axis { stroke: var(--axis); }
.grid { stroke: var(--line); }
.chart rect { shape-rendering: crispEdges; }
.casing { stroke: var(--page); stroke-width: 5; }
.edged { stroke: var(--page); stroke-width: 1; }
${['batch', 'snapshot', 'place', 'assume', 'commit', 'handOver', 'creates', 'writes']
  .map((mark) => `.${mark} { fill: var(--${mark}); color: var(--${mark}); }`)
  .join('\n')}
.bar { fill: var(--writes); color: var(--writes); }
.p50 { stroke: var(--assume); color: var(--assume); stroke-width: 2; }
.p99 { stroke: var(--place); color: var(--place); stroke-width: 2; stroke-dasharray: 5 3; }
.even { stroke: var(--place); color: var(--place); stroke-width: 2; stroke-dasharray: 5 3; }
.key.p50, .key.p99, .key.even { height: 3px; }
.key.p99, .key.even {
  background: repeating-linear-gradient(90deg, currentColor 0 5px, transparent 5px 8px);
}
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { padding: 4px 8px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { text-align: left; font-weight: 600; }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; }
.share { width: 30%; padding-left: 12px; }
@media (max-width: 600px) {
  table { font-size: 12px; }
  .share { display: none; }
}
.share i { display: block; height: 12px; margin-top: 5px; background: var(--writes); }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 2px 16px; margin: 0; font-size: 14px; }
dd { margin: 0; overflow-wrap: anywhere; }
`;
