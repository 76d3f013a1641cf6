import type {Constraints} from '../../../src/api/constraints.ts';
import type {Demand} from '../../../src/api/resources.ts';
import {type Random, seededRandom} from '../../../src/lib/random.ts';
import type {PlacementRequest, PlacementWorker} from '../../../src/placement/plan.ts';
import {makeRequest, makeWorker} from '../builders.ts';
import {drawKeys, type Keying} from './keys.ts';
import {readShapes} from './shapes.ts';

/** Workers and requests that a figure is measured with; the same ones in every run. */
export interface Load {
  readonly name: string;
  readonly workers: readonly PlacementWorker[];
  readonly batch: readonly PlacementRequest[];
}

export type Size = readonly [workers: number, requests: number];
/** Of issue 5 and of PLACEMENT.md: ten requests a worker, or five. */
export const SIZES: readonly Size[] = [
  [20, 100],
  [40, 200],
  [1_000, 10_000],
  [10_000, 100_000],
];

const GIBIBYTE = 2 ** 30;

/** `count` workers of 64 cores and 256 GiB. */
export function cpuWorkers(count: number): PlacementWorker[] {
  const size = {cpuMillis: 64_000, memoryBytes: 256 * GIBIBYTE};
  return Array.from({length: count}, (_, index) => makeWorker({name: `cpu-${index}`, ...size}));
}

/** Requests for 2 cores and 4 GiB: `classes` sizes of it, keyed as told. */
export function spreadLoad([workers, requests]: Size, keying: Keying, classes = 1): Load {
  const keys = drawKeys(keying, requests, seededRandom(requests));
  const batch = keys.map((affinityKey, index) =>
    makeRequest({
      cpuMillis: 2_000 + (index % classes),
      memoryBytes: 4 * GIBIBYTE,
      ...(affinityKey !== undefined && {affinityKey}),
    }),
  );
  const name = `spread, ${keying}${classes > 1 ? `, ${classes} classes` : ''}`;
  return {name, workers: cpuWorkers(workers), batch: shareClasses(batch)};
}

/** Weighted as in the recorded cluster. */
const GPU_TYPES = ['G2', 'G2', 'G2', 'T4', 'T4', 'P100', 'V100M32'];

/**
 * `count` workers of 128 cores, 768 GiB and 8 GPUs. With constraints: 7 types of GPU, two pools,
 * labels, every tenth tainted, of a hundred two cordoned and two not ready.
 */
export function gpuWorkers(count: number, isConstrained: boolean): PlacementWorker[] {
  const size = {cpuMillis: 128_000, memoryBytes: 768 * GIBIBYTE, gpuCount: 8};
  return Array.from({length: count}, (_, index) => {
    const name = `gpu-${index}`;
    if (!isConstrained) return makeWorker({name, ...size});
    return makeWorker({
      name,
      ...size,
      gpuType: GPU_TYPES[index % GPU_TYPES.length]!,
      poolName: index % 5 === 0 ? 'research' : 'default',
      labels: {zone: 'abcd'[index % 4]!, generation: String(index % 3)},
      taints: index % 10 === 3 ? [{key: 'team', value: 'a', effect: 'NoSchedule'}] : [],
      unschedulable: index % 50 === 11,
      ready: index % 50 !== 37,
    });
  });
}

/** Of these each shape uses its own and none: twice as many classes as shapes. */
const CONSTRAINTS: readonly (Partial<Constraints> & Partial<Pick<Demand, 'gpuTypes'>>)[] = [
  {selector: {matchLabels: {zone: 'a'}}},
  {selector: {matchExpressions: [{key: 'generation', operator: 'Gt', values: ['0']}]}},
  {tolerations: [{key: 'team', operator: 'Exists'}]},
  {poolName: 'default'},
  {gpuTypes: ['T4', 'G2']},
  {
    poolName: 'default',
    selector: {matchExpressions: [{key: 'zone', operator: 'NotIn', values: ['d']}]},
    tolerations: [{key: 'team', value: 'a', effect: 'NoSchedule'}],
  },
];

/** Requests of real shapes at four priorities; half of them constrained if told so. */
export function packLoad([workers, requests]: Size, isConstrained: boolean): Load {
  const batch = drawPack(requests, isConstrained, seededRandom(requests));
  const name = isConstrained ? 'pack, real shapes, all constraints' : 'pack, real shapes';
  return {name, workers: gpuWorkers(workers, isConstrained), batch};
}

export function drawPack(
  count: number,
  isConstrained: boolean,
  random: Random,
): PlacementRequest[] {
  const {demands} = readShapes();
  const batch = Array.from({length: count}, (_, index) => {
    const at = Math.floor(random.next() * demands.length);
    const demand = demands[at]!;
    const own = CONSTRAINTS[(demand.cpuMillis / 1000 + demand.gpuMillis) % CONSTRAINTS.length];
    const isOwn = isConstrained && random.next() < 0.5;
    return makeRequest({...demand, ...(isOwn && own), priority: (index % 4) * 100});
  });
  return shareClasses(batch);
}

/** As parsing does it: equal requests have one demand, one set of constraints and one key. */
export function shareClasses(batch: readonly PlacementRequest[]): PlacementRequest[] {
  const known = new Map<string, PlacementRequest>();
  return batch.map((request) => {
    const first = known.get(request.classKey);
    if (!first) known.set(request.classKey, request);
    const {demand, constraints, classKey} = first ?? request;
    return {...request, demand, constraints, classKey};
  });
}

export function countClasses(batch: readonly PlacementRequest[]): number {
  return new Set(batch.map(({classKey}) => classKey)).size;
}
