import type {RequestRecord} from '../../../src/api/records.ts';
import type {Allocation} from '../../../src/api/resources.ts';
import {place} from '../../../src/placement/place.ts';
import type {PlacementRequest, PlacementWorker} from '../../../src/placement/plan.ts';
import type {WorkerTable} from '../../../src/placement/workerTable.ts';
import {createQueue, makeRequest as makeRecord} from '../../queue/rig.ts';
import {makeAllocation, makeRequest, snapshotOf, tableOf} from '../builders.ts';
import {cpuWorkers, gpuWorkers, shareClasses} from './loads.ts';
import {measure, milliseconds, printTable} from './measure.ts';

interface WorkerChange {
  readonly name: string;
  readonly change: () => void;
  /** Puts things back, so that there are as many workers at each run. */
  readonly undo: () => void;
}

/** What the next decision costs after one worker changed: with few or many, nothing is copied. */
export function measureSnapshot(): void {
  const rows = [1_000, 20_000].flatMap((count) => {
    const workers = gpuWorkers(count, true);
    const table = tableOf(workers);
    const one = [makeRequest({gpuCount: 1})];
    const decide = () => place(one, table.snapshot());
    decide();
    return changesOf(table, workers).map(({name, change, undo}) => {
      const settle = () => {
        undo();
        decide();
      };
      const changed = measure({before: settle, run: change, budgetMs: 50});
      const before = () => {
        settle();
        change();
      };
      const froze = measure({before, run: () => table.snapshot(), budgetMs: 50});
      const decided = measure({before, run: decide, budgetMs: 200});
      return [`${name}, ${count} workers`, ...[changed, froze, decided].map(milliseconds)];
    });
  });
  printTable(
    'ms after one change among GPU workers with all constraints: median (fastest..slowest)',
    ['after', 'the change', 'snapshot()', 'snapshot() + place(1)'],
    rows,
  );
}

function changesOf(table: WorkerTable, workers: readonly PlacementWorker[]): WorkerChange[] {
  let turn = 0;
  const now = () => workers[(turn * 7919) % workers.length]!;
  let taken: Allocation | undefined;
  const edit = (name: string, edited: () => Partial<PlacementWorker>): WorkerChange => ({
    name,
    change: () => table.upsertWorker({...now(), ...edited()}),
    undo: () => {
      table.upsertWorker(now());
      turn++;
    },
  });
  return [
    {name: 'nothing', change: () => {}, undo: () => {}},
    edit('a new label', () => ({labels: {zone: String(turn)}})),
    edit('a cordon', () => ({unschedulable: true})),
    edit('a larger size', () => ({capacity: {...now().capacity, cpuMillis: 256_000}})),
    {
      name: 'a leave',
      change: () => table.removeWorker(now().name),
      undo: () => {
        table.upsertWorker(now());
        turn++;
      },
    },
    {
      name: 'a join',
      change: () => table.upsertWorker({...now(), name: `new-${turn}`}),
      undo: () => table.removeWorker(`new-${turn++}`),
    },
    {
      name: 'a take',
      change: () => {
        taken = makeAllocation({workerName: now().name});
        table.take(taken);
      },
      undo: () => {
        if (taken) table.release(taken);
        turn++;
      },
    },
  ];
}

/** A cycle is a snapshot and a decision, after the cycle before it has taken something. */
export function measureCycle(): void {
  const sizes = [1, 32, 512];
  const classCounts = [1, 50, 500];
  const kinds: readonly [name: string, workers: readonly PlacementWorker[], gpuCount: number][] = [
    ['spread', cpuWorkers(10_000), 0],
    ['pack', gpuWorkers(10_000, true), 1],
  ];
  const rows = kinds.flatMap(([name, workers, gpuCount]) =>
    sizes.map((size) => [
      `${name}, batch of ${size}`,
      ...classCounts.map((classes) => cycleCell(workers, size, classes, gpuCount)),
    ]),
  );
  printTable(
    'ms a cycle at 10,000 workers, by classes in the batch (never more than requests): ' +
      'median (fastest..slowest)',
    ['cycle', ...classCounts.map((count) => `${count} classes`)],
    rows,
  );
}

function cycleCell(
  workers: readonly PlacementWorker[],
  size: number,
  classes: number,
  gpuCount: number,
): string {
  const table = tableOf(workers);
  const batch = shareClasses(
    Array.from({length: size}, (_, index) =>
      makeRequest({
        cpuMillis: 500 + (index % classes),
        gpuCount,
        affinityKey: `m-${index % 97}`,
        ...(index % 3 === 0 && {selector: {matchLabels: {zone: 'abcd'[index % 4]!}}}),
      }),
    ),
  );
  let turn = 0;
  const take = () => {
    const {name} = workers[turn++ % workers.length]!;
    table.take(makeAllocation({uid: String(turn), workerName: name}));
  };
  return milliseconds(measure({before: take, run: () => place(batch, table.snapshot())}));
}

/**
 * A good request behind 100,000 hopeless ones of higher priority, in 50 classes: in the operator,
 * where the queue has parked their classes; at their first sight, in batches; and all in one batch,
 * as a caller without a queue would have it.
 */
export function measureHopeless(): void {
  const count = 100_000;
  const workers = cpuWorkers(1_000);
  const hopeless = (index: number) => ({cpuMillis: 100_000 + (index % 50), priority: 1_000});
  const all = shareClasses([
    ...Array.from({length: count}, (_, index) => makeRequest(hopeless(index))),
    makeRequest(),
  ]);
  const snapshot = snapshotOf(workers);
  const rows = [
    ['the cycle that sees it, its classes parked', parkedCycle(all)],
    [
      'all in one batch, no queue',
      milliseconds(measure({run: () => place(all, snapshot), budgetMs: 300})),
    ],
  ];
  printTable('ms for one good request behind 100,000 hopeless ones', ['what', 'ms'], rows);
}

function parkedCycle(all: readonly PlacementRequest[]): string {
  const table = tableOf(cpuWorkers(1_000));
  const {queue} = createQueue();
  const recordOf = (request: PlacementRequest): RequestRecord =>
    makeRecord({...request, name: request.uid});
  for (const request of all.slice(0, -1)) queue.upsert(recordOf(request));
  const cycle = (): number => {
    const batch = queue.take(512);
    const {assigned, unplaced} = place(batch, table.snapshot());
    const byClass = Map.groupBy(unplaced, ({request}) => request.classKey);
    for (const [classKey, members] of byClass) {
      queue.park(
        classKey,
        members[0]!.verdict,
        members.map(({request}) => request),
      );
    }
    for (const {request, workerName} of assigned) {
      queue.done(request.key, request.uid, '1');
      table.take(makeAllocation({uid: request.uid, workerName}));
    }
    return batch.length;
  };
  while (cycle() > 0);
  let turn = 0;
  const good = all.at(-1)!;
  return milliseconds(
    measure({
      before: () => queue.upsert(recordOf({...good, uid: `good-${turn++}`})),
      run: () => cycle(),
    }),
  );
}
