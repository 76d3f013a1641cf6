import type {Demand} from '../api/resources.ts';
import {BoundedMap} from '../lib/boundedMap.ts';
import {PackPreferences} from './packPreferences.ts';
import {textOfShape, type WorkloadShapes} from './workloadShapes.ts';

/** Demands whose preferences are remembered; a few KB each. */
const MAX_REMEMBERED = 1024;

/** Preferences by demand (memory decides none), the least recently used ones forgotten first. */
export class PreferenceCache {
  readonly #workload: WorkloadShapes;
  readonly #byDemand = new BoundedMap<string, PackPreferences>(MAX_REMEMBERED);

  constructor(workload: WorkloadShapes) {
    this.#workload = workload;
  }

  of(demand: Demand): PackPreferences {
    const make = () => new PackPreferences(demand, this.#workload);
    return this.#byDemand.use(textOfShape(demand), make);
  }
}
