import type {BurstMix} from '../burst/objects.ts';
import {criterionLine, rows, sizesText} from '../burst/reportLines.ts';
import {milliseconds, percent} from '../burst/units.ts';
import type {CountedCall} from './callCounts.ts';
import {comparison} from './comparison.ts';
import {criteria} from './criteria.ts';
import {diagnosis} from './diagnosis.ts';
import {
  type BurstFigures,
  capacityUpdatesOf,
  hitRateOf,
  lockAcquisitionsOf,
  type PerfFigures,
  type Round,
} from './figures.ts';
import {type PerfPhase, perfPhases} from './phases.ts';
import {spreadOf, spreadText} from './spread.ts';

/** Everything, as JSON can carry it. */
export function perfAsJson(figures: PerfFigures): object {
  const {rounds} = figures;
  return {
    ...figures,
    summary: {
      totalMs: spreadOf(rounds.map(({ours}) => ours.totalMs)),
      floorMs: spreadOf(rounds.map(({floorMs}) => floorMs)),
      totalPerFloor: spreadOf(rounds.map(ratioOf)),
    },
    oldAgainstNew: comparison(figures),
    criteria: criteria(figures),
    diagnosis: diagnosis(figures),
  };
}

/** The report as lines of plain text. */
export function perfReport(figures: PerfFigures): readonly string[] {
  const {server, requests, workers, mix, ledger, rounds} = figures;
  const spread = rounds.length > 1 ? `, ${rounds.length} rounds: median (least..most)` : '';
  const burst = `${requests} ContainerRequests on ${workers} Workers${ofMix[mix]}, ${ledger} ledger`;
  return [
    '',
    `On the ${server}`,
    `${burst}, operator in this process${spread}`,
    '',
    `Total / floor: ${spreadText(rounds.map(ratioOf), twoDigits)}`,
    ...unsteady(rounds),
    '',
    ...timing(figures),
    '',
    ...phases(rounds),
    '',
    ...efficiency(figures),
    '',
    ...cache(rounds),
    '',
    ...distribution(figures),
    '',
    ...correctness(rounds),
    ...oldAgainstNew(figures),
    '',
    'Success criteria',
    ...criteria(figures).map(criterionLine),
    ...findings(figures),
    '',
    versionsLine(figures.versions),
    ...profileLine(figures),
    '',
  ];
}

const ofMix: Readonly<Record<BurstMix, string>> = {
  cpu: '',
  'cpu and gpu': ', every second of both with GPUs',
};

export function profileLine({profile}: Pick<PerfFigures, 'profile'>): readonly string[] {
  if (profile === undefined) return [];
  return [`Profile of what was measured last: ${profile}; it was slower for being profiled`];
}

export function versionsLine(versions: PerfFigures['versions']): string {
  const parts = Object.entries(versions).map(([part, version]) => `${part} ${version}`);
  return `Versions: ${parts.join(', ')}`;
}

/** Floors of a machine that does nothing else differ by less. */
const steadyFactor = 1.3;
const twoDigits = (value: number) => value.toFixed(2);
const whole = (value: number) => value.toFixed(0);

export function ratioOf({ours, floorMs}: Round): number | undefined {
  return ours.totalMs && ours.totalMs / floorMs;
}

/** A floor that moves says that the machine had other work: then no ratio says much. */
export function unsteady(rounds: readonly Round[]): readonly string[] {
  const floor = spreadOf(rounds.map(({floorMs}) => floorMs));
  if (!floor || floor.most < floor.least * steadyFactor) return [];
  const times = (floor.most / floor.least).toFixed(1);
  return [`The slowest floor took ${times} times as long as the fastest: something else ran here`];
}

/** Of each round's own operator. */
function text(
  rounds: readonly Round[],
  of: (ours: BurstFigures) => number | undefined,
  format: (value: number) => string,
): string {
  return spreadText(
    rounds.map(({ours}) => of(ours)),
    format,
  );
}

function timing({rounds, requests}: PerfFigures): readonly string[] {
  const floors = rounds.map(({floorMs}) => floorMs);
  return [
    'Timing (clock: first create sent -> last placement seen by an independent watcher)',
    ...rows([
      ['total', text(rounds, ({totalMs}) => totalMs, milliseconds)],
      [
        'floor',
        `${spreadText(floors, milliseconds)}: the same creates and status patches by a bare client`,
      ],
      [
        'average per request',
        text(rounds, ({totalMs}) => totalMs && totalMs / requests, milliseconds),
      ],
      ['creates', text(rounds, ({createsMs}) => createsMs, milliseconds)],
      ['create -> placed, p50', text(rounds, ({p50Ms}) => p50Ms, milliseconds)],
      ['create -> placed, p99', text(rounds, ({p99Ms}) => p99Ms, milliseconds)],
      ['decisions, summed', text(rounds, ({busyMs}) => busyMs.place, milliseconds)],
      ['ledger commits, summed', text(rounds, ({busyMs}) => busyMs.commit, milliseconds)],
      ['event-loop delay, p99', text(rounds, ({loopDelay}) => loopDelay.p99Ms, milliseconds)],
      ['event-loop delay, most', text(rounds, ({loopDelay}) => loopDelay.maxMs, milliseconds)],
    ]),
  ];
}

