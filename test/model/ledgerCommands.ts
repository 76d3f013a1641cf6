import fc from 'fast-check';
import {expect} from 'vitest';
import type {Allocation, Capacity} from '../../src/api/resources.ts';
import {type CommitResult, type Ledger, Reject} from '../../src/ledger/ledger.ts';
import {takeOver} from '../../src/ledger/takeOver.ts';
import {makeAllocation, makeCapacity} from '../ledger/allocations.ts';

/** What is true, as plainly as it can be said: who has which place, and who leads. */
export interface Truth {
  epoch: number;
  /** Of each operator, as far as it knows; 0: it has never led. */
  readonly epochs: [number, number];
  /** Committed and not yet bound, by uid. */
  readonly committed: Map<string, Allocation>;
  readonly bound: Map<string, Allocation>;
}

/** Two operators at one ledger, and what they carry between their commits. */
export interface Operators {
  readonly ledgers: readonly [Ledger, Ledger];
  /** What the API server shows as bound; a Kubernetes ledger sums it up with its own. */
  readonly bound: Map<string, Allocation>;
  readonly releases: Set<string>;
  readonly confirmed: Set<string>;
  cycle: number;
  /** The next commit loses its reply, where the ledger is somewhere else. */
  readonly loseReply: () => void;
}

type Command = fc.AsyncCommand<Truth, Operators>;

const {signal} = new AbortController();
const uids = ['a', 'b', 'c', 'd', 'e', 'f'];
const workerNames = ['w-0', 'w-1'];
const capacity: Capacity = makeCapacity({cpuMillis: 4, memoryBytes: 100, containers: 3});
const capacities = new Map(workerNames.map((name) => [name, capacity]));

/** Takes the ledger as `Leader` does: opens, rolls forward or releases, settles. */
class Lead implements Command {
  readonly #by: 0 | 1;
  readonly #gone: ReadonlySet<string>;

  /** @param gone uids of requests that were deleted before anybody bound them */
  constructor(by: 0 | 1, gone: readonly string[]) {
    this.#by = by;
    this.#gone = new Set(gone);
  }

  check = () => true;

