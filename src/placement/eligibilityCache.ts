import type {Constraints} from '../api/constraints.ts';
import type {Demand} from '../api/resources.ts';
import {BoundedMap} from '../lib/boundedMap.ts';
import {Eligibility} from './eligibility.ts';
import type {WorkerRows} from './workerRows.ts';

/** Sets of terms remembered; 256 of 20,000 workers each are up to 150 MB, mostly slot tables. */
const MAX_REMEMBERED = 256;

/**
 * Eligibility by terms, the least recently used one forgotten first. It follows every change of the
 * rows, and is emptied when positions change.
 */
export class EligibilityCache {
  readonly #rows: WorkerRows;
  readonly #byTerms = new BoundedMap<string, Eligibility>(MAX_REMEMBERED);
  /** Text of constraints that many requests share: writing it is most of a look-up. */
  readonly #texts = new WeakMap<Constraints, string>();

  constructor(rows: WorkerRows) {
    this.#rows = rows;
  }

  /** O(1) when known, else O(workers). The same terms give the same object while remembered. */
  of(constraints: Constraints, {gpuCount, gpuTypes}: Pick<Demand, 'gpuCount' | 'gpuTypes'>) {
    const needsGpu = gpuCount > 0;
    let key = this.#textOf(constraints);
    if (needsGpu) key += JSON.stringify(gpuTypes);
    const terms = {constraints, needsGpu, gpuTypes};
    return this.#byTerms.use(key, () => new Eligibility(this.#rows, terms));
  }

  all(): Iterable<Eligibility> {
    return this.#byTerms.values();
  }

  clear(): void {
    this.#byTerms.clear();
  }

  #textOf(constraints: Constraints): string {
    const known = this.#texts.get(constraints);
    if (known !== undefined) return known;
    const text = JSON.stringify(constraints);
    this.#texts.set(constraints, text);
    return text;
  }
}
