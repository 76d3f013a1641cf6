import {inLanes} from '../../src/cli/burst/inLanes.ts';
import {systemClock} from '../../src/lib/clock.ts';
import type {BerthProcess} from '../cli/berthProcess.ts';
import {waitFor} from '../servers/waitFor.ts';
import type {Field, LeaseSeconds} from './field.ts';
import {createCall, created, Load} from './load.ts';
import {Observer, type Placement, type Sighting} from './observer.ts';
import {untilDone} from './untilDone.ts';

export interface BattleOptions {
  readonly field: Field;
  /** Of all requests; one a battle. */
  readonly namespace: string;
  readonly lease: LeaseSeconds;
  readonly createsPerSecond: number;
  readonly workers?: {readonly count: number; readonly slots: number};
}

/** What one fault did. Times are undefined where the fault leaves no such moment. */
export interface Outcome {
  readonly created: number;
  /** Created, and not placed in the end. */
  readonly lost: number;
  /** Placed more than once. */
  readonly doubled: number;
  /** Of the auditor, each as one sentence. */
  readonly violations: readonly string[];
  readonly revisions: number;
  /** From the fault to the first correct placement after it. */
  readonly afterFaultMs: number;
  /** From the moment when others may take the Lease; where the leader changed. */
  readonly afterFreeLeaseMs: number | undefined;
}

/** The first placement that counts as the recovery, after `sinceMs`. */
export interface Recovery {
  readonly sinceMs: number;
  /** Where the leader must change: the epoch that has ended. */
  readonly endedEpoch?: number;
}

const startMs = 30_000;
const recoveryMs = 45_000;
const settleMs = 60_000;
/** Placements before the fault: the leader is in the midst of batches. */
const warm = 40;
/** Tight, so that one placement too many is one too many for a worker. */
const tightWorkers = {count: 10, slots: 4};
const lifeMs = 250;

/** Operators under load, an observer beside them, and one fault. */
export class Battle {
  readonly field: Field;
  readonly observer: Observer;
  readonly load: Load;
  readonly operators: BerthProcess[] = [];
  readonly #options: BattleOptions;
  #ledgerFlags: readonly string[] = [];
  readonly #over = new AbortController();

  private constructor(options: BattleOptions, observer: Observer) {
    const {field, namespace, createsPerSecond} = options;
    this.#options = options;
    this.field = field;
    this.observer = observer;
    this.load = new Load({
      transport: field.api.transport(),
      agentTransport: field.api.transport(),
      namespace,
      prefix: namespace,
      createsPerSecond,
      lifeMs,
    });
    observer.onPlaced = (sighting, placement) => this.load.placed(sighting, placement);
  }

  static async open(options: BattleOptions): Promise<Battle> {
    const {field, namespace, workers = tightWorkers} = options;
    await field.createNamespace(namespace);
    await field.createWorkers(workers);
    return new Battle(options, await Observer.start(field.api.transport()));
  }

  /** Where replicas that start from now on commit. */
  useLedger(flags: readonly string[]): void {
    this.#ledgerFlags = flags;
  }

  /** One more replica. The first one leads. */
  async addOperator(apiPort?: number): Promise<BerthProcess> {
    const isFirst = this.operators.length === 0;
    const operator = this.#start(apiPort);
    await operator.untilLogged(isFirst ? 'ledger settled; taking batches' : 'leader seen');
    return operator;
  }

