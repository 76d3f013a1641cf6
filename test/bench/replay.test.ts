import {describe, expect, it} from 'vitest';
import {type PolicyName, policies, runOpenb} from '../../src/bench/openb.ts';
import type {Policy} from '../../src/bench/policy.ts';
import {replay} from '../../src/bench/replay.ts';
import {drawTrace, gpuMillisOf, type Trace} from '../../src/bench/trace.ts';
import {makeCapacity, makeDemand, times} from './traces.ts';

const all = Object.keys(policies) as PolicyName[];

function allocated(
  trace: Pick<Trace, 'workers' | 'arrivals'>,
  policy: PolicyName,
  batch = 1,
): readonly number[] {
  const clusterGpuMillis = trace.workers.reduce((sum, {gpuCount}) => sum + gpuCount * 1000, 0);
  const whole = {...trace, clusterGpuMillis, list: trace.arrivals};
  return replay(whole, policies[policy], batch).curve.map((value) => Number(value.toFixed(4)));
}

describe.each(all)('a replay under policy %s', (policy) => {
  const whole = times(13, makeDemand());

  it('fills ten GPUs with ten pods and loses the three after them', () => {
    const workers = times(10, makeCapacity());
    expect(allocated({workers, arrivals: whole}, policy)).toEqual([90, 100, 100, 100]);
  });

  it('stops where the CPU ends, with two GPUs stranded', () => {
    const workers = [makeCapacity({gpuCount: 10, cpuMillis: 8_999})];
    expect(allocated({workers, arrivals: whole}, policy)).toEqual([80, 80, 80, 80]);
  });

  it('stops where the memory ends', () => {
    const workers = [makeCapacity({gpuCount: 10, memoryBytes: 7 * 2 ** 30})];
    expect(allocated({workers, arrivals: whole}, policy)).toEqual([70, 70, 70, 70]);
  });

  it('gives a pod only a model that it accepts', () => {
    const workers = [...times(5, makeCapacity()), ...times(5, makeCapacity({gpuType: 'G2'}))];
    const arrivals = times(13, makeDemand({gpuTypes: ['A10', 'G2']}));
    expect(allocated({workers, arrivals}, policy)).toEqual([50, 50, 50, 50]);
  });

  it('never splits a share over two devices', () => {
    const workers = [makeCapacity({gpuCount: 6})];
    const arrivals = times(13, makeDemand({gpuMillis: 600}));
    // One of 600 a device: six of them are 3,600 of 6,000 milli, whatever is offered after them.
    expect(allocated({workers, arrivals}, policy)).toEqual([60, 60, 60, 60]);
  });

  it('reads a load as the mean over the arrivals that round to it', () => {
    const arrivals = times(325, makeDemand({gpuMillis: 4, cpuMillis: 0, memoryBytes: 0}));
    // 0.4 % each: at 99.6, 100.0 and 100.4 % there are 99.6, 100 and 100 % allocated.
    const at100 = Number(((99.6 + 100 + 100) / 3).toFixed(4));
    expect(allocated({workers: [makeCapacity()], arrivals}, policy)).toEqual([90, at100, 100, 100]);
  });

  it('reads a load that no arrival hits from its neighbours', () => {
    const workers = [makeCapacity()];
    const arrivals = [890, 20, 200, 185].map((gpuMillis) =>
      makeDemand({gpuMillis, cpuMillis: 0, memoryBytes: 0}),
    );
    // 89, 91, 111 and 129.5 % offered; the last two have no room.
    expect(allocated({workers, arrivals}, policy)).toEqual([90, Number.NaN, 91, 91]);
  });

  it('has no figure at a load that no arrival comes near', () => {
    const curve = allocated({workers: [makeCapacity()], arrivals: [makeDemand()]}, policy);
    expect(curve).toEqual([Number.NaN, 100, Number.NaN, Number.NaN]);
  });

  it('gives equally good workers out in the order of the trace', () => {
    const {workers, arrivals} = drawTrace(times(40, makeCapacity()), times(40, makeDemand()), 1);
    const one = policies[policy]({workers, arrivals, clusterGpuMillis: 40_000, list: arrivals});
    const order = Array.from({length: 40}, (_, arrival) => one.place(arrival, arrival + 1)[0]);
    expect(order.map((placement) => placement?.worker)).toEqual([...workers.keys()]);
  });
});

