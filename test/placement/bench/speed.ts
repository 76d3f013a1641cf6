import {place} from '../../../src/placement/place.ts';
import {snapshotOf} from '../builders.ts';
import {countClasses, type Load, packLoad, SIZES, type Size, spreadLoad} from './loads.ts';
import {digits, measure, millionsPerSecond, printTable, type Timing} from './measure.ts';
import {filterAndSort, leastLoadedHeap, type Naive, scan} from './naive.ts';
import {countShapes, readShapes} from './shapes.ts';

/** Looks at workers that a naive loop may take: with more it gets only the head of the batch. */
const MAX_LOOKS = 3_000_000;

const naiveLoops: readonly {readonly name: string; readonly run: Naive}[] = [
  {name: 'filter+sort', run: filterAndSort},
  {name: 'scan', run: scan},
  {name: 'heap', run: leastLoadedHeap},
];

/** Whole batches, checks and sort and plan columns included, beside what one would write first. */
export function measureSpeed(): void {
  const {source, demands} = readShapes();
  const rows = SIZES.flatMap((size) => loadsOf(size).map(speedRow));
  printTable(
    `whole batches, M decisions/s: median (slowest..fastest); pack with ${countShapes(demands)} ` +
      `shapes (${source}) x 4 priorities\n` +
      'the naive loops as M/s = our ratio to them, by the fastest run of both; ' +
      '* on the head of the batch only, which flatters them',
    ['load', 'size', 'classes', 'placed', 'place()', ...naiveLoops.map(({name}) => name)],
    rows,
  );
}

function loadsOf(size: Size): Load[] {
  return [
    spreadLoad(size, 'no keys'),
    spreadLoad(size, 'uniform keys'),
    spreadLoad(size, 'Zipf 1.1 keys'),
    spreadLoad(size, 'uniform keys', 50),
    packLoad(size, false),
    packLoad(size, true),
  ];
}

function speedRow({name, workers, batch}: Load): string[] {
  const snapshot = snapshotOf(workers);
  const timing = measure({run: () => place(batch, snapshot)});
  return [
    name,
    `${workers.length} x ${batch.length}`,
    String(countClasses(batch)),
    String(timing.result.assigned.length),
    millionsPerSecond(batch.length, timing),
    ...naiveLoops.map(({run}) => {
      const head = Math.min(batch.length, Math.ceil(MAX_LOOKS / workers.length));
      const naive = measure({
        run: () => run(batch.slice(0, head), workers),
        warmUps: 1,
        warmUpMs: 0,
        leastRuns: 3,
        budgetMs: 100,
      });
      return naiveCell(head, naive, batch.length / timing.minMs, head < batch.length);
    }),
  ];
}

function naiveCell(requests: number, naive: Timing, oursPerMs: number, isHead: boolean): string {
  const perMs = requests / naive.minMs;
  return `${digits(perMs / 1000)}${isHead ? '*' : ''} = ${digits(oursPerMs / perMs)}x`;
}
