import type {World} from './world.ts';

/** Something that may happen next. */
export interface Step {
  readonly name: string;
  /** Need not happen: a state that only faults can change is quiet. */
  readonly isFault: boolean;
  /** Changes the world that it is given, a copy. */
  readonly run: (world: World) => void | Promise<void>;
}