it('fills the same in batches of any size where all pods are alike', () => {
  const trace = {workers: times(10, makeCapacity()), arrivals: times(13, makeDemand())};
  for (const batch of [1, 2, 5, 13, 100]) {
    expect(allocated(trace, 'berth', batch)).toEqual([90, 100, 100, 100]);
  }
});

it('best fit takes the worker that keeps least, and of its devices the fullest', () => {
  const workers = [
    makeCapacity({gpuCount: 2}),
    makeCapacity({gpuCount: 2, cpuMillis: 50_000}),
    makeCapacity({gpuCount: 2, cpuMillis: 50_000, memoryBytes: 0}),
  ];
  const shares = [300, 600, 500, 400, 1000];
  const arrivals = shares.map((gpuMillis) => makeDemand({gpuMillis}));
  const trace = {workers, arrivals, clusterGpuMillis: 6_000, list: arrivals};
  const placed = policies.bestfit(trace).place(0, arrivals.length);
  expect(placed.map(({worker, gpuDevices}) => [worker, ...gpuDevices])).toEqual([
    [1, 0],
    [1, 0],
    [1, 1],
    [1, 1],
    [0, 0],
  ]);
});

describe('a trace', () => {
  const list = [
    ...times(4, makeDemand()),
    ...times(4, makeDemand({gpuMillis: 300})),
    ...times(4, makeDemand({gpuCount: 0, gpuMillis: 0})),
  ];
  const total = (demands: readonly (typeof list)[number][]) =>
    demands.reduce((sum, demand) => sum + gpuMillisOf(demand), 0);

  it('holds every pod of the list once, then again until 130 % are asked for', () => {
    const {arrivals} = drawTrace(times(20, makeCapacity()), list, 42);
    const inOrder = (demands: readonly (typeof list)[number][]) =>
      demands.map((demand) => JSON.stringify(demand)).sort();
    expect(inOrder(arrivals.slice(0, list.length))).toEqual(inOrder(list));
    expect(total(arrivals)).toBeLessThanOrEqual(26_000);
    expect(total(arrivals)).toBeGreaterThan(25_000);
  });

  it('loses random pods of a list that asks for more', () => {
    const lost = [1, 2, 3].map((seed) => {
      const {arrivals} = drawTrace(times(3, makeCapacity()), list, seed);
      expect(total(arrivals)).toBeLessThanOrEqual(3_900);
      expect(total(arrivals)).toBeGreaterThan(2_900);
      return arrivals.filter(({gpuCount}) => gpuCount === 0).length;
    });
    expect(lost.some((count) => count < 4)).toBe(true);
  });

  it('repeats from its seed, and no other seed gives it', () => {
    const cluster = Array.from({length: 20}, (_, index) => makeCapacity({cpuMillis: index}));
    expect(drawTrace(cluster, list, 42)).toEqual(drawTrace(cluster, list, 42));
    expect(drawTrace(cluster, list, 42)).not.toEqual(drawTrace(cluster, list, 43));
  });

  it.each([
    ['its nodes have no GPUs', [makeCapacity({gpuCount: 0})], list, /as its nodes must have GPUs/],
    [
      'its pods ask for none',
      [makeCapacity()],
      [makeDemand({gpuCount: 0, gpuMillis: 0})],
      /as its pods must ask for GPUs/,
    ],
    [
      'its pods ask for so little that it would not end',
      times(1000, makeCapacity({gpuCount: 8})),
      [makeDemand({gpuMillis: 1}), ...times(9, makeDemand({gpuCount: 0, gpuMillis: 0}))],
      /must reach 130 % of the GPUs within 2000000 arrivals/,
    ],
  ])('is refused when %s', (_, cluster, pods, message) => {
    expect(() => drawTrace(cluster, pods, 42)).toThrow(message);
  });
});

