import {describe, expect, test} from 'vitest';
import {hashString} from '../../src/lib/hash.ts';
import {FrozenSnapshot} from '../../src/placement/frozenSnapshot.ts';
import {place} from '../../src/placement/place.ts';
import type {WorkerTable} from '../../src/placement/workerTable.ts';
import {
  allocationOf,
  makeRequest,
  makeRequests,
  makeWorkers,
  tableOf,
  type WorkerOptions,
} from './builders.ts';

/** A table whose worker of the least rank joined when the others stood already: at position 0. */
function withFirstJoined(
  count: number,
  options: WorkerOptions,
): {table: WorkerTable; first: string} {
  const [first, ...others] = makeWorkers(count, options).toSorted(
    (left, right) => hashString(left.name) - hashString(right.name),
  );
  const table = tableOf(others);
  table.snapshot();
  table.upsertWorker(first!);
  const snapshot = table.snapshot() as FrozenSnapshot;
  expect(snapshot).toBeInstanceOf(FrozenSnapshot);
  expect(snapshot.layout.workers[0]).toBe(first);
  return {table, first: first!.name};
}

const namesOf = (table: WorkerTable, batch: ReturnType<typeof makeRequests>) =>
  place(batch, table.snapshot()).assigned.map(({workerName}) => workerName);

describe('the worker at the first position of all', () => {
  const gpus = {gpuCount: 4, cpuMillis: 64_000};

  test.each([4, 60])('of %d is packed first, with one request and with many', (count) => {
    const {table, first} = withFirstJoined(count, gpus);
    expect(namesOf(table, [makeRequest({gpuCount: 1})])).toEqual([first]);
    const names = namesOf(table, makeRequests(6, {gpuCount: 1}));
    expect(names.slice(0, 4)).toEqual(Array(4).fill(first));
    expect(names.slice(4)).not.toContain(first);
  });

  test('is a home like any other', () => {
    const {table, first} = withFirstJoined(60, gpus);
    const keyed = {gpuCount: 1, affinityKey: 'model'};
    const {assigned} = place([makeRequest(keyed), makeRequest(keyed)], table.snapshot());
    expect(assigned.map(({workerName}) => workerName)).toEqual([first, first]);
    for (const one of assigned) table.take(allocationOf(one), one.request.affinityHash);
    const again = place([makeRequest(keyed)], table.snapshot()).assigned[0];
    expect(again).toMatchObject({workerName: first, affinity: 'Warm'});
  });

  test('is the least loaded of equals, for as long as it is', () => {
    const {table, first} = withFirstJoined(60, {});
    const batch = makeRequests(120, {affinityKey: 'k', affinityExplicit: false});
    const counts = Map.groupBy(namesOf(table, batch), (name) => name);
    expect(counts.get(first)).toHaveLength(2);
    expect(new Set([...counts.values()].map((some) => some.length))).toEqual(new Set([2]));
  });

  test('is counted where higher priority took it', () => {
    const {table, first} = withFirstJoined(2, {...gpus, gpuCount: 1});
    const other = makeWorkers(2).find(({name}) => name !== first)!.name;
    table.removeWorker(other);
    const batch = [makeRequest({gpuCount: 1, priority: 9}), makeRequest({gpuCount: 1})];
    const {assigned, unplaced} = place(batch, table.snapshot());
    expect(assigned[0]?.workerName).toBe(first);
    expect(unplaced[0]?.verdict.counts).toEqual([{reason: 'Outranked', workers: 1}]);
    expect(unplaced[0]?.verdict.nearest?.workerName).toBe(first);
  });
});
