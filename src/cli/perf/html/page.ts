import {milliseconds, percent} from '../../burst/units.ts';
import {comparison} from '../comparison.ts';
import {criteria} from '../criteria.ts';
import {diagnosis} from '../diagnosis.ts';
import type {PerfFigures, Round} from '../figures.ts';
import {type PerfPhase, perfPhases} from '../phases.ts';
import {ratioOf, unsteady} from '../report.ts';
import {spreadOf, spreadText} from '../spread.ts';
import {distributionChart} from './distributionChart.ts';
import {latencyChart} from './latencyChart.ts';
import {Markup, markup} from './markup.ts';
import {style} from './style.ts';
import {timelineChart} from './timelineChart.ts';

/** The report as one page that asks for nothing else: no script, no font, no picture. */
export function perfPage(figures: PerfFigures): string {
  const {requests, workers, ledger, rounds} = figures;
  const last = rounds.at(-1)!.ours;
  const title = `berth perf: ${requests} requests on ${workers} workers`;
  const ofLast = rounds.length > 1 ? ' (last round)' : '';
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p class="muted">On the ${figures.server}; ${ledger} ledger; the clock runs from the first create sent to the last placement seen by an independent watcher.</p>
</header>
<main>
${headline(rounds)}
${verdict(figures)}
<h2>Timeline${ofLast}</h2>
${timelineChart(last)}
<h2>Latency</h2>
${latencyChart(rounds)}
<h2>Distribution over the workers${ofLast}</h2>
${distributionChart(last)}
${oldAgainstNew(figures)}
${phases(rounds)}
${roundsTable(rounds)}
<h2>Versions</h2>
<dl>${Object.entries(figures.versions).map(
    ([part, version]) => markup`<dt>${part}</dt><dd>${version}</dd>`,
  )}</dl>
</main>
</body>
</html>
`.text;
}

const twoDigits = (value: number) => value.toFixed(2);

/** A number stays on one line with its unit; a spread may break between its numbers. */
function numberCell(value: string): Markup {
  return markup`<td class="number">${value.replace(/ (?!\()/g, '\u00a0').replace('..', '..\u200b')}</td>`;
}

function headline(rounds: readonly Round[]): Markup {
  const ofRounds = rounds.length > 1 ? `, median (least..most) of ${rounds.length} rounds` : '';
  const total = spreadText(
    rounds.map(({ours}) => ours.totalMs),
    milliseconds,
  );
  const floor = spreadText(
    rounds.map(({floorMs}) => floorMs),
    milliseconds,
  );
  const [middle, rest] = spreadText(rounds.map(ratioOf), twoDigits).split(' (');
  const isWhole = rounds.every(({ours}) => ours.totalMs !== undefined);
  const sentence = isWhole
    ? `times the floor, in ${total}`
    : 'no ratio to the floor, as not all requests were placed';
  return markup`<section aria-label="Headline">
<p class="headline">${middle} <small>${rest && `(${rest}`}</small></p>
<p>${sentence}: a bare client needs ${floor} for the same creates and status writes${ofRounds}.</p>
${unsteady(rounds).map((sentence) => markup`<p class="muted">${sentence}</p>`)}
</section>`;
}

function verdict(figures: PerfFigures): Markup {
  const findings = diagnosis(figures);
  const list = criteria(figures).map(
    ({holds, sentence}) =>
      markup`<li><b class="${holds ? 'holds' : 'fails'}" aria-label="${holds ? 'holds' : 'fails'}">${holds ? '✓' : '✗'}</b>${sentence}</li>`,
  );
  return markup`<h2>Success criteria</h2>
<ul class="criteria">${list}</ul>
${
  findings.length === 0
    ? undefined
    : markup`<h2>Diagnosis</h2>
${findings.map(
  ({name, evidence, change}) =>
    markup`<p><b>${name}</b>: ${evidence}</p><p class="muted">To change: ${change}</p>`,
)}`
}`;
}

function oldAgainstNew(figures: PerfFigures): Markup | undefined {
  const rows = comparison(figures);
  if (rows.length === 0) return undefined;
  return markup`<h2>Old against new</h2>
<p class="muted">Old: batches of 1, a lock of the worker around each commit, workers read from the API server before each decision, no affinity; the same operator otherwise.</p>
<table>
<thead><tr><th scope="col">figure</th><th scope="col" class="number">old</th><th scope="col" class="number">new</th><th scope="col" class="number">old / new</th></tr></thead>
<tbody>${rows.map(
    ({label, old, ours, ratio}) =>
      markup`<tr><th scope="row">${label}</th>${numberCell(old)}${numberCell(ours)}${numberCell(ratio)}</tr>`,
  )}</tbody>
</table>`;
}

function phases(rounds: readonly Round[]): Markup {
  const rows = Object.entries(perfPhases).map(([key, name]) => {
    const phase = key as PerfPhase;
    const times = rounds.map(({ours}) => ours.phasesMs[phase]);
    const shares = rounds.map(({ours}) => ours.totalMs && ours.phasesMs[phase] / ours.totalMs);
    const width = ((spreadOf(shares)?.median ?? 0) * 100).toFixed(1);
    return markup`<tr><th scope="row">${name}</th>${numberCell(spreadText(times, milliseconds))}${numberCell(spreadText(shares, percent))}<td class="share"><i style="width:${width}%"></i></td></tr>`;
  });
  const sum = spreadText(
    rounds.map(({ours}) => ours.accountedShare),
    percent,
  );
  return markup`<h2>Phases</h2>
<p class="muted">Each moment counts once, for creates and status writes while one is under way, for a commit, a wait or the watcher only while none is. Sum: ${sum} of the total.</p>
<table>
<thead><tr><th scope="col">phase</th><th scope="col" class="number">time</th><th scope="col" class="number">of the total</th><th scope="col" class="share">share</th></tr></thead>
<tbody>${rows}</tbody>
</table>`;
}

function roundsTable(rounds: readonly Round[]): Markup | undefined {
  if (rounds.length < 2) return undefined;
  return markup`<h2>Rounds</h2>
<table>
<thead><tr><th scope="col">round</th><th scope="col" class="number">total</th><th scope="col" class="number">floor</th><th scope="col" class="number">total / floor</th></tr></thead>
<tbody>${rounds.map(
    (round, index) =>
      markup`<tr><th scope="row">${index + 1}</th>${numberCell(milliseconds(round.ours.totalMs))}${numberCell(milliseconds(round.floorMs))}${numberCell(spreadText([ratioOf(round)], twoDigits))}</tr>`,
  )}</tbody>
</table>`;
}
