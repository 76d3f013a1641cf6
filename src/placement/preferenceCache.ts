import type {Demand} from '../api/resources.ts';
import {BoundedMap} from '../lib/boundedMap.ts';
import {PackPreferences} from './packPreferences.ts';
import {textOfShape, type WorkloadShapes} from './workloadShapes.ts';

/** Demands whose preferences are remembered; a few KB each. */
const MAX_REMEMBERED = 1024;

/** Preferences by demand (memory decides none), the least recently used ones forgotten first. */
export class PreferenceCache {
  readonly #workload: WorkloadShapes;
  /** Of demands that the requests of a class share. */
  readonly #texts = new WeakMap<Demand, string>();
  readonly #byDemand = new BoundedMap<string, PackPreferences>(MAX_REMEMBERED);

  constructor(workload: WorkloadShapes) {
    this.#workload = workload;
  }

  of(demand: Demand): PackPreferences {
    const make = () => new PackPreferences(demand, this.#workload);
    let text = this.#texts.get(demand);
    if (text === undefined) {
      text = textOfShape(demand);
      this.#texts.set(demand, text);
    }
    return this.#byDemand.use(text, make);
  }
}
