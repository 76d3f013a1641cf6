import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {Fragmentation} from '../../src/placement/fragmentation.ts';
import type {Shape} from '../../src/placement/workloadShapes.ts';
import {byDefinition} from './fragmentationByDefinition.ts';

const cpus = fc.constantFrom(0, 500, 2000, 2001, 4000, 16_000);
const parts = fc.constantFrom(1, 100, 250, 499, 500, 501, 999);
const share = fc.record({
  gpuCount: fc.constant(1),
  gpuMillis: fc.constantFrom(100, 250, 500, 999),
});
const wholes = fc.record({gpuCount: fc.integer({min: 1, max: 20}), gpuMillis: fc.constant(1000)});
const nothing = fc.constant({gpuCount: 0, gpuMillis: 0});
const types = fc.constantFrom<string[]>([], ['T4'], ['A100'], ['T4', 'A100']);
const shapes = fc
  .tuple(fc.oneof(share, wholes, nothing), cpus, types)
  .map(([gpus, cpuMillis, gpuTypes]): Shape => ({...gpus, cpuMillis, gpuTypes}));
const typicals = fc.array(fc.record({shape: shapes, share: fc.integer({min: 1, max: 9})}), {
  maxLength: 12,
});
const states = fc.record({
  cpuMillis: cpus,
  wholeGpus: fc.integer({min: 0, max: 24}),
  partials: fc.array(parts, {maxLength: 4}),
});

describe('fragmentation', () => {
  test('is the sum of the definition, for any shapes and any state', () => {
    fc.assert(
      fc.property(typicals, states, fc.constantFrom('T4', 'A100'), (typical, state, gpuType) => {
        const wanted = byDefinition(gpuType, state, typical);
        expect(new Fragmentation(gpuType, typical).of(state)).toBeCloseTo(wanted, 6);
      }),
      {numRuns: 2000},
    );
  });

  test('a definition that forgets the number of GPUs is told apart', () => {
    const typical = [{shape: {...bare, gpuCount: 2, gpuMillis: 1000}, share: 1}];
    const state = {cpuMillis: 8000, wholeGpus: 1, partials: []};
    const forgetful = byDefinition('T4', state, typical, () => true);
    expect(new Fragmentation('T4', typical).of(state)).not.toBeCloseTo(forgetful, 6);
  });

  test('is the mean over the typical shapes, by their share', () => {
    const typical = [
      {shape: {...bare, gpuMillis: 500}, share: 0.25},
      {shape: {...bare, cpuMillis: 9000}, share: 0.5},
    ];
    const state = {cpuMillis: 8000, wholeGpus: 2, partials: [400]};
    expect(new Fragmentation('T4', typical).of(state)).toBe(0.25 * 400 + 0.5 * 2400);
  });

  const cases = [
    {name: 'nothing is lost on what fits', shape: {}, state: {}, lost: 0},
    {name: 'all of it without enough cpu', shape: {cpuMillis: 8001}, state: {}, lost: 2300},
    {name: 'all of it for another type', shape: {gpuTypes: ['A100']}, state: {}, lost: 2300},
    {name: 'all of it for what wants no GPU', shape: {gpuCount: 0, gpuMillis: 0}, lost: 2300},
    {name: 'all of it with too few whole ones', shape: {gpuCount: 3, gpuMillis: 1000}, lost: 2300},
    {name: 'nothing where cpu just suffices', shape: {cpuMillis: 8000}, lost: 0},
    {name: 'nothing where the type is one of many', shape: {gpuTypes: ['A100', 'T4']}, lost: 0},
    {name: 'nothing where there are none', state: {wholeGpus: 0, partials: []}, lost: 0},
    {name: 'the cut one for whole GPUs', shape: {gpuMillis: 1000}, lost: 300},
    {name: 'the cut one for a larger share', shape: {gpuMillis: 301}, lost: 300},
  ];
  test.each(cases)('$name', ({shape, state, lost}) => {
    const fragmentation = new Fragmentation('T4', [{shape: {...bare, ...shape}, share: 1}]);
    const worker = {cpuMillis: 8000, wholeGpus: 2, partials: [300], ...state};
    expect(fragmentation.of(worker)).toBe(lost);
  });
});

const bare: Shape = {cpuMillis: 1000, gpuCount: 1, gpuMillis: 300, gpuTypes: []};