function phases(rounds: readonly Round[]): readonly string[] {
  const shareOf = (phase: PerfPhase) => (ours: BurstFigures) =>
    ours.totalMs && ours.phasesMs[phase] / ours.totalMs;
  const lines = Object.entries(perfPhases).map(([phase, name]): readonly [string, string] => {
    const of = (ours: BurstFigures) => ours.phasesMs[phase as PerfPhase];
    const share = text(rounds, shareOf(phase as PerfPhase), percent);
    return [name, `${text(rounds, of, milliseconds)}, ${share}`];
  });
  const sum = text(rounds, ({accountedShare}) => accountedShare, percent);
  return [
    'Phases (each moment counts once: for creates and status writes, which the floor has too, while',
    'one is under way; for a commit, a wait or the watcher only while none is)',
    ...rows([...lines, ['sum', sum]]),
  ];
}

function efficiency({rounds, requests, countedBy}: PerfFigures): readonly string[] {
  const counted = (of: (ours: BurstFigures) => number | undefined) => {
    const share = spreadOf(rounds.map(({ours}) => of(ours)))?.median;
    return `${text(rounds, of, whole)}, ${share === undefined ? '-' : (share / requests).toFixed(3)} per request`;
  };
  const used = ({distribution}: BurstFigures) =>
    Object.values(distribution).filter((count) => count > 0).length;
  const sizes = rounds.at(-1)?.ours.batchSizes ?? [];
  const sourceOf = (call: CountedCall, outside: string) => {
    const isOutside = rounds.every(({ours}) => ours.outside[call] !== undefined);
    return `counted by ${isOutside ? outside : 'the operator itself'}`;
  };
  const source = sourceOf('commits', countedBy.ledgerCalls);
  return [
    'Resource efficiency',
    ...rows([
      ['requests placed', text(rounds, ({placed}) => placed, whole)],
      ['workers used', text(rounds, used, whole)],
      [
        'batches',
        `${text(rounds, ({batchSizes}) => batchSizes.length, whole)}, last round: ${sizesText(sizes)}`,
      ],
      ['lock acquisitions', `${counted(lockAcquisitionsOf)}, one per ledger commit`],
      ['capacity updates', `${counted(capacityUpdatesOf)}, ${source}`],
      ['worker sums in them', text(rounds, ({workerUpdates}) => workerUpdates, whole)],
      ['rejected by the ledger', text(rounds, ({rejected}) => rejected, whole)],
      [
        'status writes',
        `${counted(({outside}) => outside.statusWrites)}, counted by ${countedBy.apiCalls}`,
      ],
    ]),
  ];
}

function cache(rounds: readonly Round[]): readonly string[] {
  return [
    'Cache performance',
    ...rows([
      ['hits', `${text(rounds, ({cacheHits}) => cacheHits, whole)} decisions from memory`],
      [
        'misses',
        `${text(rounds, ({cacheMisses}) => cacheMisses, whole)}, the cold first read included`,
      ],
      ['hit rate', text(rounds, hitRateOf, percent)],
      ['invalidations', text(rounds, ({invalidations}) => invalidations, whole)],
      ['snapshots', text(rounds, ({snapshots}) => snapshots, whole)],
      [
        'staleness at decision',
        `${text(rounds, ({stalenessMs}) => stalenessMs, milliseconds)} at most`,
      ],
    ]),
  ];
}

const mostWorkersShown = 40;

function distribution({rounds, workers, requests}: PerfFigures): readonly string[] {
  const counts = Object.entries(rounds.at(-1)?.ours.distribution ?? {});
  const heading = 'Worker distribution (last round)';
  if (workers > mostWorkersShown) {
    const byCount = Map.groupBy(counts, ([, count]) => count);
    const lines = [...byCount]
      .sort(([left], [right]) => left - right)
      .map(([count, of]) => `  ${of.length} workers with ${count} each`);
    return [heading, ...lines];
  }
  const lines = counts.map(([name, count]) => `  ${name}: ${count} (${percent(count / requests)})`);
  return [heading, ...lines];
}

const mostShown = 5;

function correctness(rounds: readonly Round[]): readonly string[] {
  const sum = (of: (ours: BurstFigures) => number) =>
    rounds.reduce((total, {ours}) => total + of(ours), 0);
  const violations = rounds.flatMap(({ours}) => ours.violations);
  const waiting = rounds.flatMap(({ours}) => Object.entries(ours.waiting));
  return [
    'Correctness (an auditor that shares no code with the operator)',
    ...rows([
      ['revisions', String(sum(({revisions}) => revisions))],
      ['violations', String(violations.length)],
    ]),
    ...violations.slice(0, mostShown).map((violation) => `  ${violation}`),
    ...waiting.slice(0, mostShown).map(([name, why]) => `  ${name} waits: ${why}`),
  ];
}

function findings(figures: PerfFigures): readonly string[] {
  const found = diagnosis(figures);
  if (found.length === 0) return [];
  return [
    '',
    'Diagnosis',
    ...found.flatMap(({name, evidence, change}) => [
      `  ${name}: ${evidence}`,
      `    to change: ${change}`,
    ]),
  ];
}

function oldAgainstNew(figures: PerfFigures): readonly string[] {
  const compared = comparison(figures);
  if (compared.length === 0) return [];
  const table = [{label: '', old: 'old', ours: 'new', ratio: 'old / new'}, ...compared];
  const widthOf = (column: 'label' | 'old' | 'ours') =>
    Math.max(...table.map((row) => row[column].length));
  const [label, old, ours] = [widthOf('label'), widthOf('old'), widthOf('ours')];
  return [
    '',
    'Old against new (old: batches of 1, a lock of the worker around each commit, workers read from',
    'the API server before each decision, no affinity; the same operator otherwise)',
    ...table.map(
      (row) =>
        `  ${row.label.padEnd(label)}  ${row.old.padStart(old)}  ${row.ours.padStart(ours)}  ${row.ratio}`,
    ),
  ];
}
