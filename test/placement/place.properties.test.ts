import assert from 'node:assert/strict';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {FrozenSnapshot} from '../../src/placement/frozenSnapshot.ts';
import {place} from '../../src/placement/place.ts';
import type {Plan, Snapshot} from '../../src/placement/plan.ts';
import {makeRequest, makeWorker, snapshotOf, tableOf} from './builders.ts';
import {detours, tableByWay} from './histories.ts';
import {findViolations, whyNot} from './oracle.ts';
import {planOf, pools, scenarios, snapshotFor} from './scenarios.ts';

const runs = {numRuns: 400};

test('no plan breaks the contract: all constraints, wishes, devices, completeness, priority; CPU and GPU, Spread and Pack, any history', () => {
  fc.assert(
    fc.property(scenarios, pools, detours, (scenario, poolList, way) => {
      const plan = place(scenario.batch, tableByWay(scenario, poolList, way).snapshot());
      assert.deepEqual(findViolations(scenario, plan), []);
    }),
    {numRuns: 2_000},
  );
});

test('the order in which workers and allocations were listed changes nothing', () => {
  const shuffled = scenarios.chain((scenario) =>
    fc.record({
      scenario: fc.constant(scenario),
      workers: fc.shuffledSubarray([...scenario.workers], {minLength: scenario.workers.length}),
      bound: fc.shuffledSubarray([...scenario.bound], {minLength: scenario.bound.length}),
    }),
  );
  fc.assert(
    fc.property(shuffled, ({scenario, workers, bound}) => {
      const other = planOf({...scenario, workers, bound});
      assert.equal(JSON.stringify(other), JSON.stringify(planOf(scenario)));
    }),
    runs,
  );
});

test('workers that came and went leave no trace in the plan', () => {
  fc.assert(
    fc.property(scenarios, fc.nat({max: 40}), (scenario, gone) => {
      const workers = [...scenario.workers];
      const leavers = Array.from({length: gone}, (_, index) => makeWorker({name: `gone-${index}`}));
      const direct = planOf(scenario);
      const table = tableOf([...leavers, ...workers]);
      for (const {name} of leavers) table.removeWorker(name);
      for (const one of scenario.bound) table.take(one);
      const other = place(scenario.batch, table.snapshot());
      assert.equal(JSON.stringify(other), JSON.stringify(direct));
    }),
    {numRuns: 100},
  );
});

test('a snapshot is the same after a plan as before', () => {
  fc.assert(
    fc.property(scenarios, (scenario) => {
      const snapshot = snapshotFor(scenario);
      const before = contentsOf(snapshot);
      const first = place(scenario.batch, snapshot);
      assert.deepEqual(contentsOf(snapshot), before);
      assert.equal(JSON.stringify(place(scenario.batch, snapshot)), JSON.stringify(first));
    }),
    {numRuns: 100},
  );
});

test('a verdict counts every worker once, under the first test that it fails', () => {
  fc.assert(
    fc.property(scenarios, (scenario) => {
      const request = scenario.batch[0]!;
      const single = {...scenario, batch: [request]};
      const [unplaced] = planOf(single).unplaced;
      if (!unplaced) return;
      const expected = new Map<string, number>();
      for (const worker of scenario.workers) {
        const reason = whyNot(request, worker, scenario.bound);
        assert(reason !== undefined);
        expected.set(reason, (expected.get(reason) ?? 0) + 1);
      }
      const {counts, workerCount} = unplaced.verdict;
      assert.equal(workerCount, scenario.workers.length);
      assert.deepEqual(new Map(counts.map(({reason, workers}) => [reason, workers])), expected);
    }),
    runs,
  );
});

test('unplaced requests of one class share one verdict', () => {
  fc.assert(
    fc.property(scenarios, (scenario) => {
      const verdicts = new Map<string, unknown>();
      for (const {request, verdict} of planOf(scenario).unplaced) {
        const known = verdicts.get(request.classKey);
        assert(known === undefined || known === verdict);
        verdicts.set(request.classKey, verdict);
      }
    }),
    {numRuns: 100},
  );
});

test('10,000 requests that fit nowhere cost one look at the workers', () => {
  const batch = Array.from({length: 10_000}, () => makeRequest({cpuMillis: 9000}));
  const plan: Plan = place(batch, snapshotOf([makeWorker()]));
  expect(plan.unplaced).toHaveLength(10_000);
  expect(new Set(plan.unplaced.map(({verdict}) => verdict)).size).toBe(1);
});

function contentsOf(snapshot: Snapshot): unknown {
  assert(snapshot instanceof FrozenSnapshot);
  const {cpuMillis, memoryBytes, containers, gpuTotal, gpuMillis} = snapshot.free;
  return structuredClone({cpuMillis, memoryBytes, containers, gpuTotal, gpuMillis});
}
