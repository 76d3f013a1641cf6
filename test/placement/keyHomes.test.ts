import {describe, expect, test} from 'vitest';
import {hashString} from '../../src/lib/hash.ts';
import {KeyHomes} from '../../src/placement/keyHomes.ts';
import {Layout} from '../../src/placement/layout.ts';
import {place} from '../../src/placement/place.ts';
import type {WorkerTable} from '../../src/placement/workerTable.ts';
import {
  allocationOf,
  makeAllocation,
  makeRequest,
  makeWorker,
  makeWorkers,
  tableOf,
} from './builders.ts';

/** Positions 0 to 19 with hashes 0, 10, 20 and so on, all with a worker. */
function tensLayout(): Layout {
  const layout = new Layout(20);
  for (let position = 0; position < 20; position++) {
    layout.hash[position] = 10 * position;
    layout.workers[position] = makeWorker({name: `w-${position}`});
  }
  return layout;
}

const any = () => true;

describe('homes of a key', () => {
  test('a key that ran nowhere has none', () => {
    expect(new KeyHomes().first(7, tensLayout(), any)).toBe(-1);
    expect(new KeyHomes().has(7, 10)).toBe(false);
  });

  test('of several good ones it is the one at the lowest position, however they came', () => {
    for (const order of [
      [50, 30, 90],
      [90, 50, 30],
    ]) {
      const homes = new KeyHomes();
      for (const worker of order) homes.remember(7, worker);
      expect(homes.first(7, tensLayout(), any)).toBe(3);
      expect(homes.first(7, tensLayout(), (position) => position > 3)).toBe(5);
      expect(homes.first(7, tensLayout(), () => false)).toBe(-1);
    }
  });

  test('keys that share a set keep apart', () => {
    const homes = new KeyHomes();
    homes.remember(7, 30);
    homes.remember(7 + 4096, 20);
    homes.remember(7 - 4096, 10);
    expect(homes.first(7, tensLayout(), any)).toBe(3);
    expect(homes.has(7, 20)).toBe(false);
    expect(homes.has(7 + 4096, 20)).toBe(true);
    expect(homes.has(7 - 4096, 10)).toBe(true);
  });

  test('of more than 8 the one that was used longest ago is forgotten', () => {
    const homes = new KeyHomes();
    for (let worker = 10; worker <= 80; worker += 10) homes.remember(7, worker);
    homes.remember(7, 10);
    homes.remember(7, 90);
    expect([10, 20, 30, 80, 90].map((worker) => homes.has(7, worker))).toEqual([
      true,
      false,
      true,
      true,
      true,
    ]);
  });

  test('a worker that left is no home, nor is who took its place', () => {
    const homes = new KeyHomes();
    homes.remember(7, 30);
    const layout = tensLayout();
    layout.workers[3] = undefined;
    expect(homes.first(7, layout, any)).toBe(-1);
    layout.workers[3] = makeWorker();
    layout.hash[3] = 31;
    expect(homes.first(7, layout, any)).toBe(-1);
  });

  test('hashes use all 32 bits', () => {
    const homes = new KeyHomes();
    const layout = tensLayout();
    layout.hash[19] = 0xffff_fff0;
    homes.remember(-5, 0xffff_fff0);
    expect(homes.first(-5, layout, any)).toBe(19);
    expect(homes.has(-5, 0xffff_fff0)).toBe(true);
  });

  test('after clearing there are none', () => {
    const homes = new KeyHomes();
    homes.remember(7, 30);
    homes.clear();
    expect(homes.first(7, tensLayout(), any)).toBe(-1);
    homes.remember(7, 40);
    expect(homes.first(7, tensLayout(), any)).toBe(4);
  });
});

