import type {SeenLease, SeenLedger} from './seen.ts';
import type {ViolationLog} from './violation.ts';

/** A holder that shows no sign for so long may be gone; its Lease lasts 15 s. */
const silentAfterMs = 30_000;

interface Led {
  readonly holder: string;
  readonly sinceMs: number;
  readonly heardMs: number;
}

/** Terms only grow, in the Lease and in the Ledger object, and a cycle commits once. */
export class LeadershipRule {
  readonly #log: ViolationLog;
  /** By Ledger: the cycle that has taken capacity already. */
  readonly #taken = new Map<string, string>();
  /** By Lease. */
  readonly #led = new Map<string, Led>();
  #commits = 0;

  constructor(log: ViolationLog) {
    this.#log = log;
  }

  /** Updates of Ledger objects that took capacity. */
  get commits(): number {
    return this.#commits;
  }

  /** Since when one and the same leader has led; undefined while nobody surely does. */
  ledSinceMs(nowMs: number): number | undefined {
    const leading = [...this.#led.values()].filter(
      ({holder, heardMs}) => holder !== '' && nowMs - heardMs < silentAfterMs,
    );
    return leading.length === 0 ? undefined : Math.min(...leading.map(({sinceMs}) => sinceMs));
  }

  leaseGone(key: string): void {
    this.#led.delete(key);
  }

  judgeLease(before: SeenLease | undefined, seen: SeenLease, atMs: number): void {
    const {holder, transitions, key, revision} = seen;
    const led = this.#led.get(key);
    const sinceMs = led?.holder === holder ? led.sinceMs : atMs;
    this.#led.set(key, {holder, sinceMs, heardMs: atMs});
    if (!before || before.uid !== seen.uid) return;
    const isTaken = holder !== '' && holder !== before.holder;
    if (transitions > before.transitions || (!isTaken && transitions === before.transitions))
      return;
    const whose = `${holder || 'nobody'} at ${transitions} transitions after ${before.holder || 'nobody'} at ${before.transitions}`;
    this.#log.report(revision, {
      rule: 'epoch went back',
      objects: [`Lease ${key}`],
      found: `Lease ${key} is held by ${whose}`,
      expected: isTaken ? 'more transitions for a new holder' : 'no fewer transitions',
    });
  }

  judgeLedger(before: SeenLedger | undefined, seen: SeenLedger): void {
    if (!before || before.uid !== seen.uid) return;
    const {key, revision, epoch, cycle, inFlight} = seen;
    const objects = [`Ledger ${key}`];
    const isBack = epoch < before.epoch || (epoch === before.epoch && cycle < before.cycle);
    if (isBack) {
      this.#log.report(revision, {
        rule: 'epoch went back',
        objects,
        found: `Ledger ${key} is at epoch ${epoch}, cycle ${cycle} after epoch ${before.epoch}, cycle ${before.cycle}`,
        expected: 'epochs that grow, and cycles that grow within one',
      });
    }
    const added = [...inFlight.keys()].filter((uid) => !before.inFlight.has(uid));
    if (added.length === 0 || cycle === 0) return;
    this.#commits++;
    const update = `epoch ${epoch}, cycle ${cycle}`;
    if (this.#taken.get(key) === update) {
      this.#log.report(revision, {
        rule: 'committed twice',
        objects,
        found: `Ledger ${key} took ${added.length} more assignments at ${update}, which had taken some`,
        expected: 'one commit a batch',
      });
    }
    this.#taken.set(key, update);
  }
}