describe('a recount', () => {
  const workers = [makeCapacity({gpuCount: 2, cpuMillis: 3_000}), makeCapacity({gpuType: 'G2'})];
  const arrivals = [
    makeDemand({gpuMillis: 600}),
    makeDemand({gpuMillis: 600}),
    makeDemand({gpuTypes: ['G2']}),
    makeDemand({gpuCount: 0, gpuMillis: 0, cpuMillis: 2_500}),
    makeDemand({gpuCount: 0, gpuMillis: 0, memoryBytes: 2 ** 50}),
  ];
  const trace = {workers, arrivals, clusterGpuMillis: 3_000, list: arrivals};
  const put = (arrival: number, worker: number, ...gpuDevices: number[]) => ({
    arrival,
    worker,
    gpuDevices,
  });
  const planned = (...placements: ReturnType<typeof put>[]): (() => unknown) => {
    const policy: Policy = {place: (first) => (first === 0 ? placements : [])};
    return () => replay(trace, () => policy, arrivals.length);
  };

  it('finds nothing where all is well', () => {
    expect(planned(put(0, 0, 0), put(1, 0, 1), put(2, 1, 0))).not.toThrow();
  });

  it.each([
    [
      'a device that gives too much',
      [put(0, 0, 1), put(1, 0, 1)],
      /device 1 of worker 0 gives 1200/,
    ],
    ['a negative CPU', [put(0, 0, 0), put(3, 0)], /worker 0 has -500 cpu milli left/],
    ['a negative memory', [put(4, 0)], /worker 0 has -\d+ bytes left/],
    ['a model that was not asked for', [put(2, 0, 0)], /arrival 2 wanted G2: has T4/],
    ['a device too few', [put(0, 0)], /arrival 0 wanted 1 devices: has/],
    ['a device too many', [put(0, 0, 0, 1)], /arrival 0 wanted 1 devices: has 0,1/],
    ['a device that does not exist', [put(0, 0, 2)], /worker 0 has no device 2/],
    ['a request twice', [put(0, 0, 0), put(0, 0, 1)], /arrival 0 was placed twice/],
    ['a worker that does not exist', [put(0, 7, 0)], /arrival 0 is on worker 7/],
  ])('finds %s', (_, placements, message) => {
    expect(planned(...placements)).toThrow(message);
  });
});

it('a run names list and seed in what it throws', () => {
  const run = () =>
    runOpenb({
      cluster: [makeCapacity({gpuCount: 0})],
      lists: [{name: 'a.csv', demands: [makeDemand()]}],
      seeds: [42],
      batches: [1],
      policies: ['berth'],
      progress: () => {},
    });
  expect(run).toThrow(/^a\.csv with seed 42: Cannot replay a trace as its nodes must have GPUs/);
});

it('means and deviations are those of the sample of seeds', () => {
  const at100 = (...seeds: number[]) => {
    const [figures] = runOpenb({
      cluster: times(7, makeCapacity({gpuCount: 4})),
      lists: [
        {name: 'a.csv', demands: [300, 400, 700].map((gpuMillis) => makeDemand({gpuMillis}))},
      ],
      seeds,
      batches: [1],
      policies: ['bestfit'],
      progress: () => {},
    });
    return figures!.allocated[1]!;
  };
  const one = at100(1).mean;
  const other = at100(2).mean;
  expect(one).not.toBe(other);
  expect(at100(1, 2).mean).toBeCloseTo((one + other) / 2, 9);
  expect(at100(1, 2).sd).toBeCloseTo(Math.abs(one - other) / Math.SQRT2, 9);
});
