import {hashString} from '../../src/lib/hash.ts';
import {place} from '../../src/placement/place.ts';
import type {PlacementWorker} from '../../src/placement/plan.ts';
import type {WorkerTable} from '../../src/placement/workerTable.ts';
import {makeRequest, makeWorker, makeWorkers, tableOf} from './builders.ts';

/** What happens to one worker of many. */
export const CHANGES = ['joins', 'leaves', 'is cordoned', 'doubles its size'] as const;
export type Change = (typeof CHANGES)[number];

/** Shares of all keys. */
export interface KeyMovement {
  /** Keys with another first worker than before. */
  readonly moved: number;
  /** Of these the ones that had no need: neither on the changed worker before nor after. */
  readonly movedInVain: number;
  /** What no method could do without: the keys of the worker that goes, or a fair share. */
  readonly ideal: number;
  /** What `hash mod N` moves. */
  readonly hashModN: number;
}

const KEYS = 20_000;

/**
 * Where the keys of an empty pool would go first, before and after one worker changed; mean over
 * `trials` workers that it happens to. The load bound is out of the way: it moves requests, and
 * leaves the first choice of their key as it is.
 */
export function keyMovement(count: number, change: Change, trials: number): KeyMovement {
  const size = {cpuMillis: 1e9, memoryBytes: 2 ** 45, containers: KEYS};
  const workers = makeWorkers(count, size);
  const table = tableOf(workers);
  table.upsertPool({name: 'default', strategy: 'Spread', loadBound: 1_000_000});
  const before = homesOf(table);
  let moved = 0;
  let movedInVain = 0;
  for (let trial = 0; trial < trials; trial++) {
    const {name} = workers[Math.floor(((trial + 0.5) * count) / trials)]!;
    const changed = change === 'joins' ? `new-${trial}` : name;
    const undo = apply(table, change, makeWorker({name: changed, ...size}));
    const after = homesOf(table);
    undo();
    for (const [key, home] of before.entries()) {
      if (after[key] === home) continue;
      moved++;
      if (home !== changed && after[key] !== changed) movedInVain++;
    }
  }
  const keys = KEYS * trials;
  return {
    moved: moved / keys,
    movedInVain: movedInVain / keys,
    ideal: idealOf(count, change),
    hashModN: hashModN(count, change),
  };
}

/** Changes the worker; what it gives puts things back. */
function apply(table: WorkerTable, change: Change, worker: PlacementWorker): () => void {
  switch (change) {
    case 'joins':
      table.upsertWorker(worker);
      return () => table.removeWorker(worker.name);
    case 'leaves':
      table.removeWorker(worker.name);
      return () => table.upsertWorker(worker);
    case 'is cordoned':
      table.upsertWorker({...worker, unschedulable: true});
      return () => table.upsertWorker(worker);
    case 'doubles its size': {
      const {capacity} = worker;
      const {cpuMillis, memoryBytes} = capacity;
      const twice = {...capacity, cpuMillis: cpuMillis * 2, memoryBytes: memoryBytes * 2};
      table.upsertWorker({...worker, capacity: twice});
      return () => table.upsertWorker(worker);
    }
  }
}

const batch = Array.from({length: KEYS}, (_, key) =>
  makeRequest({affinityKey: `model-${key}`, cpuMillis: 1, memoryBytes: 1}),
);

/** The first worker of each key. */
function homesOf(table: WorkerTable): string[] {
  const {assigned} = place(batch, table.snapshot());
  const homes = new Map(assigned.map(({request, workerName}) => [request, workerName]));
  return batch.map((request) => homes.get(request)!);
}

function idealOf(count: number, change: Change): number {
  switch (change) {
    case 'joins':
      return 1 / (count + 1);
    case 'leaves':
    case 'is cordoned':
      return 1 / count;
    case 'doubles its size':
      return 0;
  }
}

function hashModN(count: number, change: Change): number {
  const after = change === 'joins' ? count + 1 : change === 'doubles its size' ? count : count - 1;
  const moved = batch.filter(({affinityKey}) => {
    const hash = hashString(affinityKey);
    return hash % count !== hash % after;
  });
  return moved.length / KEYS;
}
