import {describe, expect, it} from 'vitest';
import {createPlacer, prepareRequest} from '../../src/placement/placer.ts';

const MEBIBYTE = 2 ** 20;
const demand = {cpuMillis: 500, memoryBytes: 64 * MEBIBYTE};

function placerOfOneWorker(cpuMillis: number) {
  const placer = createPlacer();
  placer.upsertWorker({name: 'w-1', capacity: {cpuMillis, memoryBytes: 1024 * MEBIBYTE}});
  return placer;
}

describe('a placer', () => {
  it('changes nothing by deciding', () => {
    const placer = placerOfOneWorker(500);
    const requests = [prepareRequest({uid: 'a', demand})];
    expect(placer.place(requests).assigned).toEqual(placer.place(requests).assigned);
    expect(placer.place(requests).assigned).toHaveLength(1);
  });

  it('holds what was taken until it is released', () => {
    const placer = placerOfOneWorker(500);
    placer.take(placer.place([prepareRequest({uid: 'a', demand})]).assigned);
    const other = [prepareRequest({uid: 'b', demand})];
    expect(placer.place(other).unplaced[0]?.verdict.message).toBe(
      '0/1 workers fit: 1 insufficient cpu.',
    );
    expect(placer.release('a')).toBe(true);
    expect(placer.release('a')).toBe(false);
    expect(placer.place(other).assigned).toHaveLength(1);
  });

  it('gives back the very objects of the caller', () => {
    const request = {...prepareRequest({uid: 'a', demand}), sandbox: 17};
    expect(placerOfOneWorker(500).place([request]).assigned[0]?.request).toBe(request);
  });

  it('remembers what runs on a worker that left and came back', () => {
    const placer = placerOfOneWorker(500);
    placer.take([{request: prepareRequest({uid: 'a', demand}), workerName: 'w-1', gpuDevices: []}]);
    placer.removeWorker('w-1');
    placer.upsertWorker({name: 'w-1', capacity: {cpuMillis: 500, memoryBytes: MEBIBYTE * 1024}});
    expect(placer.place([prepareRequest({uid: 'b', demand})]).assigned).toHaveLength(0);
  });

  it.each([
    ['a uid that holds a worker already is placed', 'place'],
    ['a uid that holds a worker already is taken', 'take'],
  ] as const)('stops when %s', (_, call) => {
    const placer = placerOfOneWorker(4000);
    const request = prepareRequest({uid: 'a', demand});
    const {assigned} = placer.place([request]);
    placer.take(assigned);
    const again = {place: () => placer.place([request]), take: () => placer.take(assigned)};
    expect(again[call]).toThrow(/request a .*holds a worker already/);
  });

  it('follows the strategy of a pool', () => {
    const placer = placerOfOneWorker(4000);
    placer.upsertWorker({name: 'w-2', capacity: {cpuMillis: 4000, memoryBytes: 1024 * MEBIBYTE}});
    const requests = ['a', 'b'].map((uid) => prepareRequest({uid, demand}));
    const workers = () =>
      new Set(placer.place(requests).assigned.map((one) => one.workerName)).size;
    expect(workers()).toBe(2);
    placer.upsertPool({name: 'default', strategy: 'Pack', loadBound: 1.25});
    expect(workers()).toBe(1);
    placer.removePool('default');
    expect(workers()).toBe(2);
  });
});

describe('prepareRequest', () => {
  it.each([
    ['nothing of GPUs', {}, {gpuCount: 0, gpuMillis: 0}],
    ['whole GPUs', {gpuCount: 2}, {gpuCount: 2, gpuMillis: 1000}],
    ['a share of one', {gpuMillis: 250}, {gpuCount: 1, gpuMillis: 250}],
  ])('completes a demand that says %s', (_, gpu, wanted) => {
    expect(prepareRequest({uid: 'a', demand: {...demand, ...gpu}}).demand).toMatchObject(wanted);
  });

  it('gives requests with equal demand and constraints one class', () => {
    const constraints = {poolName: 'gpu'};
    const [first, second, third] = [
      prepareRequest({uid: 'a', demand, constraints, priority: 5}),
      prepareRequest({uid: 'b', demand: {...demand}, constraints: {...constraints}}),
      prepareRequest({uid: 'c', demand}),
    ];
    expect(first.classKey).toBe(second.classKey);
    expect(first.classKey).not.toBe(third.classKey);
  });

  it.each([
    ['cpuMillis', {uid: 'a', demand: {...demand, cpuMillis: Number.NaN}}],
    ['memoryBytes', {uid: 'a', demand: {...demand, memoryBytes: -1}}],
    ['gpuMillis', {uid: 'a', demand: {...demand, gpuCount: 2, gpuMillis: 500}}],
    ['priority', {uid: 'a', demand, priority: 1001}],
  ])('refuses a wrong %s and names it', (field, options) => {
    expect(() => prepareRequest(options)).toThrow(new RegExp(`${field} of request a`));
  });
});
