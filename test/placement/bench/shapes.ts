import type {Demand} from '../../../src/api/resources.ts';
import {readPodList} from '../../../src/bench/openbLists.ts';
import {seededRandom} from '../../../src/lib/random.ts';
import {openbFile, openbMissing} from '../../bench/traces.ts';

export interface Shapes {
  /** Where they are from, for the report. */
  readonly source: string;
  /** Demands, each as often as it is asked for. */
  readonly demands: readonly Demand[];
}

/** Demands of a recorded cluster where its list is there, else a mixture that resembles them. */
export function readShapes(): Shapes {
  if (openbMissing !== undefined) return {source: 'a built-in mixture', demands: builtIn()};
  const demands = readPodList(openbFile('openb_pod_list_default.csv'));
  return {source: 'openb, default list', demands};
}

export function countShapes(demands: readonly Demand[]): number {
  return new Set(demands.map((demand) => JSON.stringify(demand))).size;
}

/** Of 100: 13 ask for no GPU, 38 for a share of one, 48 for one, and 1 for 2, 4 or 8. */
function builtIn(): Demand[] {
  const random = seededRandom(91);
  const pick = (values: readonly number[]) => values[Math.floor(random.next() * values.length)]!;
  return Array.from({length: 2_000}, (_, index) => {
    const kind = index % 100;
    const gpuCount = kind < 13 ? 0 : kind < 99 ? 1 : pick([2, 4, 8]);
    const share = kind >= 13 && kind < 51;
    const cpuMillis = pick([2_000, 4_000, 6_000, 8_000, 12_000, 16_000]) * Math.max(1, gpuCount);
    return {
      cpuMillis,
      memoryBytes: cpuMillis * 2 * 2 ** 20,
      gpuCount,
      gpuMillis: gpuCount === 0 ? 0 : share ? pick([100, 200, 250, 500, 800]) : 1000,
      gpuTypes: [],
    };
  });
}
