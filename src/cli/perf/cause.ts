import type {CriterionKey} from './criteria.ts';
import type {Round} from './figures.ts';
import type {PerfPhase} from './phases.ts';

/** Why a criterion did not hold. */
export interface Finding {
  readonly name: string;
  /** Figures of the first round that shows it. */
  readonly evidence: string;
  /** A setting of `config.ts`, of an object, or of the measurement. */
  readonly change: string;
}

/** A round in which a criterion does not hold. */
export interface BrokenRound extends Round {
  readonly ledger: string;
  readonly broken: ReadonlySet<CriterionKey>;
}

export interface Cause {
  readonly name: string;
  /** It is looked for when one of these does not hold. */
  readonly explains: readonly CriterionKey[];
  readonly find: (round: BrokenRound) => Omit<Finding, 'name'> | undefined;
}

/** What an operator adds to what its floor needs. */
export const addedPhases = [
  'arrival',
  'batch',
  'snapshot',
  'place',
  'assume',
  'commit',
  'handOver',
  'seen',
] as const satisfies readonly PerfPhase[];

const nearFloor = 1.3;
const leastShareOfExcess = 0.3;

/** Then it is the API server that takes the time, not the operator. */
export function isNearFloor({ours: {totalMs}, floorMs}: Round): boolean {
  return totalMs !== undefined && totalMs <= floorMs * nearFloor;
}

/** Whether so long a time may be why a total is too long: by its share of what the floor spares. */
export function explainsTotal(ms: number, round: Round): boolean {
  const {ours, floorMs} = round;
  if (ours.totalMs === undefined || isNearFloor(round)) return false;
  return (
    ms >= (ours.totalMs - floorMs) * leastShareOfExcess &&
    ms * 2 >= Math.max(...addedPhases.map((phase) => ours.phasesMs[phase]))
  );
}
