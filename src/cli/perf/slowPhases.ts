import {defaultConfig} from '../../config.ts';
import {milliseconds, percent} from '../burst/units.ts';
import {type addedPhases, type Cause, explainsTotal, isNearFloor} from './cause.ts';
import type {BurstFigures, Round} from './figures.ts';
import {type PerfPhase, perfPhases} from './phases.ts';

type Named = Readonly<Partial<Record<PerfPhase, string>>>;

const {batch, status} = defaultConfig();

const added = {
  arrival: 'watch.pageSize, after a look at how long the API server takes to send an event',
  batch: `batch.idleMs and batch.maxMs (${batch.idleMs} and ${batch.maxMs} ms by default), status.maxAhead (${status.maxAhead})`,
  snapshot: 'queue.maxWorkers: fewer workers an operator',
  place: 'batch.maxRequests: fewer and larger batches decide in less',
  assume: 'batch.maxRequests: smaller batches',
  commit: 'ledger.kind: redis commits in less than kubernetes, which writes an object',
  handOver: 'status.maxOutstanding: more writes may wait',
  seen: 'none of Berth: the watcher of the measurement was late',
} as const satisfies Readonly<Record<(typeof addedPhases)[number], string>>;

/** What the floor has too: only where nothing that is added explains the total. */
const shared = {
  writes: `status.connections (${status.connections} by default)`,
  creates: 'none of Berth: the client that creates, which shares this process',
} as const satisfies Named;

function greatestOf(phases: Named, {phasesMs}: BurstFigures): PerfPhase {
  const [first, ...others] = Object.keys(phases) as PerfPhase[];
  return others.reduce((most, one) => (phasesMs[one] > phasesMs[most] ? one : most), first!);
}

/** The phase that a total far from its floor is due to. */
function slowestPhase(round: Round): PerfPhase | undefined {
  const {ours} = round;
  if (ours.totalMs === undefined || isNearFloor(round)) return undefined;
  const greatest = greatestOf(added, ours);
  return explainsTotal(ours.phasesMs[greatest], round) ? greatest : greatestOf(shared, ours);
}

const names: Named = {commit: 'slow ledger', place: 'slow decision'};

/** One for each phase of the report. */
export const slowPhases: readonly Cause[] = Object.entries({...added, ...shared}).map(
  ([key, change]) => {
    const phase = key as PerfPhase;
    return {
      name: names[phase] ?? `slow phase "${perfPhases[phase]}"`,
      explains: phase === 'place' ? ['total', 'decision'] : ['total'],
      find: (round) => {
        if (slowestPhase(round) !== phase) return undefined;
        const {phasesMs, totalMs, busyMs, commits} = round.ours;
        const share = percent(phasesMs[phase] / totalMs!);
        const times = (totalMs! / round.floorMs).toFixed(2);
        const each =
          phase === 'commit' ? `, ${milliseconds(busyMs.commit / commits)} for each commit` : '';
        return {
          evidence: `${milliseconds(phasesMs[phase])} of ${milliseconds(totalMs)} (${share})${each}; the total is ${times} times the floor`,
          change,
        };
      },
    };
  },
);