describe('packing by homes', () => {
  const half = {gpuCount: 1, gpuMillis: 500};
  const key = {...half, affinityKey: 'model'};
  const size = {gpuCount: 2, cpuMillis: 64_000};

  /** 50 workers, all with one GPU taken: equally good. `home` ran the key. */
  function halfUsed(home: string): WorkerTable {
    const table = tableOf(makeWorkers(50, size));
    for (let index = 1; index <= 50; index++) {
      const workerName = `w-${index}`;
      const allocation = {uid: workerName, workerName, gpuDevices: [0], gpuMillis: 500};
      const hash = workerName === home ? hashString('model') | 0 : undefined;
      table.take(makeAllocation(allocation), hash);
    }
    return table;
  }
  const whereTo = (table: WorkerTable, request = makeRequest(key)) =>
    place([request], table.snapshot()).assigned[0]!;

  test.each(['w-7', 'w-23', 'w-42'])('a key goes home, and that is warm: %s', (home) => {
    expect(whereTo(halfUsed(home))).toMatchObject({workerName: home, affinity: 'Warm'});
  });

  test('it is a home still when nothing of the key runs there any more', () => {
    const table = halfUsed('w-7');
    const gone = makeAllocation({uid: 'gone', workerName: 'w-23', gpuDevices: [1], gpuMillis: 500});
    table.take(gone, hashString('model') | 0);
    table.release(gone);
    table.removeWorker('w-7');
    expect(whereTo(table).workerName).toBe('w-23');
  });

  test.each<[why: string, change: (table: WorkerTable) => void]>([
    ['has no room', (table) => fill(table, 'w-7', [0, 500], [1, 1000])],
    ['would be worse', (table) => fill(table, 'w-7', [0, 500])],
    ['is idle', (table) => table.release(firstOf('w-7'))],
    ['is cordoned', (table) => table.upsertWorker(cordoned('w-7'))],
    ['left', (table) => table.removeWorker('w-7')],
  ])('it stays away from a home that %s', (_, change) => {
    const table = halfUsed('w-7');
    change(table);
    expect(whereTo(table).workerName).not.toBe('w-7');
  });

  test('a request whose key nobody chose does not go there', () => {
    const strangers = ['w-7', 'w-23'].map((home) => {
      const request = {...makeRequest(key), affinityExplicit: false};
      return whereTo(halfUsed(home), request).workerName;
    });
    expect(strangers[0]).toBe(strangers[1]);
  });

  test('homes outlive a new layout of all workers', () => {
    const table = halfUsed('w-7');
    table.snapshot();
    for (const one of makeWorkers(500, size)) table.upsertWorker({...one, name: `x-${one.name}`});
    expect(whereTo(table).workerName).toBe('w-7');
  });

  test.each(['w-3', 'w-23', 'w-42'])('a key follows its first request within a batch: %s', (to) => {
    const table = halfUsed('w-7');
    const small = {gpuCount: 1, gpuMillis: 100, affinityKey: 'other'};
    const batch = [makeRequest({...small, workerName: to}), makeRequest(small)];
    const {assigned} = place(batch, table.snapshot());
    expect(assigned[1]).toMatchObject({workerName: to, affinity: 'Warm'});
    // The next batch knows nothing of it: nobody has taken the plan.
    const [alone] = place([batch[1]!], table.snapshot()).assigned;
    const fresh = place([batch[1]!], halfUsed('w-7').snapshot()).assigned;
    expect(alone).toEqual(fresh[0]);
  });

  test('a plan that was taken is remembered by whoever says so', () => {
    const table = halfUsed('w-7');
    const [assigned] = place(
      [makeRequest({...half, affinityKey: 'new'})],
      table.snapshot(),
    ).assigned;
    table.take(allocationOf(assigned!), assigned!.request.affinityHash);
    table.release(allocationOf(assigned!));
    const again = whereTo(table, makeRequest({...half, affinityKey: 'new'}));
    expect(again).toMatchObject({workerName: assigned!.workerName, affinity: 'Warm'});
  });

  const firstOf = (workerName: string) =>
    makeAllocation({uid: workerName, workerName, gpuDevices: [0], gpuMillis: 500});
  const cordoned = (name: string) => makeWorker({name, ...size, unschedulable: true});
  function fill(table: WorkerTable, workerName: string, ...parts: [number, number][]): void {
    for (const [device, gpuMillis] of parts) {
      const uid = `fill-${device}`;
      table.take(makeAllocation({uid, workerName, gpuDevices: [device], gpuMillis}));
    }
  }
});