  async run(truth: Truth, operators: Operators): Promise<void> {
    const epoch = ++truth.epoch;
    truth.epochs[this.#by] = epoch;
    const ledger = operators.ledgers[this.#by];
    const opened = await ledger.open(epoch, signal);
    if (opened.kind !== 'opened') throw new Error(`Cannot open the ledger: ${opened.kind}`);
    const held = new Set(opened.allocations.map(({uid}) => uid));
    for (const uid of truth.committed.keys()) expect(held).toContain(uid);
    for (const uid of this.#gone) truth.committed.delete(uid);
    const plan = takeOver({
      held: opened.allocations,
      bound: truth.bound.values(),
      canBind: (uid) => truth.committed.has(uid),
    });
    const isUid = (left: Allocation, right: Allocation) => (left.uid < right.uid ? -1 : 1);
    expect([...plan.truth].sort(isUid)).toEqual(
      [...truth.committed.values(), ...truth.bound.values()].sort(isUid),
    );
    expect(await ledger.settle(epoch, plan.truth, signal)).toMatchObject({kind: 'committed'});
    operators.releases.clear();
    operators.confirmed.clear();
  }

  toString = () => `Lead(${this.#by}, gone: ${[...this.#gone].join()})`;
}

/** Commits a batch with all that waits, asked again where the reply was lost. */
class Commit implements Command {
  readonly #by: 0 | 1;
  readonly #assignments: readonly Allocation[];
  readonly #isLost: boolean;

  constructor(by: 0 | 1, assignments: readonly Allocation[], isLost: boolean) {
    this.#by = by;
    this.#assignments = assignments;
    this.#isLost = isLost;
  }

  check = ({epochs}: Readonly<Truth>) => epochs[this.#by] > 0;

  async run(truth: Truth, operators: Operators): Promise<void> {
    const epoch = truth.epochs[this.#by];
    const isFenced = epoch < truth.epoch;
    // Of what is bound a leader knows: it asks for none of it.
    const assignments = this.#assignments.filter(({uid}) => !truth.bound.has(uid));
    const input = {
      epoch,
      cycle: ++operators.cycle,
      releases: isFenced ? [] : [...operators.releases],
      confirmed: isFenced ? [] : [...operators.confirmed],
      assignments,
      capacities,
    };
    if (this.#isLost) operators.loseReply();
    const ledger = operators.ledgers[this.#by];
    const first = await ledger.commit(input, signal);
    const result = this.#isLost ? await ledger.commit(input, signal) : first;
    if (isFenced) {
      // Where there is nothing to write there is nobody to ask.
      if (assignments.length > 0) expect(result.kind).toBe('fenced');
      return;
    }
    operators.releases.clear();
    operators.confirmed.clear();
    expect(result).toEqual(expectedOf(truth, assignments));
  }

  toString = () => {
    const asked = this.#assignments.map((one) => `${one.uid}@${one.workerName}:${one.cpuMillis}`);
    return `Commit(${this.#by}, ${asked.join()}${this.#isLost ? ', reply lost' : ''})`;
  };
}

/** Takes what fits, one after the other. */
function expectedOf(truth: Truth, assignments: readonly Allocation[]): CommitResult {
  const rejects = assignments.map((asked) => {
    const known = truth.committed.get(asked.uid);
    if (known) {
      const isSame = known.workerName === asked.workerName && known.cpuMillis === asked.cpuMillis;
      return isSame ? undefined : Reject.AssignedElsewhere;
    }
    const taken = [...truth.committed.values(), ...truth.bound.values()].filter(
      ({workerName}) => workerName === asked.workerName,
    );
    const cpuMillis = taken.reduce((sum, one) => sum + one.cpuMillis, asked.cpuMillis);
    if (cpuMillis > capacity.cpuMillis || taken.length >= capacity.containers)
      return Reject.NoCapacity;
    truth.committed.set(asked.uid, asked);
    return undefined;
  });
  return {kind: 'committed', rejects};
}

/** A committed request becomes bound, and its leader hears of it. */
class Bind implements Command {
  readonly #uid: string;

  constructor(uid: string) {
    this.#uid = uid;
  }

  check = ({committed}: Readonly<Truth>) => committed.has(this.#uid);

  async run(truth: Truth, {bound, confirmed}: Operators): Promise<void> {
    const allocation = truth.committed.get(this.#uid)!;
    truth.committed.delete(this.#uid);
    truth.bound.set(this.#uid, allocation);
    bound.set(this.#uid, allocation);
    confirmed.add(this.#uid);
  }

  toString = () => `Bind(${this.#uid})`;
}

/** A request ends or is given up: its capacity is free with the next commit. */
class Release implements Command {
  readonly #uid: string;

  constructor(uid: string) {
    this.#uid = uid;
  }

  check = ({committed, bound}: Readonly<Truth>) => committed.has(this.#uid) || bound.has(this.#uid);

  async run(truth: Truth, {bound, releases, confirmed}: Operators): Promise<void> {
    truth.committed.delete(this.#uid);
    truth.bound.delete(this.#uid);
    bound.delete(this.#uid);
    confirmed.delete(this.#uid);
    releases.add(this.#uid);
  }

  toString = () => `Release(${this.#uid})`;
}

const by = fc.constantFrom<(0 | 1)[]>(0, 1);
const uid = fc.constantFrom(...uids);
const assignment = fc
  .tuple(uid, fc.constantFrom(...workerNames), fc.integer({min: 1, max: 2}))
  .map(([name, workerName, cpuMillis]) =>
    makeAllocation(name, {workerName, cpuMillis, memoryBytes: 1}),
  );
const batch = fc.uniqueArray(assignment, {selector: (one) => one.uid, maxLength: 4});

export const ledgerCommands: fc.Arbitrary<Iterable<Command>> = fc.commands(
  [
    fc.tuple(by, fc.array(uid, {maxLength: 2})).map(([leader, gone]) => new Lead(leader, gone)),
    fc.tuple(by, batch, fc.boolean()).map((args) => new Commit(...args)),
    uid.map((name) => new Bind(name)),
    uid.map((name) => new Release(name)),
  ],
  {size: '+1', maxCommands: 40},
);
