import {describe, expect, it} from 'vitest';
import type {Allocation} from '../../src/api/resources.ts';
import {assertAssignments, Holdings} from '../../src/ledger/holdings.ts';
import {gib, makeAllocation} from './allocations.ts';

const onGpu = (uid: string, gpuDevices: number[], gpuMillis: number) =>
  makeAllocation(uid, {gpuDevices, gpuMillis});

describe('holdings', () => {
  it('are the sum over their allocations, by worker and by GPU device', () => {
    const holdings = new Holdings([
      onGpu('a', [0, 2], 400),
      onGpu('b', [2], 500),
      makeAllocation('c', {workerName: 'w-2', cpuMillis: 250}),
    ]);
    expect(holdings.size).toBe(3);
    expect([...holdings.workerNames()]).toEqual(['w-1', 'w-2']);
    expect(holdings.sumOf('w-1')).toEqual({
      cpuMillis: 2000,
      memoryBytes: 2 * gib,
      containers: 2,
      gpuMillis: [400, 0, 900],
    });
    expect(holdings.sumOf('w-2')).toMatchObject({cpuMillis: 250, containers: 1, gpuMillis: []});
    expect(holdings.sumOf('w-3')).toBeUndefined();
  });

  it('hold a uid once: what comes again takes the place of what was there', () => {
    const moved = makeAllocation('a', {workerName: 'w-2'});
    const holdings = new Holdings([makeAllocation('a'), moved]);
    expect([...holdings.allocations()]).toEqual([moved]);
    expect(holdings.get('a')).toBe(moved);
    expect([...holdings.workerNames()]).toEqual(['w-2']);
  });

  it('give back exactly what was taken, once, and forget a worker of which nothing is left', () => {
    const holdings = new Holdings([onGpu('a', [1], 300), onGpu('b', [1], 600)]);
    expect(holdings.remove('a')).toBe(true);
    expect(holdings.remove('a')).toBe(false);
    expect(holdings.remove('never')).toBe(false);
    expect(holdings.sumOf('w-1')).toEqual({
      cpuMillis: 1000,
      memoryBytes: gib,
      containers: 1,
      gpuMillis: [0, 600],
    });
    expect(holdings.remove('b')).toBe(true);
    expect(holdings.sumOf('w-1')).toBeUndefined();
    expect(holdings.size).toBe(0);
  });
});

describe('an assignment that no correct caller makes', () => {
  const amounts = 'amounts of a are integers from 0: ';
  it.each<[string, Partial<Allocation>, string]>([
    ['of less than nothing', {cpuMillis: -1}, `${amounts}-1, ${gib}, 0`],
    ['of a broken number', {memoryBytes: 0.5}, `${amounts}1000, 0.5, 0`],
    ['of no number', {gpuMillis: Number.NaN}, `${amounts}1000, ${gib}, NaN`],
    ['beyond what adds up exactly', {memoryBytes: 2 ** 53}, `${amounts}1000, ${2 ** 53}, 0`],
    ['with devices out of order', {gpuDevices: [1, 0]}, 'GPU devices of a ascend: 1,0'],
    ['with a device twice', {gpuDevices: [1, 1]}, 'GPU devices of a ascend: 1,1'],
    ['with a device below the first', {gpuDevices: [-1]}, 'GPU devices of a ascend: -1'],
    ['with half a device', {gpuDevices: [0, 0.5]}, 'GPU devices of a ascend: 0,0.5'],
  ])('%s stops before any sum is touched', (_, wrong, message) => {
    const assignments = [makeAllocation('b'), makeAllocation('a', wrong)];
    expect(() => assertAssignments(assignments)).toThrow(message);
  });

  it('is none of nothing at all, nor one of the first and the last device', () => {
    const nothing = {cpuMillis: 0, memoryBytes: 0};
    assertAssignments([makeAllocation('a', nothing), onGpu('b', [0, 15], 1000)]);
  });
});
