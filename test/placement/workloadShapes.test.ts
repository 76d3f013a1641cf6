import {describe, expect, test} from 'vitest';
import {type Shape, WorkloadShapes} from '../../src/placement/workloadShapes.ts';

const halves: Shape = {cpuMillis: 1000, gpuCount: 1, gpuMillis: 500, gpuTypes: []};
const wholes: Shape = {cpuMillis: 4000, gpuCount: 1, gpuMillis: 1000, gpuTypes: []};
const oddShare = (index: number): Shape => ({...halves, cpuMillis: 10_000 + index});

function counted(counts: readonly (readonly [shape: Shape, times: number])[]): WorkloadShapes {
  const workload = new WorkloadShapes();
  for (const [shape, times] of counts) {
    for (let time = 0; time < times; time++) workload.count(shape);
  }
  workload.review();
  return workload;
}

/** Thousandths that the typical shape loses of a cut device with so much left. */
const lostOf = (workload: WorkloadShapes, left: number) =>
  workload.fragmentation('T4').of({cpuMillis: 64_000, wholeGpus: 0, partials: [left]});

describe('the shapes of a workload', () => {
  test('until enough was taken, those of an unknown one count', () => {
    const unknown = new WorkloadShapes();
    expect(lostOf(counted([[halves, 255]]), 600)).toBe(lostOf(unknown, 600));
    expect(lostOf(counted([[halves, 256]]), 600)).toBe(0);
  });

  test('nothing changes before a review: the order between two of them does not matter', () => {
    const workload = new WorkloadShapes();
    for (let time = 0; time < 5000; time++) workload.count(halves);
    expect(workload.version).toBe(0);
    const [one, other] = [
      counted([
        [halves, 300],
        [wholes, 100],
      ]),
      counted([
        [wholes, 100],
        [halves, 300],
      ]),
    ];
    expect(lostOf(one, 600)).toBe(150);
    expect(lostOf(other, 600)).toBe(150);
  });

  test('a change of a tenth is none; of more, it is', () => {
    const workload = counted([[halves, 900]]);
    const before = workload.version;
    for (let time = 0; time < 99; time++) workload.count(wholes);
    for (let time = 0; time < 157; time++) workload.count(halves);
    workload.review();
    expect(workload.version).toBe(before);
    for (let time = 0; time < 256; time++) workload.count(wholes);
    workload.review();
    expect(workload.version).toBe(before + 1);
  });

  test('the typical ones are those that cover 95 %', () => {
    const rare: [Shape, number][] = Array.from({length: 4}, (_, index) => [oddShare(index), 1]);
    const workload = counted([[wholes, 380], ...rare]);
    // 380 of 384: the rare ones count for nothing, not even where they would run.
    expect(lostOf(workload, 999)).toBeCloseTo((999 * 380) / 384, 6);
  });

  test('of several the most frequent are the typical ones, in whatever order they came', () => {
    const shapes = [400, 500, 600, 700].map((gpuMillis) => ({...halves, gpuMillis}));
    const counts = [12, 90, 18, 180].map((times, index) => [shapes[index]!, times] as const);
    for (const list of [counts, counts.toReversed()]) {
      // 180, 90 and 18 of 300 are 96 %: the fourth shape, for which 450 would do, counts no more.
      const workload = counted(list);
      expect(lostOf(workload, 450)).toBeCloseTo((450 * 288) / 300, 6);
      expect(lostOf(workload, 650)).toBeCloseTo((650 * 180) / 300, 6);
    }
  });

  test('of equally frequent ones it is decided by what they are, not by who came first', () => {
    const shapes = [300, 310].map((gpuMillis) => ({...halves, gpuMillis}));
    const lists = [shapes, shapes.toReversed()].map((pair) =>
      counted([[wholes, 285], ...pair.map((shape) => [shape, 8] as const)]),
    );
    const [one, other] = lists.map((workload) => lostOf(workload, 305));
    expect(one).toBe(other);
  });

  test('exactly 95 % are enough', () => {
    const workload = counted([
      [wholes, 285],
      [halves, 15],
    ]);
    expect(lostOf(workload, 999)).toBeCloseTo((999 * 285) / 300, 6);
    expect(lostOf(workload, 499)).toBeCloseTo((499 * 285) / 300, 6);
  });

  test('GPU types of two shapes are told apart also where their texts run together', () => {
    const typed = (...gpuTypes: string[]): Shape => ({...halves, gpuTypes});
    const workload = counted([
      [typed('T', '4A'), 150],
      [typed('T4', 'A'), 150],
    ]);
    // T4 is of one of the two.
    expect(lostOf(workload, 600)).toBeCloseTo(300, 6);
  });

  test('what came long ago fades', () => {
    const workload = counted([[wholes, 60_000]]);
    for (let round = 0; round < 8; round++) {
      for (let time = 0; time < 40_000; time++) workload.count(halves);
      workload.review();
    }
    expect(lostOf(workload, 600)).toBeLessThan(600 * 0.05);
  });

  test('more shapes than are counted push out the rarest', () => {
    const flood: [Shape, number][] = Array.from({length: 5000}, (_, index) => [oddShare(index), 1]);
    expect(lostOf(counted([[wholes, 20_000], ...flood]), 999)).toBeGreaterThan(950);
  });

  test('a workload that was told stays as it was told', () => {
    const workload = new WorkloadShapes();
    workload.tell([halves]);
    for (let time = 0; time < 1000; time++) workload.count(wholes);
    workload.review();
    expect(lostOf(workload, 600)).toBe(0);
  });

  test('nothing told is nothing known', () => {
    const workload = new WorkloadShapes();
    workload.tell([]);
    expect(lostOf(workload, 600)).toBe(lostOf(new WorkloadShapes(), 600));
  });
});
