import {allocationOf} from '../../src/api/allocation.ts';
import {parseRequest} from '../../src/api/parseRequest.ts';
import type {RequestRecord} from '../../src/api/records.ts';
import type {Allocation, Capacity} from '../../src/api/resources.ts';
import {makeRequestObject} from '../api/makeObjects.ts';
import {none, type View, workerNames} from './world.ts';

/** Each worker holds one request: three of them compete for two places. */
const capacity: Capacity = {
  cpuMillis: 100,
  memoryBytes: 2 ** 27,
  gpuCount: 0,
  gpuType: '',
  containers: 1,
};
export const capacities: ReadonlyMap<string, Capacity> = new Map(
  workerNames.map((name) => [name, capacity]),
);

const keyOf = (request: number) => `r-${request}`;
export const uidOf = (request: number) => `uid-${request}`;
export const requestOf = (uid: string) => Number(uid.slice('uid-'.length));

export const workerOf = (name: string) => workerNames.indexOf(name as never);

const objects = new Map<string, object>();
const parsed = new Map<object, ReturnType<typeof parseRequest>>();

/** The object behind a view; the same one each time. */
export function objectOf(request: number, view: View): object {
  const {version, worker, id, is, edits} = view;
  const key = `${request},${version},${worker},${id},${is},${edits}`;
  const known = objects.get(key);
  if (known) return known;
  const bound = {
    phase: 'Scheduled',
    workerName: workerNames[worker],
    assignment: {id: String(id), epoch: 1, cycle: 1, gpuDevices: [], affinity: 'None'},
  };
  const status = worker === none ? {} : bound;
  const object = makeRequestObject(
    edits === 0 ? {} : {tolerations: [{key: `edit-${edits}`, operator: 'Exists'}]},
    is === 'finished' ? {...status, phase: 'Succeeded'} : status,
    {name: keyOf(request), uid: uidOf(request), resourceVersion: String(version)},
  );
  objects.set(key, object);
  return object;
}

export function parsedOf(request: number, view: View): ReturnType<typeof parseRequest> {
  const object = objectOf(request, view);
  let record = parsed.get(object);
  if (!record) {
    record = parseRequest(object);
    parsed.set(object, record);
  }
  return record;
}

/** Of a request that is there, in the state of `version`, without a worker. */
export function waitingRecord(request: number, version = 1, edits = 0): RequestRecord {
  const record = parsedOf(request, {version, worker: none, id: 0, is: 'there', edits, stamp: 0});
  if (record.kind !== 'valid') throw new Error(`Cannot use a ${record.kind} request as a record`);
  return record;
}

const allocations = [0, 1, 2].map((request) =>
  workerNames.map((workerName) => {
    const record = waitingRecord(request, 1);
    return allocationOf(record, {workerName, gpuDevices: []}, record.demand);
  }),
);

export function allocationOn(request: number, worker: number): Allocation {
  return allocations[request]![worker]!;
}
