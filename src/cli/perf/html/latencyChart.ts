import {milliseconds} from '../../burst/units.ts';
import {inStepsOf, type Steps} from '../course.ts';
import type {Round} from '../figures.ts';
import {spreadOf, spreadText} from '../spread.ts';
import {chart, share, ticksUpTo, wholeTicksUpTo, xAxis, yAxis} from './axis.ts';
import {type Markup, markup} from './markup.ts';

const [top, bottom] = [30, 190];
/** More would be thinner than a line on a phone. */
const mostBars = 48;

/** Create sent -> placement seen, over all rounds. */
export function latencyChart(rounds: readonly Round[]): Markup {
  const {stepMs, counts} = added(rounds.map(({ours}) => ours.latencies));
  const quantiles = [
    ['p50', rounds.map(({ours}) => ours.p50Ms)],
    ['p99', rounds.map(({ours}) => ours.p99Ms)],
  ] as const;
  const medians = quantiles.map(([, values]) => spreadOf(values)?.median ?? 0);
  const mostMs = Math.max(stepMs, stepMs * counts.length, ...medians);
  const ticks = wholeTicksUpTo(Math.max(1, ...counts));
  const most = ticks.at(-1)!;
  return chart({
    label: 'Histogram of the time from create to placement seen',
    height: bottom + 40,
    legend: [
      {mark: 'bar', text: `requests, in steps of ${stepMs} ms`},
      ...quantiles.map(([name, values]) => ({
        mark: name,
        text: `${name}: ${spreadText(values, milliseconds)}`,
      })),
    ],
    content: markup`
${yAxis({most, title: 'requests', ticks}, {top, bottom})}
${counts.map((count, index) => {
  const height = ((bottom - top) * count) / most;
  const title = `${index * stepMs} to ${(index + 1) * stepMs} ms: ${count}`;
  return markup`<rect class="bar edged" x="${share(index * stepMs, mostMs)}" y="${bottom - height}" width="${share(stepMs, mostMs)}" height="${height}"><title>${title}</title></rect>`;
})}
${quantiles.map(([name, values]) => {
  const spread = spreadOf(values);
  if (!spread) return undefined;
  const x = share(spread.median, mostMs);
  return markup`<line class="casing" x1="${x}" x2="${x}" y1="${top}" y2="${bottom}"/>
<line class="${name}" x1="${x}" x2="${x}" y1="${top}" y2="${bottom}"/>`;
})}
${xAxis({most: mostMs, title: 'ms from create to placement seen', ticks: ticksUpTo(mostMs).filter((tick) => tick <= mostMs)}, bottom)}`,
  });
}

/** The sum of all, in so few steps that each can be seen. */
function added(all: readonly Steps[]): Steps {
  let stepMs = Math.max(...all.map((steps) => steps.stepMs));
  const endMs = Math.max(...all.map((steps) => steps.stepMs * steps.counts.length));
  while (endMs > stepMs * mostBars) stepMs *= 2;
  const counts: number[] = [];
  for (const steps of all) {
    for (const [index, count] of inStepsOf(stepMs, steps).counts.entries()) {
      counts[index] = (counts[index] ?? 0) + count;
    }
  }
  return {stepMs, counts: Array.from(counts, (count) => count ?? 0)};
}
