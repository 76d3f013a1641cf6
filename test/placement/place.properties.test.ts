import assert from 'node:assert/strict';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {FrozenSnapshot} from '../../src/placement/frozenSnapshot.ts';
import {place} from '../../src/placement/place.ts';
import type {Plan, Snapshot} from '../../src/placement/plan.ts';
import {makeRequest, makeWorker, snapshotOf} from './builders.ts';
import {detours, tableByWay} from './histories.ts';
import {findViolations} from './oracle.ts';
import {planOf, pools, scenarios, snapshotFor} from './scenarios.ts';

test('no plan breaks the contract: all constraints, wishes, devices, completeness, priority; CPU and GPU, Spread and Pack, any history', () => {
  fc.assert(
    fc.property(scenarios, pools, detours, (scenario, poolList, way) => {
      const plan = place(scenario.batch, tableByWay(scenario, poolList, way).snapshot());
      assert.deepEqual(findViolations(scenario, plan), []);
    }),
    {numRuns: 2_000},
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
