import type {CyclePhase} from '../../observe/cycleSummary.ts';
import type {BurstMix} from '../burst/objects.ts';
import type {Observer} from '../burst/observer.ts';
import {quantile} from '../burst/statistics.ts';
import type {CallCounts} from './callCounts.ts';
import {courseOf, leftWaiting, stepsOf} from './course.ts';
import type {BurstFigures, FinishedCycle} from './figures.ts';
import type {LoopDelay} from './loopDelay.ts';
import {phasesOf} from './phases.ts';
import type {Interval} from './timeline.ts';

/** What was seen and counted of one burst; times on the monotonic clock. */
export interface MeasuredBurst {
  readonly requests: number;
  readonly workers: number;
  readonly mix: BurstMix;
  readonly observer: Pick<Observer, 'placedAtMs' | 'waitingReasons' | 'affinityLevels'> & {
    readonly auditor: Pick<Observer['auditor'], 'distribution' | 'revisions' | 'violations'>;
  };
  readonly startMs: number;
  readonly createdMs: number;
  readonly sentAtMs: ReadonlyMap<string, number>;
  readonly cycles: readonly FinishedCycle[];
  readonly writes: readonly Interval[];
  /** When new requests came in at the operator. */
  readonly arrivalsMs: readonly number[];
  readonly coldReads: number;
  readonly workerUpdates: number;
  readonly locks: number | undefined;
  readonly invalidations: number;
  readonly snapshots: number;
  readonly outside: CallCounts;
  readonly loopDelay: LoopDelay;
}

export function figuresOfBurst(burst: MeasuredBurst): BurstFigures {
  const {requests, workers, mix, observer, startMs, createdMs, sentAtMs} = burst;
  const {placedAtMs, auditor, waitingReasons, affinityLevels} = observer;
  const endMs = Math.max(createdMs, ...placedAtMs.values());
  const latencies = [...placedAtMs]
    .map(([name, atMs]) => atMs - sentAtMs.get(name)!)
    .sort((left, right) => left - right);
  const cycles = burst.cycles.filter(({summary}) => summary.batchSize > 0);
  const sum = (of: (cycle: FinishedCycle) => number) =>
    cycles.reduce((total, cycle) => total + of(cycle), 0);
  const busy = (phase: CyclePhase) => sum(({summary}) => summary.phasesMs[phase]);
  const window = {startMs, createdMs, endMs};
  const {phasesMs, unaccountedMs} = phasesOf({...burst, cycles, window});
  return {
    requests,
    workers,
    mix,
    placed: placedAtMs.size,
    totalMs: placedAtMs.size < requests ? undefined : endMs - startMs,
    createsMs: createdMs - startMs,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    latencies: stepsOf(latencies),
    course: courseOf({cycles, writes: burst.writes, startMs, endMs}),
    loopDelay: burst.loopDelay,
    batchSizes: cycles.map(({summary}) => summary.batchSize),
    leftWaiting: leftWaiting(cycles, burst.arrivalsMs),
    busyMs: {
      batch: busy('batch'),
      snapshot: busy('snapshot'),
      place: busy('place'),
      assume: busy('assume'),
      commit: busy('commit'),
      handOver: busy('handOver'),
    },
    phasesMs,
    accountedShare: 1 - unaccountedMs / (endMs - startMs),
    commits: sum(({summary}) => summary.commits),
    flushes: burst.cycles.filter(({summary}) => summary.batchSize === 0 && summary.commits > 0)
      .length,
    rejected: sum(({summary}) => summary.rejected),
    workerUpdates: burst.workerUpdates,
    locks: burst.locks,
    cacheHits: sum(({summary, isMiss}) => (isMiss ? 0 : summary.batchSize)),
    cacheMisses: burst.coldReads + cycles.filter(({isMiss}) => isMiss).length,
    invalidations: burst.invalidations,
    snapshots: burst.snapshots,
    cycles: burst.cycles.length,
    stalenessMs: Math.max(0, ...cycles.map(({stalenessMs}) => stalenessMs)),
    outside: burst.outside,
    distribution: Object.fromEntries(auditor.distribution()),
    affinity: Object.fromEntries(affinityLevels),
    revisions: auditor.revisions,
    violations: sentencesOf(auditor.violations),
    waiting: Object.fromEntries(waitingReasons),
  };
}

export function sentencesOf(violations: Observer['auditor']['violations']): readonly string[] {
  return violations.map(
    ({rule, resourceVersion, sentence}) => `${rule} at revision ${resourceVersion}: ${sentence}`,
  );
}
