/** What an audit finds wrong; each rule has a canary in `test/audit` that only it catches. */
export type Rule =
  /** A placement was added to a worker that had no room for it in cpu, memory or containers. */
  | 'over capacity'
  /** A GPU device holds more than itself, or is not there. */
  | 'device over capacity'
  /** A placement names fewer or more devices than the request asked for. */
  | 'device count'
  /** A placement was added to a worker that is not there. */
  | 'unknown worker'
  /** A placed request changed its worker, assignment or devices, or lost them without a reason. */
  | 'moved'
  /** A finished request is not finished any more. */
  | 'revived'
  /** One assignment id on two requests: a bind reached an object that it was not decided on. */
  | 'assignment reused'
  /** Somebody acted in a term that had ended. */
  | 'epoch went back'
  /** A placement without its record in the Ledger object. */
  | 'not committed'
  /** One cycle took capacity in two updates of the Ledger object. */
  | 'committed twice'
  /** A request has neither worker nor end nor a word why, or sits on a worker that is gone. */
  | 'lost'
  /** What a waiting request says of itself is not so. */
  | 'untrue reason'
  /** The sums in a Worker's status are not those of its placements. */
  | 'view differs'
  /** The ledger does not hold what is placed. */
  | 'ledger differs';

export interface Violation {
  readonly rule: Rule;
  /** Revision at which it was first seen. */
  readonly resourceVersion: string;
  /** Kind and name of each object that takes part. */
  readonly objects: readonly string[];
  readonly expected: string;
  readonly found: string;
  /** All of it, for people. */
  readonly sentence: string;
}

export type Finding = Pick<Violation, 'rule' | 'objects' | 'expected' | 'found'>;

/** Violations beyond this are counted and not kept: the first ones say what went wrong. */
const maxKept = 1_000;

/** Where all rules report to. */
export class ViolationLog {
  readonly #kept: Violation[] = [];
  readonly #onViolation: (violation: Violation) => void;
  #total = 0;

  constructor(onViolation: (violation: Violation) => void = () => {}) {
    this.#onViolation = onViolation;
  }

  get kept(): readonly Violation[] {
    return this.#kept;
  }

  get total(): number {
    return this.#total;
  }

  report(revision: number, {rule, objects, expected, found}: Finding): void {
    this.#total++;
    if (this.#kept.length >= maxKept) return;
    const sentence = `${found}; expected ${expected} (${objects.join(', ')})`;
    const resourceVersion = String(revision);
    const violation = {rule, resourceVersion, objects, expected, found, sentence};
    this.#kept.push(violation);
    this.#onViolation(violation);
  }
}