  #start(apiPort: number | undefined): BerthProcess {
    const {field, lease} = this.#options;
    const operator = field.startOperator({lease, flags: this.#ledgerFlags, apiPort});
    this.operators.push(operator);
    // As Kubernetes does with a container that leaves by itself.
    void operator.ended.then((exitCode) => {
      if (exitCode === 1 && !this.#over.signal.aborted) this.#start(apiPort);
    });
    return operator;
  }

  /** Kills what still runs and gives up what is under way. */
  async close(): Promise<void> {
    this.#over.abort();
    for (const operator of this.operators) operator.signal('SIGKILL');
    await this.load.abandon();
  }

  /** Creates `count` requests that are no part of the load; resolves when they exist. */
  async crowd(count: number, specOf: (index: number) => object): Promise<void> {
    const {field, namespace} = this.#options;
    await inLanes([...Array(count).keys()], async (index) => {
      const call = createCall(namespace, `crowd-${index}`, specOf(index));
      await untilDone(field.transport, call, created, this.#over.signal);
    });
  }

  /** Begins the load and waits until it is being placed. */
  async begin(): Promise<void> {
    this.load.start();
    await this.until('placements flow', startMs, () => this.placedCount() >= warm);
  }

  placedCount(): number {
    let count = 0;
    for (const {placements} of this.observer.sightings()) if (placements.length > 0) count++;
    return count;
  }

  /** Waits for the first placement that shows that the fault is overcome. */
  async recovered(recovery: Recovery): Promise<Placement> {
    let first: Placement | undefined;
    await this.until('the first correct placement', recoveryMs, () => {
      first = firstOf(this.observer.sightings(), recovery);
      return first !== undefined;
    });
    return first!;
  }

  /** Lets the load go on for so long. */
  async lasts(durationMs: number): Promise<void> {
    const endMs = nowMs() + durationMs;
    await waitFor(`${durationMs} ms to pass`, 2 * durationMs + 5_000, () => nowMs() >= endMs);
  }

  /** As `waitFor`, with what the operators complained about where it does not come true. */
  async until(what: string, deadlineMs: number, check: () => boolean): Promise<void> {
    try {
      await waitFor(what, deadlineMs, check);
    } catch (cause) {
      const said = this.operators.map(({complaints}, index) =>
        [`replica ${index + 1}:`, ...complaints.slice(-20)].join('\n  '),
      );
      throw new Error([(cause as Error).message, ...said].join('\n'), {cause});
    }
  }

  /** Ends the load, waits until all is placed and ended, and counts. */
  async end(times: Pick<Outcome, 'afterFaultMs' | 'afterFreeLeaseMs'>): Promise<Outcome> {
    const {load, observer, operators} = this;
    await load.stop();
    const names = new Set(load.created);
    const isOver = () => {
      const over = [...observer.sightings()].filter(({name, isOver: ends}) => {
        return names.has(name) && ends;
      });
      return over.length === names.size;
    };
    await this.until('the end of every request', settleMs, isOver).catch((error: unknown) => {
      // It is counted below as what it is.
      process.stderr.write(`${(error as Error).message}\n`);
    });
    this.#over.abort();
    for (const operator of operators) if (!operator.hasEnded) await operator.stop();
    const {violations, revisions} = await observer.verdict();
    const mine = [...observer.sightings()].filter(({name}) => names.has(name));
    const placed = mine.filter(({placements}) => placements.length > 0);
    return {
      created: names.size,
      lost: names.size - placed.length,
      doubled: placed.filter(({placements}) => placements.length > 1).length,
      violations: violations.map(({rule, sentence}) => `${rule}: ${sentence}`),
      revisions,
      ...times,
    };
  }
}

/**
 * Under a later leader any placement counts; under the same one only that of a request which was
 * created after the fault, as the others may have been on their way.
 */
function firstOf(
  sightings: Iterable<Sighting>,
  {sinceMs, endedEpoch}: Recovery,
): Placement | undefined {
  let first: Placement | undefined;
  for (const {seenAtMs, placements} of sightings) {
    if (endedEpoch === undefined && seenAtMs <= sinceMs) continue;
    for (const placement of placements) {
      if (placement.atMs <= sinceMs || placement.epoch <= (endedEpoch ?? -1)) continue;
      if (first === undefined || placement.atMs < first.atMs) first = placement;
    }
  }
  return first;
}

export function nowMs(): number {
  return systemClock.monotonicMs();
}
