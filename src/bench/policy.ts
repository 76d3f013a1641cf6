import type {Trace} from './trace.ts';

/** Where one arrival went. */
export interface Placement {
  /** Index in `Trace.arrivals`. */
  readonly arrival: number;
  /** Index in `Trace.workers`. */
  readonly worker: number;
  readonly gpuDevices: readonly number[];
}

/** Something that places what arrives. It starts with all workers empty and remembers. */
export interface Policy {
  /**
   * Decides the arrivals from `first` up to before `end`, in one batch. What it leaves out is lost.
   */
  place(first: number, end: number): readonly Placement[];
}

export type PolicyOf = (trace: Trace) => Policy;
