import type {CyclePhase} from '../../observe/cycleSummary.ts';
import {cyclePhases} from '../burst/cyclePhases.ts';
import {criterionLine, rows, sizesText} from '../burst/reportLines.ts';
import {milliseconds, percent} from '../burst/units.ts';
import {criteria} from './criteria.ts';
import {type DemoFigures, type InsideSummary, summaryOf} from './figures.ts';

/** Everything, as JSON can carry it. */
export function figuresAsJson(figures: DemoFigures): object {
  return {
    ...figures,
    distribution: Object.fromEntries(figures.distribution),
    affinityLevels: Object.fromEntries(figures.affinityLevels),
    waiting: Object.fromEntries(figures.waiting),
    summary: summaryOf(figures),
    criteria: criteria(figures),
  };
}

/** The report as lines of plain text. */
export function report(figures: DemoFigures): readonly string[] {
  const {createToPlacedP50Ms, createToPlacedP99Ms, inside} = summaryOf(figures);
  return [
    '',
    `${figures.requests} ContainerRequests on ${figures.workers} Workers, ${figures.server}, ${figures.ledger} ledger`,
    '',
    'Timing (clock: first create sent -> last placement seen by an independent watcher)',
    ...rows([
      ['total', milliseconds(figures.totalMs)],
      ['creates', milliseconds(figures.createsMs)],
      ['create -> placed, p50', milliseconds(createToPlacedP50Ms)],
      ['create -> placed, p99', milliseconds(createToPlacedP99Ms)],
    ]),
    ...(inside ? insideLines(inside) : []),
    '',
    'Affinity',
    ...rows([...figures.affinityLevels].map(([level, count]) => [level, String(count)])),
    '',
    'Distribution',
    ...distributionLines(figures),
    ...waitingLines(figures.waiting),
    ...(figures.violations.length > 0
      ? ['', 'Violations', ...figures.violations.map((line) => `  ${line}`)]
      : []),
    '',
    'Criteria',
    ...criteria(figures).map(criterionLine),
    '',
  ];
}

function insideLines(inside: InsideSummary): readonly string[] {
  const {batchSizes, phasesMs} = inside;
  const phases = Object.keys(cyclePhases) as CyclePhase[];
  return [
    '',
    `Phases (sum over ${batchSizes.length} cycles)`,
    ...rows(phases.map((phase) => [cyclePhases[phase], milliseconds(phasesMs[phase])])),
    '',
    'Resource efficiency',
    ...rows([
      ['batches', `${batchSizes.length} (sizes ${sizesText(batchSizes)})`],
      ['ledger commits', `${inside.commits} (${inside.commitsPerRequest.toFixed(3)} per request)`],
      ['rejected by the ledger', String(inside.rejected)],
      [
        'cache reads',
        `${inside.decisions} decisions from memory, ${inside.cacheMisses} cold reads: ${percent(inside.cacheHitRate)}`,
      ],
      ['cache invalidations', String(inside.cacheInvalidations)],
    ]),
  ];
}

function distributionLines({distribution, requests}: DemoFigures): readonly string[] {
  const widest = Math.max(...[...distribution.keys()].map((name) => name.length));
  const most = Math.max(1, ...distribution.values());
  return [...distribution].map(([name, count]) => {
    const bar = '█'.repeat(Math.round((count / most) * 30));
    return `  ${name.padEnd(widest)}  ${bar.padEnd(30)} ${String(count).padStart(3)}  ${percent(count / requests)}`;
  });
}

function waitingLines(waiting: ReadonlyMap<string, string>): readonly string[] {
  if (waiting.size === 0) return [];
  const shown = [...waiting]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .slice(0, 5)
    .map(([name, reason]) => `  ${name}: ${reason}`);
  return ['', `Waiting (${waiting.size})`, ...shown];
}
