import {fmix32, hashString} from '../lib/hash.ts';
import {place} from '../placement/place.ts';
import type {PlacementRequest} from '../placement/plan.ts';
import {createWorkerTable, type WorkerTable} from '../placement/workerTable.ts';
import type {Placement, Policy} from './policy.ts';
import type {Trace} from './trace.ts';

/**
 * The placement engine of the operator, behind the calls the operator uses. It knows the list
 * beforehand, as the protocol allows.
 */
export function berthPolicy(trace: Trace): Policy {
  return policyWith(createWorkerTable({workload: trace.list}), trace);
}

/** The same without the list: it goes by what it has placed so far, as an operator does. */
export function unseededPolicy(trace: Trace): Policy {
  return policyWith(createWorkerTable(), trace);
}

function policyWith(table: WorkerTable, trace: Trace): Policy {
  const names = rankedNames(trace.workers.length);
  const positions = new Map(names.map((name, position) => [name, position]));
  const requests = trace.arrivals.map(requestOf);
  const arrivalOf = new Map(requests.map((request, arrival) => [request, arrival]));
  table.upsertPool({name: 'default', strategy: 'Pack', loadBound: 1.25});
  for (const [position, capacity] of trace.workers.entries()) {
    table.upsertWorker({
      name: names[position]!,
      poolName: 'default',
      labels: {},
      taints: [],
      unschedulable: false,
      ready: true,
      capacity: {...capacity, containers: requests.length},
    });
  }
  return {
    place(first, end) {
      const {assigned} = place(requests.slice(first, end), table.snapshot());
      return assigned.map(({request, workerName, gpuDevices}): Placement => {
        const {uid, demand} = request;
        const {cpuMillis, memoryBytes, gpuMillis} = demand;
        const amounts = {cpuMillis, memoryBytes, gpuDevices, gpuMillis};
        table.take({uid, request: uid, workerName, ...amounts});
        return {
          arrival: arrivalOf.get(request)!,
          worker: positions.get(workerName)!,
          gpuDevices,
        };
      });
    },
  };
}

/**
 * `count` names in the engine's order of ties, so that the worker at position i of the trace is the
 * i-th of equally good ones. The engine orders workers by (hash of the name, name); sorting any
 * distinct names that way and giving them out in turn makes its order the one of the trace, exactly
 * and for every seed, with nothing in the engine that only a benchmark would use.
 */
function rankedNames(count: number): string[] {
  const names = Array.from({length: count}, (_, index) => `node-${fmix32(index)}`);
  return names.sort(
    (left, right) => hashString(left) - hashString(right) || (left < right ? -1 : 1),
  );
}

function requestOf(demand: Trace['arrivals'][number], arrival: number): PlacementRequest {
  return {
    uid: `pod-${arrival}`,
    demand,
    constraints: {tolerations: []},
    classKey: JSON.stringify(demand),
    affinityKey: '',
    affinityHash: hashString('') | 0,
    affinityExplicit: false,
    priority: 0,
  };
}
