import {execFileSync} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import {getHeapStatistics} from 'node:v8';
import {place} from '../../../src/placement/place.ts';
import type {Plan} from '../../../src/placement/plan.ts';
import {snapshotOf} from '../builders.ts';
import {type Load, packLoad, spreadLoad} from './loads.ts';
import {digits, printTable} from './measure.ts';

/** Decisions in which bytes are counted, for each row. */
const DECISIONS = 10_000_000;
const WARM_UPS = 50;
const WORKERS = 1_000;

const loads: Readonly<Record<string, (requests: number) => Load>> = {
  'spread, no keys': (requests) => spreadLoad([WORKERS, requests], 'no keys'),
  'spread, uniform keys': (requests) => spreadLoad([WORKERS, requests], 'uniform keys'),
  'pack, all constraints': (requests) => packLoad([WORKERS, requests], true),
};
/** The decision alone, and with the reading of the plan, which makes its objects. */
const readers: Readonly<Record<string, (plan: Plan) => unknown>> = {
  'place()': (plan) => plan,
  'plan read': (plan) => [plan.assigned, plan.unplaced],
};
const sizes = [1_000, 10_000];

interface Counted {
  /** On the heap of JavaScript, a call. */
  readonly heapBytes: number;
  /** Of typed arrays, beside the heap, a call. */
  readonly columnBytes: number;
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
      const [small, large] = sizes.map((size) => runChild(load, reader, size));
      const slope = (of: (counted: Counted) => number) =>
        (of(large!.counted) - of(small!.counted)) / (sizes[1]! - sizes[0]!);
      const perDecision = slope(({heapBytes}) => heapBytes);
      return [
        `${load}: ${reader}`,
        digits(perDecision),
        digits(small!.counted.heapBytes - sizes[0]! * perDecision),
        digits(slope(({columnBytes}) => columnBytes)),
        String(large!.collections),
      ];
    }),
  );
  printTable(
    `allocated at ${WORKERS} workers, over ${DECISIONS / 1e6} million decisions a row and batch size`,
    [
      'load',
      'heap bytes a decision',
      'heap bytes a batch',
      'column bytes a decision',
      `collections, ${sizes[1]} a batch`,
    ],
    rows,
  );
}

function runChild(load: string, reader: string, size: number) {
  const entry = fileURLToPath(new URL('../bench.ts', import.meta.url));
  const text = execFileSync(
    process.execPath,
    ['--trace-gc', entry, 'allocations-child', load, reader, String(size)],
    {encoding: 'utf8', maxBuffer: 2 ** 28},
  );
  const counted = text.slice(text.indexOf('begin\n'));
  return {
    counted: JSON.parse(/^\{.*\}$/m.exec(counted)![0]) as Counted,
    collections: counted.split('\n').filter((line) => /: (Scavenge|Mark-Compact)/.test(line))
      .length,
  };
}

/** Counts by the size of the heap before and after each call; calls with a collection are left out. */
export function countAllocations(load: string, reader: string, size: string): void {
  const {workers, batch} = loads[load]!(Number(size));
  const read = readers[reader]!;
  const snapshot = snapshotOf(workers);
  for (let call = 0; call < WARM_UPS; call++) read(place(batch, snapshot));
  const own = countCall(() => {}, 0);
  process.stdout.write('begin\n');
  const calls = DECISIONS / batch.length;
  let heapBytes = 0;
  let columnBytes = 0;
  let counted = 0;
  for (let call = 0; call < calls; call++) {
    const bytes = countCall(() => read(place(batch, snapshot)), own.heapBytes);
    if (bytes.heapBytes < 0 || bytes.columnBytes < 0) continue;
    heapBytes += bytes.heapBytes;
    columnBytes += bytes.columnBytes;
    counted++;
  }
  const result: Counted = {heapBytes: heapBytes / counted, columnBytes: columnBytes / counted};
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

function countCall(run: () => unknown, ownBytes: number): Counted {
  const before = getHeapStatistics();
  run();
  const after = getHeapStatistics();
  return {
    heapBytes: after.used_heap_size - before.used_heap_size - ownBytes,
    columnBytes: after.external_memory - before.external_memory,
  };
}
