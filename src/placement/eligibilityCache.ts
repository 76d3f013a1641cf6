import type {Constraints} from '../api/constraints.ts';
import type {Demand} from '../api/resources.ts';
import {BoundedMap} from '../lib/boundedMap.ts';
import {Eligibility} from './eligibility.ts';
import type {WorkerRows} from './workerRows.ts';

type GpuTerms = Pick<Demand, 'gpuCount' | 'gpuTypes'>;

interface Key {
  readonly constraints: Constraints;
  readonly text: string;
}

/** Sets of terms remembered; 256 of 20,000 workers each are up to 150 MB, mostly slot tables. */
const MAX_REMEMBERED = 256;

/**
 * Eligibility by terms, the least recently used one forgotten first. It follows every change of the
 * rows, and is emptied when positions change.
 */
export class EligibilityCache {
  readonly #rows: WorkerRows;
  readonly #byTerms = new BoundedMap<string, Eligibility>(MAX_REMEMBERED);
  /** Of what a class asks for, which its requests share: writing it is most of a look-up. */
  readonly #keys = new WeakMap<GpuTerms, Key>();

  constructor(rows: WorkerRows) {
    this.#rows = rows;
  }

  /** O(1) when known, else O(workers). The same terms give the same object while remembered. */
  of(constraints: Constraints, demand: GpuTerms): Eligibility {
    const {gpuCount, gpuTypes} = demand;
    const terms = {constraints, needsGpu: gpuCount > 0, gpuTypes};
    return this.#byTerms.use(
      this.#keyOf(constraints, demand),
      () => new Eligibility(this.#rows, terms),
    );
  }

  all(): Iterable<Eligibility> {
    return this.#byTerms.values();
  }

  clear(): void {
    this.#byTerms.clear();
  }

  #keyOf(constraints: Constraints, demand: GpuTerms): string {
    const known = this.#keys.get(demand);
    if (known?.constraints === constraints) return known.text;
    const {gpuCount, gpuTypes} = demand;
    const text = JSON.stringify(gpuCount > 0 ? [constraints, gpuTypes] : [constraints]);
    this.#keys.set(demand, {constraints, text});
    return text;
  }
}
