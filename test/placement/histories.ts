import fc from 'fast-check';
import type {Allocation} from '../../src/api/resources.ts';
import {place} from '../../src/placement/place.ts';
import type {PlacementPool, PlacementWorker} from '../../src/placement/plan.ts';
import {createWorkerTable, type WorkerTable} from '../../src/placement/workerTable.ts';
import {makeAllocation, makeRequest, makeWorker} from './builders.ts';
import type {Scenario} from './oracle.ts';

/*
 * Ways for a table to come to one state: guests that join and leave, workers that were something
 * else before, allocations taken and given back, pools that changed their mind, plans and snapshots
 * between any two of these.
 */

export const DETOUR_KINDS = [
  'guest',
  'farewell',
  'early',
  'disguise',
  'hold',
  'pool',
  'plan',
  'look',
] as const;

/** One step off the straight way; numbers choose among what the scenario has. */
export interface Detour {
  readonly kind: (typeof DETOUR_KINDS)[number];
  readonly pick: number;
}

export const detours: fc.Arbitrary<readonly Detour[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(...DETOUR_KINDS),
    pick: fc.nat({max: 999}),
  }),
  {maxLength: 16, size: 'max'},
);

/** A table with the workers, pools and allocations of the scenario, which went there by `way`. */
export function tableByWay(
  scenario: Scenario,
  pools: readonly PlacementPool[],
  way: readonly Detour[],
): WorkerTable {
  const table = createWorkerTable();
  const guests = new Set<string>();
  const held: Allocation[] = [];
  for (const [step, {kind, pick}] of way.entries()) {
    const worker = scenario.workers[pick % Math.max(1, scenario.workers.length)];
    switch (kind) {
      case 'guest':
        guests.add(`guest-${pick}`);
        table.upsertWorker(makeWorker({name: `guest-${pick}`, gpuCount: pick % 3}));
        break;
      case 'farewell':
        table.removeWorker(worker?.name ?? 'nobody');
        break;
      case 'early':
        if (worker) table.upsertWorker(worker);
        break;
      case 'disguise':
        if (worker) table.upsertWorker(disguised(worker, pick));
        break;
      case 'hold':
        held.push(heldOn(worker?.name ?? 'w-1', step, pick));
        table.take(held.at(-1)!);
        break;
      case 'pool':
        table.upsertPool({name: 'default', strategy: pick % 2 ? 'Pack' : 'Spread', loadBound: 2});
        break;
      case 'plan':
        place([...scenario.batch, makeRequest({gpuCount: 1})], table.snapshot());
        break;
      case 'look':
        table.snapshot();
        break;
    }
  }
  for (const name of guests) table.removeWorker(name);
  for (const worker of scenario.workers) table.upsertWorker(worker);
  for (const one of scenario.bound) table.take(one);
  for (const one of held) table.release(one);
  table.removePool('default');
  for (const pool of pools) table.upsertPool(pool);
  return table;
}

/** The worker with something else than it will have. */
function disguised(worker: PlacementWorker, pick: number): PlacementWorker {
  const {capacity} = worker;
  const disguises: readonly Partial<PlacementWorker>[] = [
    {labels: {zone: 'before'}},
    {taints: [{key: 'team', effect: 'NoSchedule'}]},
    {ready: !worker.ready},
    {unschedulable: !worker.unschedulable},
    {poolName: 'before'},
    {capacity: {...capacity, cpuMillis: capacity.cpuMillis + 4000}},
    {capacity: {...capacity, gpuCount: capacity.gpuCount + 1, gpuType: 'T4'}},
    {capacity: {...capacity, containers: 0}},
  ];
  return {...worker, ...disguises[pick % disguises.length]};
}

function heldOn(workerName: string, step: number, pick: number): Allocation {
  const gpu = pick % 2 === 0 ? {} : {gpuDevices: [0, 2], gpuMillis: 1 + (pick % 1000)};
  return makeAllocation({uid: `held-${step}`, workerName, cpuMillis: pick, ...gpu});
}
