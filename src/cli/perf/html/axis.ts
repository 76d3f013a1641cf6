import {type Markup, markup} from './markup.ts';

const tickGap = 16;
const titleGap = 34;

/** Round numbers from 0 up to `most` or just above it, so few that they have room on a phone. */
export function ticksUpTo(most: number, count = 4): readonly number[] {
  return ticks(most, 10 ** Math.floor(Math.log10(most / count)), most / count, [1, 2, 2.5, 5, 10]);
}

/** Of counts, which have no halves. */
export function wholeTicksUpTo(most: number, count = 4): readonly number[] {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(most / count)));
  return ticks(most, power, most / count, [1, 2, 5, 10]);
}

function ticks(
  most: number,
  power: number,
  leastStep: number,
  factors: readonly number[],
): readonly number[] {
  if (most <= 0) return [0];
  const step = factors.map((factor) => factor * power).find((one) => one >= leastStep)!;
  return Array.from({length: Math.ceil(most / step) + 1}, (_, index) =>
    Number((index * step).toPrecision(6)),
  );
}

/** A share of the width, as SVG wants it. */
export function share(value: number, most: number): string {
  const percent = most <= 0 ? 0 : (value / most) * 100;
  return `${Number(percent.toFixed(3))}%`;
}

export interface Axis {
  readonly most: number;
  readonly title: string;
  readonly ticks: readonly number[];
  /** Of a tick from its value: 0.5 where bars stand for whole numbers. Default 0. */
  readonly shift?: number;
}

const grouped = new Intl.NumberFormat('en-US', {maximumFractionDigits: 3});

/** Below the plot. */
export function xAxis({most, title, ticks: shown, shift = 0}: Axis, bottom: number): Markup {
  return markup`
<line class="axis" x1="0" x2="100%" y1="${bottom}" y2="${bottom}"/>
${shown.map((tick) => {
  const x = share(tick + shift, most);
  return markup`<line class="axis" x1="${x}" x2="${x}" y1="${bottom}" y2="${bottom + 4}"/>
<text x="${x}" y="${bottom + tickGap}" text-anchor="middle">${grouped.format(tick)}</text>`;
})}
<text class="title" x="50%" y="${bottom + titleGap}" text-anchor="middle">${title}</text>`;
}

/** To the left of the plot, its title above it. */
export function yAxis(
  {most, title, ticks: shown}: Axis,
  {top, bottom}: {readonly top: number; readonly bottom: number},
): Markup {
  return markup`
${shown.map((tick) => {
  const y = bottom - ((bottom - top) * tick) / most;
  return markup`<line class="grid" x1="0" x2="100%" y1="${y}" y2="${y}"/>
<text x="-6" y="${y + 4}" text-anchor="end">${grouped.format(tick)}</text>`;
})}
<text class="title" x="-44" y="${top - 10}">${title}</text>`;
}

export interface Chart {
  readonly label: string;
  readonly height: number;
  readonly legend: readonly LegendEntry[];
  readonly content: Markup;
}

export interface LegendEntry {
  /** Of the marks that it explains. */
  readonly mark: string;
  readonly text: string;
}

/** Marks are placed by shares of the width and by pixels of the height: text keeps its size. */
export function chart({label, height, legend, content}: Chart): Markup {
  return markup`<figure class="chart">
<ul class="legend">${legend.map(
    ({mark, text}) => markup`<li><i class="key ${mark}"></i>${text}</li>`,
  )}</ul>
<svg role="img" aria-label="${label}" height="${height}">${content}</svg>
</figure>`;
}
