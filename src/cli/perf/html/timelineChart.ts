import {cyclePhases} from '../../burst/cyclePhases.ts';
import {milliseconds} from '../../burst/units.ts';
import type {DrawnCycle} from '../course.ts';
import type {BurstFigures} from '../figures.ts';
import {chart, share, ticksUpTo, wholeTicksUpTo, xAxis, yAxis} from './axis.ts';
import {type Markup, markup} from './markup.ts';

type Phase = keyof typeof cyclePhases;

const phases = Object.keys(cyclePhases) as readonly Phase[];
const lanes = {creates: 18, cycles: 92} as const;
const laneHeight = 24;
const writesTop = 154;
const bottom = 254;
/** Labels of batches that are nearer to each other would touch on a phone. */
const leastLabelShare = 0.12;

/** When what happened, from the first create to the last placement seen. */
export function timelineChart(burst: BurstFigures): Markup {
  const {course, createsMs, totalMs} = burst;
  const ends = course.cycles.map(endOf);
  const {stepMs, counts} = course.underWay;
  const mostMs = Math.max(totalMs ?? 0, createsMs, stepMs * counts.length, ...ends);
  const writeTicks = wholeTicksUpTo(Math.max(1, ...counts), 3);
  const most = writeTicks.at(-1)!;
  return chart({
    label: 'Timeline of the burst: creates, the phases of each cycle, status writes under way',
    height: bottom + 40,
    legend: [
      {mark: 'creates', text: 'creates'},
      ...phases.map((phase) => ({mark: phase, text: cyclePhases[phase]})),
      {mark: 'writes', text: 'status writes under way'},
    ],
    content: markup`
<text class="title" x="-44" y="${lanes.creates - 8}">creates</text>
<rect class="creates" x="0" y="${lanes.creates}" width="${share(createsMs, mostMs)}" height="${laneHeight}"><title>creates: ${milliseconds(createsMs)}</title></rect>
<text class="title" x="-44" y="${lanes.cycles - 24}">cycles, with the requests of each batch</text>
${labels(course.cycles, mostMs)}
${course.cycles.map((cycle) => drawnCycle(cycle, mostMs))}
${yAxis({most, title: 'status writes under way', ticks: writeTicks}, {top: writesTop, bottom})}
${counts.map((count, index) => {
  const height = ((bottom - writesTop) * count) / most;
  return markup`<rect class="writes" x="${share(index * stepMs, mostMs)}" y="${bottom - height}" width="${share(stepMs, mostMs)}" height="${height}"/>`;
})}
${xAxis({most: mostMs, title: 'ms since the first create', ticks: ticksUpTo(mostMs).filter((tick) => tick <= mostMs)}, bottom)}`,
  });
}

function endOf({fromMs, phasesMs}: DrawnCycle): number {
  return phases.reduce((atMs, phase) => atMs + phasesMs[phase], fromMs);
}

function drawnCycle({fromMs, batchSize, phasesMs}: DrawnCycle, mostMs: number): readonly Markup[] {
  let atMs = fromMs;
  return phases.map((phase) => {
    // An operator waits for its first batch from before the first create on.
    const [beganMs, endMs] = [Math.max(0, atMs), Math.max(0, atMs + phasesMs[phase])];
    atMs += phasesMs[phase];
    return markup`<rect class="${phase}" x="${share(beganMs, mostMs)}" y="${lanes.cycles}" width="${share(endMs - beganMs, mostMs)}" height="${laneHeight}"><title>batch of ${batchSize}, ${cyclePhases[phase]}: ${milliseconds(phasesMs[phase])}</title></rect>`;
  });
}

function labels(cycles: readonly DrawnCycle[], mostMs: number): readonly Markup[] {
  let freeFrom = 0;
  return cycles.flatMap((cycle) => {
    const middle = (Math.max(0, cycle.fromMs) + endOf(cycle)) / 2 / mostMs;
    if (middle < freeFrom) return [];
    freeFrom = middle + leastLabelShare;
    return [
      markup`<text x="${share(middle, 1)}" y="${lanes.cycles - 5}" text-anchor="middle">${cycle.batchSize}</text>`,
    ];
  });
}
