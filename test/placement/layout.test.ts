import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {findGap, lowerBound} from '../../src/placement/findGap.ts';
import {Layout} from '../../src/placement/layout.ts';
import {place} from '../../src/placement/place.ts';
import {makeRequests, makeWorker, placedOn, tableOf, type WorkerOptions} from './builders.ts';

/** Workers `a`, `b` and so on with these hashes; `undefined` is a gap with the hash before it. */
function layoutOf(hashes: readonly (number | undefined)[]): Layout {
  const layout = new Layout(hashes.length);
  let last = 0;
  for (const [position, hash] of hashes.entries()) {
    last = hash ?? last;
    layout.hash[position] = last;
    if (hash === undefined) continue;
    layout.workers[position] = makeWorker({name: String.fromCharCode(97 + position)});
  }
  return layout;
}

describe('a gap', () => {
  test.each([
    ['between its neighbours', [10, undefined, 20], 15, 'x', 1],
    ['before all', [undefined, 20], 5, 'x', 0],
    ['behind all', [20, undefined], 30, 'x', 1],
    ['of none', [undefined], 30, 'x', 0],
    ['in the middle of several', [10, undefined, undefined, undefined, 20], 15, 'x', 2],
    ['behind one of the same hash whose name is less', [20, undefined, 30], 20, 'x', 1],
    ['before one of the same hash whose name is greater', [undefined, 20], 20, 'A', 0],
    ['between two of the same hash', [20, undefined, 20], 20, 'b', 1],
  ])('%s', (_, hashes, hash, name, wanted) => {
    const layout = layoutOf(hashes);
    expect(findGap(layout, hash, name)).toBe(wanted);
    expect(layout.hash).toEqual(layout.hash.toSorted());
  });

  test.each([
    ['its neighbours stand side by side', [undefined, 10, 20, undefined], 15, 'x'],
    ['the first one stands first', [10, undefined], 5, 'x'],
    ['the last one stands last', [undefined, 10], 15, 'x'],
    ['those of the same hash stand side by side', [undefined, 20, 20, undefined], 20, 'bb'],
    ['there is no position', [], 20, 'x'],
  ])('is missing where %s', (_, hashes, hash, name) => {
    expect(findGap(layoutOf(hashes), hash, name)).toBe(-1);
  });

  test('workers that join one by one stand in the order of (hash, name)', () => {
    const joins = fc.array(
      fc.tuple(fc.nat({max: 9}), fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')),
      {
        maxLength: 20,
      },
    );
    fc.assert(
      fc.property(joins, fc.integer({min: 1, max: 40}), (list, positions) => {
        const layout = new Layout(positions);
        const joined: string[] = [];
        for (const [hash, letter] of list) {
          const name = `${letter}${joined.length}`;
          const gap = findGap(layout, hash, name);
          if (gap < 0) continue;
          expect(layout.workers[gap]).toBeUndefined();
          layout.workers[gap] = makeWorker({name});
          layout.hash[gap] = hash;
          joined.push(`${hash} ${name}`);
          expect(layout.hash).toEqual(layout.hash.toSorted());
        }
        const standing = [...layout.workers.keys()]
          .filter((position) => layout.workers[position])
          .map((position) => `${layout.hash[position]} ${layout.workers[position]!.name}`);
        expect(standing).toEqual(joined.toSorted());
        if (list.length > 0) expect(joined.length).toBeGreaterThan(0);
      }),
    );
  });

  test('the lower bound is the first that is not less', () => {
    expect(lowerBound(Uint32Array.of(1, 3, 3, 5), 3)).toBe(1);
    expect(lowerBound(Uint32Array.of(1, 3, 3, 5), 6)).toBe(4);
  });
});

describe('a layout', () => {
  test('knows what all workers have together, whoever came, changed or left', () => {
    const layout = new Layout(3);
    const write = (position: number, worker: WorkerOptions) =>
      layout.write(position, makeWorker(worker), {gpuStart: 0, pool: undefined});
    write(0, {cpuMillis: 1000, memoryBytes: 10, gpuCount: 2});
    write(1, {cpuMillis: 500, memoryBytes: 20});
    write(1, {cpuMillis: 700, memoryBytes: 30, gpuCount: 1});
    expect(layout.total).toEqual({cpuMillis: 1700, memoryBytes: 40, gpus: 3});
    expect(layout.workerCount).toBe(2);
    layout.clear(0);
    expect(layout.total).toEqual({cpuMillis: 700, memoryBytes: 30, gpus: 1});
    expect(layout.workerCount).toBe(1);
  });

  test('workers with the same GPUs are a group, of which there are at most 256', () => {
    const layout = new Layout(300);
    const groupOf = (position: number, gpuType: string, gpuCount = 1) => {
      layout.write(position, makeWorker({gpuType, gpuCount}), {gpuStart: 0, pool: undefined});
      return layout.gpuGroup[position];
    };
    expect(groupOf(0, 'T4')).toBe(0);
    expect(groupOf(1, 'T4', 2)).toBe(1);
    expect(groupOf(2, 'V100')).toBe(2);
    expect(groupOf(3, 'T4')).toBe(0);
    expect(layout.gpuGroups).toEqual([
      {gpuType: 'T4', gpuCount: 1},
      {gpuType: 'T4', gpuCount: 2},
      {gpuType: 'V100', gpuCount: 1},
    ]);
    for (let type = 3; type < 256; type++) expect(groupOf(type, `type-${type}`)).toBe(type);
    expect(groupOf(256, 'one more')).toBe(255);
    expect(layout.gpuGroups).toHaveLength(256);
  });

  test.each([
    ['cpu', {cpuMillis: 9000}, {cpuMillis: 9000}],
    ['memory', {memoryBytes: 2 ** 40}, {memoryBytes: 2 ** 40}],
    ['places for containers', {containers: 1000}, {}],
    ['GPUs', {gpuCount: 4}, {gpuCount: 4}],
    ['type of GPU', {gpuType: 'H100'}, {gpuCount: 1, gpuTypes: ['H100']}],
  ])('a worker with other %s is another one', (_, change, request) => {
    const table = tableOf([makeWorker({gpuCount: 2, containers: 0})]);
    table.snapshot();
    table.upsertWorker(makeWorker({gpuCount: 2, containers: 250, ...change}));
    expect(placedOn(table, request)).toBe('w-1');
    table.upsertWorker(makeWorker({gpuCount: 2, containers: 0}));
    expect(placedOn(table, request)).toBeUndefined();
  });

  test('another load bound of a pool counts at once', () => {
    const workers = [makeWorker({name: 'w-1'}), makeWorker({name: 'w-2'})];
    const table = tableOf(workers);
    const mostOnOne = () => {
      const {assigned} = place(makeRequests(20, {affinityKey: 'k'}), table.snapshot());
      const counts = Map.groupBy(assigned, ({workerName}) => workerName);
      return Math.max(...[...counts.values()].map((some) => some.length));
    };
    table.upsertPool({name: 'default', strategy: 'Spread', loadBound: 1});
    expect(mostOnOne()).toBe(10);
    table.upsertPool({name: 'default', strategy: 'Spread', loadBound: 1.5});
    expect(mostOnOne()).toBe(15);
    table.removePool('default');
    expect(mostOnOne()).toBe(12);
  });
});
