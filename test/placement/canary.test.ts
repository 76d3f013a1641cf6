import fc from 'fast-check';
import {expect, test} from 'vitest';
import {place} from '../../src/placement/place.ts';
import type {Assigned, PlacementRequest, Plan} from '../../src/placement/plan.ts';
import {makeAllocation} from './builders.ts';
import {findViolations, type Scenario} from './oracle.ts';
import {planOf, scenarios, snapshotFor} from './scenarios.ts';

/** Runs within which the oracle has to catch a planted bug; the real property takes as many. */
const numRuns = 400;

/**
 * Plans for altered requests, as if `place` did not see what was altered, then gives back the real
 * ones.
 */
function blindTo(alter: (request: PlacementRequest) => Partial<PlacementRequest>) {
  return (scenario: Scenario): Plan => {
    const original = new Map(scenario.batch.map((request) => [request.uid, request]));
    const batch = scenario.batch.map((request, index) => ({
      ...request,
      ...alter(request),
      classKey: `${index}`,
    }));
    const plan = place(batch, snapshotFor(scenario));
    const restore = <Entry extends {readonly request: PlacementRequest}>(entry: Entry): Entry => ({
      ...entry,
      request: original.get(entry.request.uid)!,
    });
    return {assigned: plan.assigned.map(restore), unplaced: plan.unplaced.map(restore)};
  };
}

/** Plans for altered workers. */
function misreading(alter: (worker: Scenario['workers'][number]) => object) {
  return (scenario: Scenario): Plan => {
    const workers = scenario.workers.map((worker) => ({...worker, ...alter(worker)}));
    return place(scenario.batch, snapshotFor({...scenario, workers}));
  };
}

function spoiling(spoil: (plan: Plan) => Plan) {
  return (scenario: Scenario): Plan => spoil(planOf(scenario));
}

const withDemand = (changes: Partial<PlacementRequest['demand']>) =>
  blindTo(({demand}) => ({demand: {...demand, ...changes}}));
const without = (constraint: 'poolName' | 'workerName' | 'selector') =>
  blindTo(({constraints}) => {
    const {[constraint]: _, ...rest} = constraints;
    return {constraints: rest};
  });
const shifted = (one: Assigned): Assigned => ({
  ...one,
  gpuDevices: one.gpuDevices.map((device) => device + 1),
});

const bugs: Readonly<Record<string, (scenario: Scenario) => Plan>> = {
  'cpu is not looked at': withDemand({cpuMillis: 0}),
  'memory is not looked at': withDemand({memoryBytes: 0}),
  'GPU types are not looked at': withDemand({gpuTypes: []}),
  'a share is taken for less than it is': blindTo(({demand}) => ({
    demand: {...demand, gpuMillis: Math.ceil(demand.gpuMillis / (demand.gpuCount === 1 ? 2 : 1))},
  })),
  'the number of containers is not looked at': misreading(({capacity}) => ({
    capacity: {...capacity, containers: 250},
  })),
  'the pool is not looked at': without('poolName'),
  'the worker name is not looked at': without('workerName'),
  'the selector is not looked at': without('selector'),
  'taints are not looked at': misreading(() => ({taints: []})),
  'NoExecute is taken for a wish': misreading(({taints}) => ({
    taints: taints.filter(({effect}) => effect !== 'NoExecute'),
  })),
  'every taint is tolerated that has a known key': blindTo(({constraints}) => ({
    constraints: {
      ...constraints,
      tolerations: constraints.tolerations.map((one) => ({...one, operator: 'Exists' as const})),
    },
  })),
  'PreferNoSchedule is not looked at': misreading(({taints}) => ({
    taints: taints.filter(({effect}) => effect !== 'PreferNoSchedule'),
  })),
  'PreferNoSchedule is taken for NoSchedule': misreading(({taints}) => ({
    taints: taints.map((taint) => ({...taint, effect: 'NoSchedule' as const})),
  })),
  'a toleration of one effect is taken for one of all': blindTo(({constraints}) => ({
    constraints: {
      ...constraints,
      tolerations: constraints.tolerations.map((one) => {
        const {effect: _, ...rest} = one;
        return rest;
      }),
    },
  })),
  'a toleration of every key is taken for one of none': blindTo(({constraints}) => ({
    constraints: {
      ...constraints,
      tolerations: constraints.tolerations.filter(({key}) => key !== undefined),
    },
  })),
  'the order of GPU types is not looked at': blindTo(({demand}) => ({
    demand: {...demand, gpuTypes: demand.gpuTypes.toSorted()},
  })),
  'requirements after the first are not looked at': blindTo(({constraints}) => ({
    constraints: {
      ...constraints,
      ...(constraints.selector && {
        selector: {
          ...constraints.selector,
          matchExpressions: constraints.selector.matchExpressions?.slice(0, 1) ?? [],
        },
      }),
    },
  })),
  'what was given back is still held': (scenario) =>
    planOf({...scenario, bound: [...scenario.bound, makeAllocation({cpuMillis: 500})]}),
  'readiness is not looked at': misreading(() => ({ready: true})),
  'a cordon is not looked at': misreading(() => ({unschedulable: false})),
  'what is bound already is forgotten': (scenario) => planOf({...scenario, bound: []}),
  'priority is not looked at': blindTo(() => ({priority: 0})),
  'a device is counted from 1': spoiling(({assigned, unplaced}) => ({
    assigned: assigned.map(shifted),
    unplaced,
  })),
  'a request is lost': spoiling(({assigned, unplaced}) => ({
    assigned: assigned.slice(1),
    unplaced,
  })),
  'a request is placed twice': spoiling(({assigned, unplaced}) => ({
    assigned: [...assigned, ...assigned.slice(0, 1)],
    unplaced,
  })),
  'a request is given up though a worker has room': spoiling(({assigned, unplaced}) => ({
    assigned: assigned.slice(0, -1),
    unplaced: [
      ...unplaced,
      ...assigned.slice(-1).map(({request}) => ({
        request,
        verdict: {workerCount: 0, counts: [], message: ''},
      })),
    ],
  })),
  'the last worker is never tried': ({workers, ...rest}) =>
    planOf({...rest, workers: workers.slice(0, -1)}),
};

test.each(Object.entries(bugs))('the oracle notices when %s', (_, buggyPlan) => {
  const caught = fc
    .sample(scenarios, {numRuns, seed: 1})
    .some((scenario) => findViolations(scenario, buggyPlan(scenario)).length > 0);
  expect(caught, `a violation within ${numRuns} runs`).toBe(true);
});
