import type {PerfFigures} from '../figures.ts';
import type {LoopDelay} from '../loopDelay.ts';
import type {Latency} from './latency.ts';

/** What one rate gave, of the operator or of the floor. */
export interface LoadFigures {
  readonly ratePerSecond: number;
  readonly due: number;
  readonly placed: number;
  /** Creates answered within the time in which they were due. */
  readonly achievedPerSecond: number;
  /** Due -> answered; of the floor, whose status patch is part of it, too. */
  readonly answered: Latency | undefined;
  /** Due -> seen placed. What never was counts with the time that it was waited for. */
  readonly placement: Latency | undefined;
  readonly mostHeld: number;
}

export interface SustainedFigures extends LoadFigures {
  /** Status patches of requests, as somebody beside the operator counts them. */
  readonly statusWrites: number | undefined;
  /** Updates of the ledger, by somebody beside the operator; those that only release as well. */
  readonly ledgerCommits: number | undefined;
  /** Of this process meanwhile, as in a burst. */
  readonly loopDelay: LoopDelay;
  readonly revisions: number;
  readonly violations: readonly string[];
  readonly waiting: Readonly<Record<string, string>>;
}

/** One rate in one round. */
export interface RateFigures {
  readonly floor: LoadFigures;
  readonly ours: SustainedFigures;
}

export interface SustainedPerf
  extends Pick<
    PerfFigures,
    'server' | 'ledger' | 'versions' | 'countedBy' | 'workers' | 'profile'
  > {
  /** Targets of latency are those of a real server. */
  readonly isEmbedded: boolean;
  readonly seconds: number;
  readonly holdMs: number;
  /** Requests that the Workers hold at once. */
  readonly places: number;
  /** Of each round, its rates in their order. */
  readonly rounds: readonly (readonly RateFigures[])[];
}
