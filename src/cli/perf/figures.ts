import type {CycleSummary} from '../../observe/cycleSummary.ts';
import type {BurstMix} from '../burst/objects.ts';
import type {CallCounter, CallCounts} from './callCounts.ts';
import type {BurstCourse, Steps} from './course.ts';
import type {LoopDelay} from './loopDelay.ts';
import type {PerfPhase} from './phases.ts';

/** On the monotonic clock. */
export interface Window {
  /** The first create was sent. */
  readonly startMs: number;
  /** The last create was answered. */
  readonly createdMs: number;
  /** The last placement was seen by the independent watcher. */
  readonly endMs: number;
}

/** A cycle, and what the cache says of itself at its end. */
export interface FinishedCycle {
  readonly summary: CycleSummary;
  readonly endMs: number;
  /** Age of its snapshot when it was taken. */
  readonly stalenessMs: number;
  /** Whether its snapshot rests on a read of the API server that it waited for. */
  readonly isMiss: boolean;
}

/** Everything that one burst measured of one operator; times in milliseconds. */
export interface BurstFigures {
  readonly requests: number;
  readonly workers: number;
  readonly mix: BurstMix;
  readonly placed: number;
  /** First create sent -> last placement seen; undefined where not all were placed. */
  readonly totalMs: number | undefined;
  readonly createsMs: number;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** Create sent -> placement seen. */
  readonly latencies: Steps;
  readonly course: BurstCourse;
  /** Of this process meanwhile: it runs the client, the operator and the watcher. */
  readonly loopDelay: LoopDelay;
  /** Of cycles that had a batch. */
  readonly batchSizes: readonly number[];
  /** The most requests that had come in and were in no batch when one closed. */
  readonly leftWaiting: number;
  /** Sums over the cycles, whatever else went on meanwhile. */
  readonly busyMs: CycleSummary['phasesMs'];
  /** Each moment of the total once. */
  readonly phasesMs: Readonly<Record<PerfPhase, number>>;
  readonly accountedShare: number;
  /** Ledger commits for a batch, as the operator counts them. */
  readonly commits: number;
  /** Ledger commits that only carried releases. */
  readonly flushes: number;
  readonly rejected: number;
  /** (worker, commit) pairs: sums of a worker that a commit changed. */
  readonly workerUpdates: number;
  /** Taken around commits; undefined where none are. */
  readonly locks: number | undefined;
  /** Decisions that rested on memory alone. */
  readonly cacheHits: number;
  /** Reads of worker state that had to wait for the API server, the cold first one included. */
  readonly cacheMisses: number;
  readonly invalidations: number;
  /** Taken meanwhile; one of each cycle, with a batch or without. */
  readonly snapshots: number;
  /** Cycles meanwhile, with a batch or without. */
  readonly cycles: number;
  /** The greatest age of a snapshot when it was taken. */
  readonly stalenessMs: number;
  readonly outside: CallCounts;
  readonly distribution: Readonly<Record<string, number>>;
  /** Placements by what they report of their affinity. */
  readonly affinity: Readonly<Record<string, number>>;
  readonly revisions: number;
  readonly violations: readonly string[];
  readonly waiting: Readonly<Record<string, string>>;
}

export interface Round {
  readonly floorMs: number;
  readonly ours: BurstFigures;
  /** Undefined where the comparison was left out. */
  readonly old: BurstFigures | undefined;
}

export interface PerfFigures {
  readonly server: string;
  readonly ledger: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Who counted what `outside` says. */
  readonly countedBy: Pick<CallCounter, 'ledgerCalls' | 'apiCalls'>;
  readonly requests: number;
  readonly workers: number;
  readonly mix: BurstMix;
  readonly targetMs: number;
  /** File of the profile of what was measured last. */
  readonly profile?: string;
  readonly rounds: readonly Round[];
}

/** Share of the reads of worker state that memory answered; 0 where there was none. */
export function hitRateOf({cacheHits, cacheMisses}: BurstFigures): number {
  const reads = cacheHits + cacheMisses;
  return reads === 0 ? 0 : cacheHits / reads;
}

/** Writes that changed what is taken of workers: counted from outside, where somebody does. */
export function capacityUpdatesOf({outside, commits, flushes}: BurstFigures): number {
  return outside.commits === undefined ? commits : outside.commits - flushes;
}

/** Exclusive steps at the ledger: locks where they are taken, else the commits themselves. */
export function lockAcquisitionsOf(figures: BurstFigures): number {
  return figures.locks ?? capacityUpdatesOf(figures);
}
