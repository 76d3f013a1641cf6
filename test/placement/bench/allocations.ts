import {execFileSync} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import {getHeapStatistics} from 'node:v8';
import {place} from '../../../src/placement/place.ts';
import type {Plan} from '../../../src/placement/plan.ts';
import {snapshotOf} from '../builders.ts';
import {type Load, packLoad, spreadLoad} from './loads.ts';
import {digits, printTable} from './measure.ts';

/** Decisions in which bytes are counted: for the claim, and for what it is held against. */
const DECISIONS = 10_000_000;
const FEW_DECISIONS = 1_000_000;
/** Before them: code that is not optimised yet makes objects of numbers. */
const WARM_UP_DECISIONS = 500_000;
const WORKERS = 1_000;

const loads: Readonly<Record<string, (requests: number) => Load>> = {
  'spread, no keys': (requests) => spreadLoad([WORKERS, requests], 'no keys'),
  'spread, uniform keys': (requests) => spreadLoad([WORKERS, requests], 'uniform keys'),
  'pack, all constraints': (requests) => repeatedPack(requests),
};

/** The same classes whatever the size, on so many workers that each size is placed. */
function repeatedPack(requests: number): Load {
  const {name, workers, batch} = packLoad([3 * WORKERS, sizes[0]], true);
  const repeated = Array.from({length: requests}, (_, index) => ({
    ...batch[index % sizes[0]]!,
    uid: `uid-${index}`,
  }));
  return {name, workers, batch: repeated};
}

/** The decision alone, and with the reading of the plan, which makes its objects. */
const readers: Readonly<Record<string, (plan: Plan) => unknown>> = {
  'place()': (plan) => plan,
  'plan read': (plan) => [plan.assigned, plan.unplaced],
};
const sizes = [1_000, 10_000] as const;

interface Counted {
  /** On the heap of JavaScript, a call; the median of all. */
  readonly heapBytes: number;
  /** Of typed arrays, beside the heap, a call. */
  readonly columnBytes: number;
  /** Of decisions in all. */
  readonly millions: number;
}

/**
 * What 10 million decisions allocate. A call makes its columns and classes once, so that the bytes
 * a decision are the slope between batches of 1,000 and of 10,000; objects in the loop would show
 * there, at 16 bytes each and more. Each row is counted in a process of its own, whose collections
 * of garbage `--trace-gc` lists.
 */
export function measureAllocations(): void {
  const rows = Object.keys(loads).flatMap((load) =>
    Object.keys(readers).map((reader) => {
      const isClaim = reader === 'place()';
      const small = runChild(load, reader, sizes[0], FEW_DECISIONS);
      const large = runChild(load, reader, sizes[1], isClaim ? DECISIONS : FEW_DECISIONS);
      const slope = (of: (counted: Counted) => number) =>
        (of(large.counted) - of(small.counted)) / (sizes[1] - sizes[0]);
      const perDecision = slope(({heapBytes}) => heapBytes);
      return [
        `${load}: ${reader}`,
        digits(perDecision),
        digits(small.counted.heapBytes - sizes[0] * perDecision),
        digits(slope(({columnBytes}) => columnBytes)),
        (large.collections / large.counted.millions).toFixed(1),
      ];
    }),
  );
  printTable(
    `allocated at ${WORKERS} workers, by ${DECISIONS / 1e6} million decisions of place(), by ` +
      `${FEW_DECISIONS / 1e6} million with the plan read`,
    [
      'load',
      'heap bytes a decision',
      'heap bytes a batch',
      'column bytes a decision',
      'collections a million',
    ],
    rows,
  );
}

function runChild(load: string, reader: string, size: number, decisions: number) {
  const entry = fileURLToPath(new URL('../bench.ts', import.meta.url));
  const text = execFileSync(
    process.execPath,
    ['--trace-gc', entry, 'allocations-child', load, reader, String(size), String(decisions)],
    {encoding: 'utf8', maxBuffer: 2 ** 28},
  );
  const counted = text.slice(text.indexOf('begin\n'));
  return {
    counted: JSON.parse(/^\{.*\}$/m.exec(counted)![0]) as Counted,
    collections: counted.split('\n').filter((line) => /: (Scavenge|Mark-Compact)/.test(line))
      .length,
  };
}

/**
 * By the size of the heap before and after each call. The median: a collection makes the heap of
 * its call smaller, and code that is compiled makes it larger; neither did the call allocate.
 */
export function countAllocations([load, reader, size, decisions]: readonly string[]): void {
  const {workers, batch} = loads[load!]!(Number(size));
  const read = readers[reader!]!;
  const snapshot = snapshotOf(workers);
  for (let done = 0; done < WARM_UP_DECISIONS; done += batch.length) read(place(batch, snapshot));
  const own = median(Array.from({length: 101}, () => countCall(() => {}, 0).heapBytes));
  process.stdout.write('begin\n');
  const calls = Number(decisions) / batch.length;
  const heap: number[] = [];
  const columns: number[] = [];
  for (let call = 0; call < calls; call++) {
    const bytes = countCall(() => read(place(batch, snapshot)), own);
    heap.push(bytes.heapBytes);
    columns.push(bytes.columnBytes);
  }
  const result: Counted = {
    heapBytes: median(heap),
    columnBytes: median(columns),
    millions: Number(decisions) / 1e6,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

function countCall(
  run: () => unknown,
  ownBytes: number,
): Pick<Counted, 'heapBytes' | 'columnBytes'> {
  const before = getHeapStatistics();
  run();
  const after = getHeapStatistics();
  return {
    heapBytes: after.used_heap_size - before.used_heap_size - ownBytes,
    columnBytes: after.external_memory - before.external_memory,
  };
}

function median(values: number[]): number {
  return values.sort((one, other) => one - other)[values.length >> 1]!;
}
