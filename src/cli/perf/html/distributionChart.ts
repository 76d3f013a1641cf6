import type {BurstFigures} from '../figures.ts';
import {chart, share, wholeTicksUpTo, xAxis, yAxis} from './axis.ts';
import {type Markup, markup} from './markup.ts';

const [top, bottom] = [30, 170];
/** Of more workers it is drawn how many have how much. */
const mostWorkers = 50;

/** Requests on each worker, or workers by their requests. */
export function distributionChart({distribution, workers, requests}: BurstFigures): Markup {
  const perWorker = Object.values(distribution);
  // Nobody has seen them: nothing was placed there.
  const counts = [...perWorker, ...Array.from({length: workers - perWorker.length}, () => 0)];
  if (workers > mostWorkers) return byCount(counts);
  const names = Object.keys(distribution);
  const even = requests / workers;
  const ticks = wholeTicksUpTo(Math.max(1, even, ...counts));
  const most = ticks.at(-1)!;
  const y = bottom - ((bottom - top) * even) / most;
  return chart({
    label: 'Requests on each worker',
    height: bottom + 40,
    legend: [
      {mark: 'bar', text: 'requests'},
      {mark: 'even', text: `an equal share: ${Number(even.toFixed(2))}`},
    ],
    content: markup`
${yAxis({most, title: 'requests', ticks}, {top, bottom})}
${bars(counts, most, (index) => `${names[index] ?? 'a worker'}: ${counts[index]}`)}
<line class="casing" x1="0" x2="100%" y1="${y}" y2="${y}"/>
<line class="even" x1="0" x2="100%" y1="${y}" y2="${y}"/>
${xAxis({most: workers, title: 'workers, by name', ticks: workerTicks(workers), shift: -0.5}, bottom)}`,
  });
}

function byCount(counts: readonly number[]): Markup {
  const workers = Array.from({length: Math.max(...counts) + 1}, () => 0);
  for (const count of counts) workers[count]!++;
  const ticks = wholeTicksUpTo(Math.max(...workers));
  const most = ticks.at(-1)!;
  const xTicks = wholeTicksUpTo(workers.length - 1).filter((tick) => tick < workers.length);
  return chart({
    label: 'Workers by the number of their requests',
    height: bottom + 40,
    legend: [{mark: 'bar', text: 'workers'}],
    content: markup`
${yAxis({most, title: 'workers', ticks}, {top, bottom})}
${bars(workers, most, (index) => `${workers[index]} workers with ${index} each`)}
${xAxis({most: workers.length, title: 'requests on a worker', ticks: xTicks, shift: 0.5}, bottom)}`,
  });
}

function workerTicks(workers: number): readonly number[] {
  return wholeTicksUpTo(workers).filter((tick) => tick > 0 && tick <= workers);
}

function bars(
  counts: readonly number[],
  most: number,
  titleOf: (index: number) => string,
): readonly Markup[] {
  return counts.map((count, index) => {
    const height = ((bottom - top) * count) / most;
    return markup`<rect class="bar edged" x="${share(index, counts.length)}" y="${bottom - height}" width="${share(1, counts.length)}" height="${height}"><title>${titleOf(index)}</title></rect>`;
  });
}
