import type {Demand} from '../api/resources.ts';
import {PackPreferences} from './packPreferences.ts';
import type {WorkloadShapes} from './workloadShapes.ts';

/** Demands whose preferences are remembered; a few KB each. */
const MAX_REMEMBERED = 1024;

/** Preferences by demand, the least recently used ones forgotten first. */
export class PreferenceCache {
  readonly #workload: WorkloadShapes;
  readonly #byDemand = new Map<string, PackPreferences>();

  constructor(workload: WorkloadShapes) {
    this.#workload = workload;
  }

  of(demand: Demand): PackPreferences {
    const {cpuMillis, gpuCount, gpuMillis, gpuTypes} = demand;
    const key = `${cpuMillis} ${gpuCount} ${gpuMillis} ${gpuTypes.join('|')}`;
    const known = this.#byDemand.get(key);
    if (known) this.#byDemand.delete(key);
    const preferences = known ?? new PackPreferences(demand, this.#workload);
    this.#byDemand.set(key, preferences);
    if (this.#byDemand.size > MAX_REMEMBERED) {
      for (const oldest of this.#byDemand.keys()) {
        this.#byDemand.delete(oldest);
        break;
      }
    }
    return preferences;
  }
}
