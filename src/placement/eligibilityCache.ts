import {buildEligibility, type Eligibility, type RankedColumns, type Terms} from './eligibility.ts';

/** Sets of terms remembered; 256 of 20,000 workers each are about 30 MB. */
const MAX_REMEMBERED = 256;

/**
 * Eligibility by terms, the least recently used one forgotten first. It lives in a layout, so that
 * nothing in it can outlive the workers that it was computed from.
 *
 * A Map keeps the order of insertion: taking out and putting back moves an entry to the young end.
 */
export class EligibilityCache {
  readonly #columns: RankedColumns;
  readonly #byTerms = new Map<string, Eligibility>();

  constructor(columns: RankedColumns) {
    this.#columns = columns;
  }

  /** O(1) when known, else O(workers). The same terms give the same object while remembered. */
  of(terms: Terms): Eligibility {
    const key = JSON.stringify([terms.constraints, terms.needsGpu, terms.gpuTypes]);
    const known = this.#byTerms.get(key);
    if (known) this.#byTerms.delete(key);
    const eligibility = known ?? buildEligibility(this.#columns, terms);
    this.#byTerms.set(key, eligibility);
    if (this.#byTerms.size > MAX_REMEMBERED) {
      for (const oldest of this.#byTerms.keys()) {
        this.#byTerms.delete(oldest);
        break;
      }
    }
    return eligibility;
  }
}
