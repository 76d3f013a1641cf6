import fc from 'fast-check';
import {expect} from 'vitest';
import type {Allocation, Capacity} from '../../src/api/resources.ts';
import {type CommitInput, type CommitResult, Reject} from '../../src/ledger/ledger.ts';
import {byUid, makeAllocation, makeCapacity} from './allocations.ts';
import type {LedgerFixture} from './ledgerSubject.ts';

type Step =
  | {
      readonly kind: 'lead';
      readonly by: 0 | 1;
      readonly keep: boolean;
      readonly truth: Allocation[];
    }
  | {
      readonly kind: 'commit';
      readonly by: 0 | 1;
      readonly releases: string[];
      readonly assignments: Allocation[];
      readonly known: string[];
    };

const uids = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const workerNames = ['w-0', 'w-1', 'w-2'];
const capacity: Capacity = makeCapacity({
  cpuMillis: 4,
  memoryBytes: 4,
  gpuCount: 2,
  gpuType: 'A100',
  containers: 3,
});

const allocation = fc
  .record({
    uid: fc.constantFrom(...uids),
    workerName: fc.constantFrom(...workerNames),
    cpuMillis: fc.integer({min: 1, max: 2}),
    memoryBytes: fc.integer({min: 1, max: 2}),
    gpuDevices: fc.constantFrom<number[][]>([], [], [0], [1], [0, 1], [2]),
    share: fc.constantFrom(400, 1000),
  })
  .map(({share, uid, ...rest}) =>
    makeAllocation(uid, {...rest, gpuMillis: rest.gpuDevices.length > 0 ? share : 0}),
  );

const by = fc.constantFrom<(0 | 1)[]>(0, 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('lead' as const),
      by,
      keep: fc.boolean(),
      truth: fc.uniqueArray(allocation, {selector: ({uid}) => uid}),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      by,
      releases: fc.array(fc.constantFrom(...uids), {maxLength: 3}),
      assignments: fc.array(allocation, {maxLength: 6}),
      known: fc.uniqueArray(fc.constantFrom(...workerNames), {minLength: 2}),
    }),
  },
);

/** The obvious ledger: a map of allocations, summed up again for every question. */
class Model {
  epoch = 0;
  held = new Map<string, Allocation>();

  commit({epoch, releases, assignments, capacities}: CommitInput): CommitResult {
    if (epoch < this.epoch) return {kind: 'fenced', currentEpoch: this.epoch};
    for (const uid of releases) this.held.delete(uid);
    const rejects = assignments.map((assignment) => {
      const reject = this.#judge(assignment, capacities);
      if (reject === undefined) this.held.set(assignment.uid, assignment);
      return reject;
    });
    return {kind: 'committed', rejects};
  }

  #judge(asked: Allocation, capacities: CommitInput['capacities']): Reject | undefined {
    const before = this.held.get(asked.uid);
    if (before) {
      return JSON.stringify(before) === JSON.stringify(asked)
        ? undefined
        : Reject.AssignedElsewhere;
    }
    const known = capacities.get(asked.workerName);
    if (!known) return Reject.WorkerUnknown;
    const all = [...this.held.values(), asked].filter((a) => a.workerName === asked.workerName);
    const sum = (amount: (a: Allocation) => number) => all.reduce((s, a) => s + amount(a), 0);
    const isOver =
      sum((a) => a.cpuMillis) > known.cpuMillis ||
      sum((a) => a.memoryBytes) > known.memoryBytes ||
      all.length > known.containers ||
      asked.gpuDevices.some(
        (device) =>
          device >= known.gpuCount ||
          sum((a) => (a.gpuDevices.includes(device) ? a.gpuMillis : 0)) > 1000,
      );
    return isOver ? Reject.NoCapacity : undefined;
  }
}

/** Random leaders and commits, on the ledger and on the model: every answer must be the same. */
export async function checkAgainstModel(
  makeFixture: () => Promise<LedgerFixture>,
  numRuns: number,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(step, {minLength: 1, maxLength: 25}), async (steps) => {
      const fixture = await makeFixture();
      try {
        await follow(fixture, steps);
      } finally {
        await fixture.close();
      }
    }),
    {numRuns},
  );
}

async function follow(fixture: LedgerFixture, steps: readonly Step[]): Promise<void> {
  const {signal} = new AbortController();
  const operators = [
    {ledger: fixture.first, epoch: 0, cycle: 0},
    {ledger: fixture.second, epoch: 0, cycle: 0},
  ] satisfies [unknown, unknown];
  const model = new Model();

  const lead = async (by: 0 | 1, truth: Allocation[] | undefined) => {
    const operator = operators[by];
    const opened = await operator.ledger.open(++model.epoch, signal);
    expect(opened.kind === 'opened' && byUid(opened.allocations)).toEqual(
      byUid([...model.held.values()]),
    );
    if (truth) model.held = new Map(truth.map((allocation) => [allocation.uid, allocation]));
    const settled = await operator.ledger.settle(model.epoch, [...model.held.values()], signal);
    expect(settled).toEqual({kind: 'committed', rejects: []});
    operator.epoch = model.epoch;
    operator.cycle = 0;
  };

  await lead(0, []);
  for (const step of steps) {
    if (step.kind === 'lead') {
      await lead(step.by, step.keep ? undefined : step.truth);
      continue;
    }
    const operator = operators[step.by];
    if (operator.epoch === 0) continue;
    const input: CommitInput = {
      epoch: operator.epoch,
      cycle: ++operator.cycle,
      releases: step.releases,
      confirmed: [],
      assignments: step.assignments,
      capacities: new Map(step.known.map((name) => [name, capacity])),
    };
    const [actual, expected] = [await operator.ledger.commit(input, signal), model.commit(input)];
    if (expected.kind !== 'fenced') {
      expect(actual).toEqual(expected);
    } else if (actual.kind === 'fenced') {
      // Who was refused once need not ask again, and then knows the epoch of that time.
      expect(actual.currentEpoch).toBeGreaterThan(input.epoch);
      expect(actual.currentEpoch).toBeLessThanOrEqual(expected.currentEpoch);
    } else {
      // A commit that changes nothing may do without asking, and so learn of no new leader.
      expect(input.assignments).toEqual([]);
      expect(actual).toEqual({kind: 'committed', rejects: []});
    }
  }
  await lead(1, undefined);
}
