import type {Clock} from '../lib/clock.ts';
import type {CyclePhase} from './cycleSummary.ts';

/** Splits a cycle into its phases, which therefore add up to all of it. */
export class PhaseWatch {
  readonly #clock: Clock;
  #lastMs: number;
  readonly phasesMs: Record<CyclePhase, number> = {
    batch: 0,
    snapshot: 0,
    place: 0,
    assume: 0,
    commit: 0,
    handOver: 0,
  };

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lastMs = clock.monotonicMs();
  }

  /** Everything since the phase before belongs to `phase`. */
  end(phase: CyclePhase): void {
    const nowMs = this.#clock.monotonicMs();
    this.phasesMs[phase] = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
  }
}
