import {describe, expect, test} from 'vitest';
import type {WorkerTable} from '../../src/placement/workerTable.ts';
import {makeAllocation, makeWorker, placedOn, type RequestOptions, tableOf} from './builders.ts';

const size = {gpuCount: 4, cpuMillis: 64_000};
const whereTo = (table: WorkerTable, options: RequestOptions = {}) =>
  placedOn(table, {gpuCount: 1, ...options});

describe('buckets of workers', () => {
  test('more kinds of GPUs than are told apart are found all the same', () => {
    const workers = Array.from({length: 300}, (_, index) =>
      makeWorker({
        ...size,
        name: `w-${index}`,
        gpuType: `type-${index}`,
        gpuCount: 1 + (index % 9),
      }),
    );
    const table = tableOf(workers);
    const found = workers.filter(({name, capacity: {gpuType, gpuCount}}) => {
      return whereTo(table, {gpuTypes: [gpuType], gpuCount}) === name;
    });
    expect(found).toHaveLength(300);
  });

  /** 40 workers with 4 GPUs, of which one has 3 taken; and 40 idle ones with one. */
  function fullest(): WorkerTable {
    const table = tableOf([]);
    for (let index = 0; index < 40; index++) {
      table.upsertWorker(makeWorker({...size, name: `four-${index}`}));
      table.upsertWorker(makeWorker({...size, name: `one-${index}`, gpuCount: 1, gpuType: 'T4'}));
    }
    const gpuDevices = [0, 1, 2];
    table.take(makeAllocation({workerName: 'four-17', gpuDevices, gpuMillis: 1000}));
    return table;
  }

  test('numbers of buckets are given anew with a new layout, and preferences with them', () => {
    const table = fullest();
    const only = {gpuTypes: ['A100']};
    expect(whereTo(table, only)).toBe('four-17');
    for (let index = 0; index < 300; index++) {
      table.upsertWorker(makeWorker({...size, name: `new-${index}`, gpuType: 'H100'}));
    }
    for (let index = 0; index < 40; index++) table.removeWorker(`one-${index}`);
    expect(whereTo(table, only)).toBe('four-17');
  });

  test('what a worker gives back counts in the next decision, and what it gets', () => {
    const table = fullest();
    const held = {uid: 'other', workerName: 'four-3', gpuMillis: 1000};
    expect(whereTo(table, {gpuCount: 2, gpuTypes: ['A100']})).not.toBe('four-3');
    table.take(makeAllocation({...held, gpuDevices: [0, 1]}));
    expect(whereTo(table, {gpuCount: 2, gpuTypes: ['A100']})).toBe('four-3');
    table.release(makeAllocation({...held, gpuDevices: [0, 1]}));
    table.upsertWorker(makeWorker({...size, name: 'four-3', gpuCount: 2}));
    expect(whereTo(table, {gpuCount: 2, gpuTypes: ['A100']})).toBe('four-3');
  });

  test('what was taken of a workload that nobody told decides, from the next snapshot on', () => {
    // An idle worker with little cpu, and one with much: which one a small request may spoil.
    const chosenAfter = (cpuMillis: number) => {
      const table = tableOf([
        makeWorker({name: 'little', gpuCount: 1, cpuMillis: 8000}),
        makeWorker({name: 'much', gpuCount: 1, cpuMillis: 64_000}),
        makeWorker({name: 'elsewhere', cpuMillis: 2 ** 40, gpuCount: 0, containers: 1000}),
      ]);
      const small = {cpuMillis: 1000, gpuMillis: 500};
      whereTo(table, small);
      const [gpuDevices, workerName] = [[0], 'unknown'];
      for (let index = 0; index < 300; index++) {
        const uid = `uid-${index}`;
        table.take(makeAllocation({uid, workerName, cpuMillis, gpuDevices, gpuMillis: 500}));
      }
      return whereTo(table, small);
    };
    expect(chosenAfter(32_000)).toBe('little');
    expect(chosenAfter(7500)).toBe('much');
  });
});
