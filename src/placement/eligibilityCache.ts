import type {Constraints} from '../api/constraints.ts';
import type {Demand} from '../api/resources.ts';
import {Eligibility} from './eligibility.ts';
import type {WorkerRows} from './rowIndex.ts';

/** Sets of terms remembered; 256 of 20,000 workers each are about 30 MB. */
const MAX_REMEMBERED = 256;

/**
 * Eligibility by terms, the least recently used one forgotten first. It follows every change of the
 * rows, and is emptied when positions change.
 *
 * A Map keeps the order of insertion: taking out and putting back moves an entry to the young end.
 */
export class EligibilityCache {
  readonly #rows: WorkerRows;
  readonly #byTerms = new Map<string, Eligibility>();
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
    const known = this.#byTerms.get(key);
    if (known) this.#byTerms.delete(key);
    const eligibility = known ?? new Eligibility(this.#rows, {constraints, needsGpu, gpuTypes});
    this.#byTerms.set(key, eligibility);
    if (this.#byTerms.size > MAX_REMEMBERED) {
      for (const oldest of this.#byTerms.keys()) {
        this.#byTerms.delete(oldest);
        break;
      }
    }
    return eligibility;
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
